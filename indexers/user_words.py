"""Words that a knowledge base adds to the dictionary of Chinese: kept whole where the rest of the run allows it.

An added word is as probable as the words that it would otherwise fall into, and a trifle more, as jieba
suggests the frequency of new words. So 年假 is one word in 带薪年假, and 今年假期 stays 今年 and 假期.

The runs that hold such a word are segmented here, not by rjieba, whose dictionary belongs to the whole process.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from indexers.dictionary import Further
from indexers.segmenter import DICTIONARY

_TRIFLE: Final = 1e-6
"""Of the logarithm of a probability: more than adding loses to rounding, too little to change anything else."""


class UserWords:
    """Finds added words in runs of characters without spaces."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(words)
        self._lengths: dict[str, list[int]] = {}
        self._weights: dict[str, float] = {}
        for first, length in sorted({(word[0], len(word)) for word in self._words}, reverse=True):
            self._lengths.setdefault(first, []).append(length)

    def __contains__(self, word: object) -> bool:
        return word in self._words

    def cut(self, run: str) -> list[str]:
        """The words of `run`, which joined are `run`; none when no added word occurs in it."""
        further = self._within(run, len(run))
        return DICTIONARY.cut(run, further) if further else []

    def _within(self, run: str, longest: int) -> Further:
        """Added words of at most `longest` characters, by where they begin."""
        found: dict[int, list[tuple[int, float]]] = {}
        for start, character in enumerate(run):
            for length in self._lengths.get(character, ()):
                word = run[start : start + length]
                if len(word) == length <= longest and word in self._words:
                    found.setdefault(start, []).append((start + length, self._weight(word)))
        return found

    def _weight(self, word: str) -> float:
        if word not in self._weights:
            parts = self._within(word, len(word) - 1)
            self._weights[word] = DICTIONARY.log_probability(word, parts) + _TRIFLE
        return self._weights[word]
