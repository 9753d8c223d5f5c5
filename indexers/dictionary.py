"""Chinese words of a short text, straight from a sorted file: what `rjieba` finds, without its start-up.

rjieba builds its dictionary in memory, a tenth of a second that a single question should not wait for. Here the
dictionary stays on disk and a question looks up the few pieces that it needs.
"""

from __future__ import annotations

import mmap
from functools import cached_property
from math import log
from pathlib import Path
from typing import Final

WORDS: Final = Path(__file__).with_name("words.txt")
"""One word and its frequency a line, sorted by bytes: jieba's dictionary, its Chinese words."""

_TOTAL: Final = log(60_101_967)
"""Sum of the frequencies of jieba's whole dictionary."""


class Dictionary:
    """Segments runs of Chinese characters like `rjieba.cut(run, False)`."""

    def __init__(self, path: Path = WORDS) -> None:
        self._path = path

    @cached_property
    def _lines(self) -> mmap.mmap:
        with self._path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def cut(self, run: str) -> list[str]:
        """The most probable words: the path through the run whose frequencies multiply to the most."""
        best: list[tuple[float, int]] = [(0.0, 0)] * (len(run) + 1)
        for start in range(len(run) - 1, -1, -1):
            best[start] = max(
                (log(frequency) - _TOTAL + best[end][0], end) for end, frequency in self._words_at(run, start)
            )
        words = []
        start = 0
        while start < len(run):
            end = best[start][1]
            words.append(run[start:end])
            start = end
        return words

    def _words_at(self, run: str, start: int) -> list[tuple[int, int]]:
        """(end, frequency) of the words that begin at `start`; a single character always does."""
        found = []
        at = 0
        for end in range(start + 1, len(run) + 1):
            piece = run[start:end].encode()
            at = self._first_line_from(piece, at)
            line = self._lines[at : self._lines.find(b"\n", at)]
            if not line.startswith(piece):
                break
            word, _, frequency = line.partition(b" ")
            if word == piece:
                found.append((end, int(frequency) or 1))
        return found if found and found[0][0] == start + 1 else [(start + 1, 1), *found]

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
