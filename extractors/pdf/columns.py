"""Puts what stands on a PDF page in the order in which it is read: columns one after another, rows across.

A page is cut at the widest run of rows that one gutter parts (headings over several columns end such a run), then
what is above, in and below it is looked at in the same way: a recursive cut in x and y (Nagy and Seth 1984), with
the gutter told by the rows beside it and not by the whole page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from statistics import median
from typing import Final

from extractors.pdf.extent import end_of, fullest, header_of, trimmed
from extractors.pdf.graphics import Picture
from extractors.pdf.gutters import Band, best_band, cells_of, gutters_of, parted
from extractors.pdf.hyphens import Hyphens
from extractors.pdf.lines import Line
from extractors.pdf.prose import is_prose, runs_beside
from extractors.pdf.rows import Item, Row, in_line, rows_of
from extractors.pdf.table import Table, is_table, table

_TIGHT: Final = 0.3
"""In sizes: how wide a gutter must be within a table."""

_TO_AND_FRO: Final = 4
"""Times that a file goes over a gutter between the columns of a table at least."""
_DIGRESSIONS: Final = 0.125
"""Of the rows: so often may a file that holds one column after another go back."""
_SHARED_BASE: Final = 0.3
_DEEPEST: Final = 100


def in_order(items: Sequence[Item], hyphens: Hyphens) -> list[Item]:
    """The items as they are read, lines on one row as one line, lines that form a table as `Table`.

    `items` come in the order of the file, which decides where places alone do not tell.
    """
    return _Reader(items, hyphens).read()


class _Reader:
    def __init__(self, items: Sequence[Item], hyphens: Hyphens) -> None:
        self._items = items
        self._hyphens = hyphens
        self._position = {id(item): position for position, item in enumerate(items)}
        sizes = [item.size for item in items if isinstance(item, Line)]
        self._size = median(sizes) if sizes else 10.0

    def read(self) -> list[Item]:
        behind = [item for item in self._items if isinstance(item, Picture) and self._is_behind(item)]
        shown = [item for item in self._items if item not in behind] if behind else self._items
        return [*behind, *self._cut(rows_of(shown), 0)]

    def _is_behind(self, picture: Picture) -> bool:
        """Whether text stands upon a picture: then it says nothing of the order."""
        return any(
            picture.left < (item.left + item.right) / 2 < picture.right
            and picture.bottom < item.base < picture.top
            for item in self._items
            if isinstance(item, Line)
        )

    def _cut(self, rows: Sequence[Row], depth: int) -> Iterator[Item]:
        band = best_band(rows, self._size) if len(rows) > 1 and depth < _DEEPEST else None
        if band is None:
            for row in rows:
                yield from in_line(row)
            return
        first, end, inside = self._inside(rows, band, depth)
        yield from self._cut(rows[:first], depth + 1)
        yield from inside
        yield from self._cut(rows[end:], depth + 1)

    def _inside(self, rows: Sequence[Row], band: Band, depth: int) -> tuple[int, int, Iterator[Item]]:
        """What stands in a band, with its first row and the row after it: a table may reach further."""
        inside = rows[band.first : band.end]
        gutters = gutters_of(inside, self._size)
        if all(abs(x - band.x) > self._size for x in gutters):
            gutters = sorted([*gutters, band.x])
        columns = parted(_flat(inside), gutters)
        parts = self._written_apart(columns)
        if parts:
            return band.first, band.end, self._one_after_another(parts, depth)
        prose = [is_prose(column) for column in columns]
        if sum(prose) < 2 and all(isinstance(item, Line) for column in columns for item in column):
            first, end = trimmed(rows, band, self._size)
            core = rows[first:end]
            beside = [runs_beside(core, part) for part in parted(_flat(core), gutters)]
            if not any(beside):
                visits = self._visits(columns)
                found = self._table(rows, first, end, end == band.end, len(visits) - 1)
                if found:
                    first, end, made = found
                    return first, end, iter([made])
                if _runs_across(visits, len(columns), any(prose), inside):
                    return band.first, band.end, (item for row in inside for item in in_line(row))
            prose = [one or other for one, other in zip(prose, beside, strict=True)]
        parts = _with_neighbours(columns, prose) if any(prose) else columns
        return band.first, band.end, self._one_after_another(parts, depth)

    def _one_after_another(self, parts: Sequence[Sequence[Item]], depth: int) -> Iterator[Item]:
        return (item for part in parts for item in self._cut(rows_of(part), depth + 1))

    def _written_apart(self, columns: Sequence[list[Item]]) -> list[list[Item]]:
        """Columns in parts, where the file goes over some gutters once but to and fro over others.

        Those are the columns of the page, these the ones of tables within. Empty when there is no such difference.
        """
        numbers = [number for _, number in self._order(columns)]
        crossings = [
            sum((before <= gutter) != (after <= gutter) for before, after in pairwise(numbers))
            for gutter in range(len(columns) - 1)
        ]
        if 1 not in crossings or max(crossings) < _TO_AND_FRO or numbers[0] > crossings.index(1):
            return []
        parts: list[list[Item]] = [[]]
        for column, crossing in zip(columns, [*crossings, 0], strict=True):
            parts[-1] += column
            if crossing == 1:
                parts.append([])
        return parts

    def _table(
        self, rows: Sequence[Row], first: int, end: int, may_go_on: bool, switches: int
    ) -> tuple[int, int, Table] | None:
        """The table in the rows from `first` to `end`, with its first row and the row after its last."""
        gutters = gutters_of(fullest(rows[first:end]), self._size, _TIGHT) if end > first else []
        if not gutters or not is_table([cells_of(row, gutters) for row in rows[first:end]], switches):
            return None
        first = header_of(rows, first, gutters, self._size)
        end = end_of(rows, end, gutters, self._size) if may_go_on else end
        return first, end, table([cells_of(row, gutters) for row in rows[first:end]], self._hyphens)

    def _visits(self, columns: Sequence[Sequence[Item]]) -> list[int]:
        """The columns in the order in which the file goes from one to another and back."""
        return [number for number, _ in groupby(number for _, number in self._order(columns))]

    def _order(self, columns: Sequence[Sequence[Item]]) -> list[tuple[int, int]]:
        """Place in the file and column of each item, as the file has them."""
        return sorted(
            (self._position[id(item)], number) for number, column in enumerate(columns) for item in column
        )


def _flat(rows: Sequence[Row]) -> list[Item]:
    return [item for row in rows for item in row]


def _with_neighbours(columns: Sequence[list[Item]], prose: Sequence[bool]) -> list[list[Item]]:
    """Columns of prose, and what stands between them as one part each: it may be a table."""
    parts: list[list[Item]] = []
    for is_running, group in groupby(zip(prose, columns, strict=True), key=lambda pair: pair[0]):
        members = [column for _, column in group]
        parts += members if is_running else [[item for column in members for item in column]]
    return parts


def _runs_across(visits: Sequence[int], columns: int, has_prose: bool, rows: Sequence[Row]) -> bool:
    """Whether texts beside each other are read across: the file goes to and fro, along common base lines."""
    goes_to_and_fro = len(visits) > columns + _DIGRESSIONS * len(rows)
    if has_prose:
        return goes_to_and_fro and sum(len(row) > 1 for row in rows) >= _SHARED_BASE * len(rows)
    return goes_to_and_fro or visits[0] > 0
