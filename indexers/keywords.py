"""The few words that say most about a passage: what an economy index with a keyword limit holds of it.

A term's weight is how often the passage has it × how rare it is in the language at large (TF-IDF with a given IDF,
so a passage's keywords do not change with its neighbours).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from indexers.background import background_weights

if TYPE_CHECKING:
    from knowledge.protocols import Analyzer

_ALPHANUMERIC: Final = re.compile(r"[0-9A-Za-z]+")
_SPACED: Final = re.compile(r"[0-9A-Za-z](?:[!-~]*[0-9A-Za-z+#])?")


def keywords(analyzer: Analyzer, text: str, number: int) -> tuple[str, ...]:
    """The `number` words of most weight as people write them, heaviest first, ties in order of occurrence.

    Of each stem the spelling that the text uses most; what is part of a chosen word (25 of BM25) is not chosen
    again. Text in scripts that are written without spaces and have no dictionary gives pairs of characters.
    """
    spellings = _spellings(analyzer, text)
    chosen: list[str] = []
    covered: set[str] = set()
    for term in _by_weight(analyzer, text):
        if len(chosen) == number:
            break
        if term not in covered:
            # What stands for a phrase of the vocabulary is written with = for the spaces (indexers/vocabulary.py).
            spelling = spellings.get(term) or term.replace("=", " ").strip()
            covered.update([term], *analyzer.document_terms(spelling))
            chosen.append(spelling)
    return tuple(chosen)


def _by_weight(analyzer: Analyzer, text: str) -> list[str]:
    words, bigrams = analyzer.document_terms(text)
    counts = Counter(words or bigrams)
    rarity = background_weights(counts)
    return sorted(counts, key=lambda term: -counts[term] * rarity[term])


def keyword_terms(analyzer: Analyzer, text: str, chosen: Iterable[str]) -> tuple[list[str], list[str]]:
    """(words, bigrams) to index of a passage with these keywords: every occurrence in `text` of their terms.

    A keyword that the text does not hold, written by a person, counts as if it stood at the end of the text.
    """
    words, bigrams = analyzer.document_terms(text)
    present, kept = {*words, *bigrams}, set[str]()
    for keyword in chosen:
        its_words, its_bigrams = analyzer.document_terms(keyword)
        kept.update(its_words, its_bigrams)
        if not present.issuperset(its_words or its_bigrams):
            words, bigrams = words + its_words, bigrams + its_bigrams
    return [term for term in words if term in kept], [term for term in bigrams if term in kept]


def _spellings(analyzer: Analyzer, text: str) -> dict[str, str]:
    """Term → how the text spells it, where the two may differ: plain words first, then what joins several."""
    spellings: dict[str, str] = {}
    for pattern in (_ALPHANUMERIC, _SPACED):
        for spelling, _ in Counter(pattern.findall(text)).most_common():
            for term in analyzer.document_terms(spelling)[0][:1]:
                spellings.setdefault(term, spelling)
    return spellings
