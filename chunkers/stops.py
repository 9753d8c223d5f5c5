"""Where passages must end whatever would still fit: pieces that are not merged, rows that stand alone."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from chunkers.units import TABLE_HEADER
from knowledge.types import Block

Fits = Callable[[int, int], bool]
_LINE_END: Final = re.compile("\n")


class Stops:
    """Sorted positions, each the end of a passage. Of these, overlap never crosses those in `alone`."""

    def __init__(self, length: int, ends: Sequence[int], alone: Sequence[int]) -> None:
        self._ends = sorted({*ends, *alone, length})
        self._alone = sorted(alone)

    def next(self, position: int) -> int:
        """The first stop after `position`; the last one is the end of the text."""
        return self._ends[bisect_right(self._ends, position)]

    def floor(self, position: int) -> int:
        """The last stop at or before `position` that overlap never crosses."""
        index = bisect_right(self._alone, position) - 1
        return self._alone[index] if index >= 0 else 0


def piece_ends(text: str, patterns: Sequence[re.Pattern[str]], fits: Fits) -> list[int]:
    """The ends of the pieces between the first delimiter's places, of those too long between the second's …"""
    return list(_ends_within(text, 0, len(text), patterns, fits))


def _ends_within(
    text: str, start: int, end: int, patterns: Sequence[re.Pattern[str]], fits: Fits
) -> Iterator[int]:
    if not patterns:
        return
    borders = [found.end() for found in patterns[0].finditer(text, start, end)]
    for border in [*borders, end]:
        if border <= start:
            continue
        if not fits(start, border):
            yield from _ends_within(text, start, border, patterns[1:], fits)
        yield border
        start = border


def row_ends(text: str, blocks: Sequence[Block]) -> list[int]:
    """Where each row of the tables ends. What introduces a table, its header included, goes with its first row."""
    ends: list[int] = []
    before: Block | None = None
    for block in blocks:
        if block.kind == "table":
            if before is not None and before.kind not in ("heading", "table"):
                ends.append(block.start)
            header = TABLE_HEADER.match(text, block.start, block.end)
            body = header.end() if header else block.start
            ends.extend(found.end() for found in _LINE_END.finditer(text, body, block.end))
            if body < block.end:
                ends.append(block.end)
        before = block
    return ends
