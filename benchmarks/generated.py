"""A made-up library of any size: the same texts, metadata and questions on every machine.

Words follow Zipf's law, as in languages: a few are in nearly every text, most are in hardly any. Half of the
texts are Chinese, of dictionary words; half are made-up words between English function words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from indexers.dictionary import WORDS
from indexers.stop_words import CHINESE, ENGLISH
from knowledge.filters import Condition

if TYPE_CHECKING:
    import numpy.typing as npt

VOCABULARY: Final = 50_000
"""Words of each language."""
WORDS_OF_A_TEXT: Final = (50, 150)
WORDS_OF_A_QUESTION: Final = (3, 12)
SELECTIVE: Final[Mapping[str, Condition]] = {
    "0.1 %": Condition("shelf", "=", 7.0),
    "2 %": Condition("year", "=", 2007.0),
    "50 %": Condition("binding", "=", 1.0),
}
"""Share of the library → the condition that it fulfils."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Texts and the metadata of each, of which `SELECTIVE` names conditions."""

    texts: list[str]
    metadata: list[dict[str, float]]


def library(size: int) -> Library:
    """`size` texts of about a hundred words each."""
    draw = np.random.default_rng(size)
    at = draw.permutation(size)
    return Library(
        texts=_texts(draw, size, WORDS_OF_A_TEXT, first=0),
        metadata=[
            {"shelf": float(n % 1000), "year": float(1990 + n % 50), "binding": float(n % 2)} for n in at
        ],
    )


def questions(count: int) -> list[str]:
    """`count` questions in words of the library's languages, function words left out."""
    return _texts(np.random.default_rng(count), count, WORDS_OF_A_QUESTION, first=_function_words())


def _texts(draw: np.random.Generator, count: int, lengths: tuple[int, int], *, first: int) -> list[str]:
    """Texts of the languages in turn, of words from rank `first` on."""
    sizes = draw.integers(*lengths, size=count, endpoint=True)
    ranks = first + draw.choice(VOCABULARY - first, size=int(sizes.sum()), p=_zipf(first))
    written = []
    for number, places in enumerate(np.split(ranks, np.cumsum(sizes)[:-1])):
        words, space = _languages()[number % 2]
        written.append(space.join([words[rank] for rank in places]))
    return written


def _zipf(first: int) -> npt.NDArray[np.float64]:
    """A word is as frequent as its rank is low (Zipf, 1949)."""
    shares = 1 / np.arange(first + 1, VOCABULARY + 1)
    normalised: npt.NDArray[np.float64] = shares / shares.sum()
    return normalised


@cache
def _languages() -> tuple[tuple[list[str], str], tuple[list[str], str]]:
    """The words of each language, most frequent first, and what stands between two of them."""
    made_up = (_made_up(number) for number in range(VOCABULARY))
    counted = [line.split() for line in WORDS.read_text(encoding="utf-8").splitlines()]
    by_frequency = [word for word, _ in sorted(counted, key=lambda line: -int(line[1]))]
    return (
        ([*sorted(ENGLISH), *made_up][:VOCABULARY], " "),
        ([*sorted(CHINESE), *(word for word in by_frequency if word not in CHINESE)][:VOCABULARY], ""),
    )


def _function_words() -> int:
    return max(len(ENGLISH), len(CHINESE))


def _made_up(number: int) -> str:
    """A word of syllables, a short one for a small number."""
    consonants, vowels = "bdfgklmnprstvz", "aeiou"
    syllables = [consonant + vowel for vowel in vowels for consonant in consonants]
    word = ""
    while True:
        number, syllable = divmod(number, len(syllables))
        word = syllables[syllable] + word
        if number == 0:
            return f"{word}n"
        number -= 1
