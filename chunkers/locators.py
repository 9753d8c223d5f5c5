"""Says where in the original file a passage stands, from the blocks it touches."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

from knowledge.types import Block, Locator

_NOWHERE: Final = Locator()
_Part = TypeVar("_Part")


class Locators:
    """The locators of a document's blocks, found by position."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._locators = [block.locator for block in blocks]
        self._starts = [block.start for block in blocks]
        self._ends = [block.end for block in blocks]

    def between(self, start: int, end: int) -> Locator:
        """Where `text[start:end]` stands."""
        first = bisect_right(self._ends, start)
        last = bisect_left(self._starts, end)
        touched = self._locators[first:last]
        if not touched:
            return _NOWHERE
        return touched[0] if len(touched) == 1 else _merged(touched)


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
        line=_first(touched, lambda locator: locator.line),
        part=_first(touched, lambda locator: locator.part),
    )


def _first(locators: Iterable[Locator], part: Callable[[Locator], _Part | None]) -> _Part | None:
    return next((value for value in map(part, locators) if value is not None), None)
