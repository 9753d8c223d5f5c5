"""How rare a term is in the language at large, whatever the passages of one knowledge base happen to hold.

`english.txt` holds the common stems of English and their occurrences among ten million words, for terms as
`StandardAnalyzer` makes them (`python -m benchmarks.background` remakes it). Chinese words are looked up in
the dictionary that segments them.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache
from math import expm1, log, log1p
from pathlib import Path
from typing import Final

from indexers.dictionary import TOTAL, WORDS, Dictionary

ENGLISH_STEMS: Final = Path(__file__).with_name("english.txt")
ENGLISH_TOTAL: Final = 10_000_000

PASSAGE_WORDS: Final = 100
"""Of how many words the passages are that a term is rare in: an ordinary paragraph."""
RAREST: Final = 1e-6
"""Share of all words. What is rarer, or unknown, is taken to be this rare: below it counts say little."""
NUMBERS: Final = 0.01
"""Share of all words that are numbers, spread evenly over the numbers of as many digits."""

_CACHED_TERMS: Final = 100_000


def background_weights(terms: Iterable[str]) -> dict[str, float]:
    """Term → −ln of the chance that a passage of 100 words of the language holds it: 0 to 9.2 nats.

    9.2 for what no table knows: names, codes, rare words and terms of other languages.
    """
    return {term: _weight(term) for term in terms}


def passage_idf(share: float) -> float:
    """−ln(1 − (1 − f)^L) for a word that is the share f of all words, in passages of L words drawn at random."""
    return -log(-expm1(PASSAGE_WORDS * log1p(-max(share, RAREST))))


@lru_cache(_CACHED_TERMS)
def _weight(term: str) -> float:
    return passage_idf(_share(term))


def _share(term: str) -> float:
    if term.isdecimal():
        return NUMBERS / 10.0 ** len(term)
    if term.isascii():
        return _dictionary(ENGLISH_STEMS).frequency(term) / ENGLISH_TOTAL
    return _dictionary(WORDS).frequency(term) / TOTAL


_dictionary = cache(Dictionary)
