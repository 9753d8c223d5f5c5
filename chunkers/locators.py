"""Says where in the original file a passage stands, from the blocks it touches."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from operator import attrgetter
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
        self._has_lines = any(locator.line is not None for locator in self._locators)
        self._last_place = self._last = _NOWHERE
        self._lines = _LineCount(text)
        self._block_lines = _LineCount(text)

    def of(self, start: int, new: int, end: int) -> Locator:
        """Where `text[start:end]` stands, of which `text[start:new]` repeats the passage before it."""
        if not self._starts:
            return self._at_line(_NOWHERE, 1 + self._lines.before(start))
        # Pages, rows and the like say where to look up what only this passage says. The line is where its
        # first word stands, repeated or not: it is compared with the content, as `start` is.
        touched = self._locators[self._touched(new, end)] or self._locators[self._touched(start, end)]
        place = _merged(touched) if len(touched) > 1 else next(iter(touched), _NOWHERE)
        line = self._line(start, end) if self._has_lines else None
        return place if line == place.line else self._at_line(place, line)

    def _at_line(self, place: Locator, line: int | None) -> Locator:
        """`place` with its line. Of passages on one line all have the same record: making one takes time."""
        if self._last_place is not place or self._last.line != line:
            self._last_place = place
            self._last = Locator(line=line) if place is _NOWHERE else replace(place, line=line)
        return self._last

    def _touched(self, start: int, end: int) -> slice:
        return slice(bisect_right(self._ends, start), bisect_left(self._starts, end))

    def _line(self, start: int, end: int) -> int | None:
        """The line at `start`; between blocks, that of the next one before `end`."""
        touched = self._touched(start, end)
        for index in range(touched.start, touched.stop):
            line = self._locators[index].line
            if line is not None:
                block_start = self._starts[index]
                inside = self._lines.before(max(start, block_start)) - self._block_lines.before(block_start)
                return line + inside
        return None


class _LineCount:
    """Counts the line breaks before a position from the last one asked for, so that steps are cheap."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._breaks = 0

    def before(self, position: int) -> int:
        if position >= self._position:
            self._breaks += self._text.count("\n", self._position, position)
        else:
            self._breaks -= self._text.count("\n", position, self._position)
        self._position = position
        return self._breaks


def _merged(touched: Sequence[Locator]) -> Locator:
    """The first of each kind of place, with the last page and row beside it."""
    page = _first(touched, attrgetter("page"))
    page_end = _first(reversed(touched), lambda locator: locator.page_end or locator.page)
    return Locator(
        page=page,
        page_end=page_end if page_end != page else None,
        sheet=_first(touched, attrgetter("sheet")),
        row=_first(touched, attrgetter("row")),
        row_end=_first(reversed(touched), lambda locator: locator.row_end or locator.row),
        slide=_first(touched, attrgetter("slide")),
        part=_first(touched, attrgetter("part")),
    )


def _first(locators: Iterable[Locator], part: Callable[[Locator], _Part | None]) -> _Part | None:
    """Counts begin at 1 and names are not empty: what is false says nothing."""
    return next(filter(None, map(part, locators)), None)
