"""Says where in the original file a passage stands, from the blocks it touches."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from knowledge.types import Block, Locator

_NOWHERE: Final = Locator()
_Part = TypeVar("_Part")


class Locators:
    """The places of a document's passages: its blocks say where they stand, its text counts the lines.

    A text without blocks still has lines. In one with blocks only those count that a block numbers.
    """

    def __init__(self, text: str, blocks: Sequence[Block]) -> None:
        self._locators = [block.locator for block in blocks]
        self._starts = [block.start for block in blocks]
        self._ends = [block.end for block in blocks]
        has_lines = not blocks or any(locator.line is not None for locator in self._locators)
        self._breaks = _line_breaks(text) if has_lines else array("Q")

    def of(self, start: int, new: int, end: int) -> Locator:
        """Where `text[start:end]` stands, of which `text[start:new]` repeats the passage before it."""
        # Pages, rows and the like say where to look up what only this passage says. The line is where its
        # first word stands, repeated or not: it is compared with the content, as `start` is.
        touched = self._locators[self._touched(new, end)] or self._locators[self._touched(start, end)]
        place = _merged(touched) if len(touched) > 1 else next(iter(touched), _NOWHERE)
        line = self._line(start, end)
        return place if line == place.line else replace(place, line=line)

    def _touched(self, start: int, end: int) -> slice:
        return slice(bisect_right(self._ends, start), bisect_left(self._starts, end))

    def _line(self, start: int, end: int) -> int | None:
        """The line at `start`; outside all blocks, that of the next block before `end`."""
        if not self._starts:
            return 1 + self._breaks_before(start)
        touched = self._touched(start, end)
        for index in range(touched.start, touched.stop):
            line = self._locators[index].line
            if line is not None:
                block_start = self._starts[index]
                return line + self._breaks_before(max(start, block_start)) - self._breaks_before(block_start)
        return None

    def _breaks_before(self, position: int) -> int:
        return bisect_left(self._breaks, position)


def _line_breaks(text: str) -> array[int]:
    return array("Q", (found.start() for found in re.finditer("\n", text)))


def _merged(touched: Sequence[Locator]) -> Locator:
    """The first of each kind of place, with the last page and row beside it."""
    page = _first(touched, lambda locator: locator.page)
    page_end = _first(reversed(touched), lambda locator: locator.page_end or locator.page)
    return Locator(
        page=page,
        page_end=page_end if page_end != page else None,
        sheet=_first(touched, lambda locator: locator.sheet),
        row=_first(touched, lambda locator: locator.row),
        row_end=_first(reversed(touched), lambda locator: locator.row_end or locator.row),
        slide=_first(touched, lambda locator: locator.slide),
        part=_first(touched, lambda locator: locator.part),
    )


def _first(locators: Iterable[Locator], part: Callable[[Locator], _Part | None]) -> _Part | None:
    return next((value for value in map(part, locators) if value is not None), None)
