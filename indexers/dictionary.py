"""Chinese words of a short text, straight from a sorted file: what `rjieba` finds, without its start-up.

rjieba builds its dictionary in memory, a tenth of a second that a single question should not wait for. Here the
dictionary stays on disk and a question looks up the few pieces that it needs.
"""

from __future__ import annotations

import mmap
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from math import log
from pathlib import Path
from typing import Final

WORDS: Final = Path(__file__).with_name("words.txt")
"""One word and its frequency a line, sorted by bytes: jieba's dictionary, its Chinese words."""

TOTAL: Final = 60_101_967
"""Sum of the frequencies of jieba's whole dictionary."""
_LOG_TOTAL: Final = log(TOTAL)
_CACHED_PIECES: Final = 50_000

Further = Mapping[int, Sequence[tuple[int, float]]]
"""Words besides those of the file: start → (end, logarithm of the probability) of each that begins there."""
_NONE: Final[Further] = {}


class Dictionary:
    """Segments runs of Chinese characters like `rjieba.cut(run, False)`."""

    def __init__(self, path: Path = WORDS) -> None:
        self._path = path
        self._look_up = lru_cache(_CACHED_PIECES)(self._read)

    @cached_property
    def _lines(self) -> mmap.mmap:
        with self._path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def cut(self, run: str, further: Further = _NONE) -> list[str]:
        """The most probable words: the path through the run whose frequencies multiply to the most."""
        best = self._best_paths(run, further)
        words = []
        start = 0
        while start < len(run):
            end = best[start][1]
            words.append(run[start:end])
            start = end
        return words

    def log_probability(self, run: str, further: Further = _NONE) -> float:
        """Of the words that `cut` gives."""
        return self._best_paths(run, further)[0][0]

    def frequency(self, word: str) -> int:
        """How often the texts behind the file hold `word`; 0 when the file does not have it."""
        return self._look_up(word, 0)[1]

    def _best_paths(self, run: str, further: Further) -> list[tuple[float, int]]:
        """(logarithm of the probability, end of the first word) of the best path from each start to the end."""
        best: list[tuple[float, int]] = [(0.0, 0)] * (len(run) + 1)
        for start in range(len(run) - 1, -1, -1):
            known = ((end, log(frequency) - _LOG_TOTAL) for end, frequency in self._words_at(run, start))
            best[start] = max(
                (weight + best[end][0], end) for end, weight in (*known, *further.get(start, ()))
            )
        return best

    def _words_at(self, run: str, start: int) -> list[tuple[int, int]]:
        """(end, frequency) of the words that begin at `start`; a single character always does."""
        found = []
        at = 0
        for end in range(start + 1, len(run) + 1):
            at, frequency = self._look_up(run[start:end], at)
            if at < 0:
                break
            if frequency:
                found.append((end, frequency))
        return found if found and found[0][0] == start + 1 else [(start + 1, 1), *found]

    def _read(self, piece: str, low: int) -> tuple[int, int]:
        """(where the words that begin with `piece` begin, its own frequency); -1 and 0 when there are none."""
        encoded = piece.encode()
        at = self._first_line_from(encoded, low)
        line = self._lines[at : self._lines.find(b"\n", at)]
        if not line.startswith(encoded):
            return -1, 0
        word, _, frequency = line.partition(b" ")
        return at, (int(frequency) or 1) if word == encoded else 0

    def _first_line_from(self, piece: bytes, low: int) -> int:
        """Where the first line whose word is not less than `piece` begins."""
        lines, high = self._lines, len(self._lines)
        while low < high:
            middle = (low + high) // 2
            begin = lines.rfind(b"\n", 0, middle) + 1
            end = lines.find(b"\n", middle) + 1
            if lines[begin : end - 1].partition(b" ")[0] < piece:
                low = end
            else:
                high = begin
        return low
