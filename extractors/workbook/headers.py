"""Finds the header of a table on a sheet: below the titles, of one row or of groups above their columns."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from itertools import groupby, islice
from statistics import median
from typing import Final

from extractors.workbook.sheet import Cells, Merged, SheetRow

_LOOKED_AT: Final = 20
_DEEPEST: Final = 3
_MOST_ACROSS: Final = 1000
_VALUE = re.compile(r"[-+(]?[^\w\s]{0,2}\s?\d[\d.,:/\s-]*(?:E[+-]?\d+)?[%)]?(?:\s?\D{1,3})?\Z|TRUE\Z|FALSE\Z")
"""A number, date, amount or truth value: what headers seldom are."""

_LABEL = re.compile(r"(?:(?:19|20|21)?\d\d|\d|\d{1,4}[-/]\d{1,2}(?:[-/]\d{1,4})?|\d\d?\.\d\d?\.\d{2,4})\Z")
"""A year, a small number or a date: values that also name columns."""


@dataclass(frozen=True, slots=True)
class HeaderRows:
    first: int
    last: int


def is_value(text: str) -> bool:
    return _VALUE.match(text) is not None


def first_wide(rows: Sequence[SheetRow]) -> int | None:
    """The first row of several cells."""
    return next((position for position, row in enumerate(rows) if len(row.cells) > 1), None)


def find_header(rows: Sequence[SheetRow], known: Set[int] = frozenset()) -> int:
    """Where the header is: where it is `known` to be, or below lines that fill less than half of the table."""
    if known:
        for position, row in enumerate(rows[:_LOOKED_AT]):
            if row.number in known:
                return position
    first = first_wide(rows)
    if first is None:
        return 0
    sample = rows[first : first + _LOOKED_AT]
    usual = median(len(row.cells) for row in sample)
    wide = (first + position for position, row in enumerate(sample) if len(row.cells) * 2 > usual)
    return next(wide, first)


def has_own_header(rows: Sequence[SheetRow], known: Set[int]) -> bool:
    """Whether the rows start a table of their own: a row of words below a title, or above values."""
    start = find_header(rows, known)
    if rows[start].number in known:
        return True
    if _has_value(rows[start].cells):
        return False
    below = rows[start + 1 : start + _LOOKED_AT]
    return start > 0 or any(_has_value(row.cells) for row in below)


def is_header_alone(rows: Sequence[SheetRow], known: Set[int]) -> bool:
    """Whether the last row is the header, all of words: what it is for may stand below a blank row."""
    cells = rows[-1].cells
    return len(cells) > 1 and find_header(rows, known) == len(rows) - 1 and not _has_value(cells)


def lacks_header(rows: Sequence[SheetRow]) -> bool:
    """Whether the first row is a record as those below it: it has amounts where most of them have values."""
    amounts = [column for column, text in rows[0].cells.items() if is_value(text) and not _LABEL.match(text)]
    below = [
        row.cells[column] for row in rows[1 : 1 + _LOOKED_AT] for column in amounts if column in row.cells
    ]
    return bool(amounts) and (not below or sum(map(is_value, below)) * 2 > len(below))


def header_cells(
    rows: Sequence[SheetRow], columns: Sequence[int], merged: Sequence[Merged]
) -> tuple[int, list[str]]:
    """How many rows the header has, and its texts: "Group / Column" where groups stand above the columns.

    Without a header its texts are empty and it has no row.
    """
    if lacks_header(rows):
        return 0, [""] * len(columns)
    numbers = {row.number: position for position, row in enumerate(rows[:_DEEPEST])}
    wide = (area for area in merged if area.top in numbers and area.right > area.left)
    across = list(islice(wide, _MOST_ACROSS))
    depth = _depth(rows, columns, merged, across)
    levels = [_spread(row, across) for row in rows[:depth]]
    return depth, [_path([level.get(column, "") for level in levels]) for column in columns]


def _depth(
    rows: Sequence[SheetRow], columns: Sequence[int], merged: Sequence[Merged], across: Sequence[Merged]
) -> int:
    """A row with cells merged across is above its columns; cells merged down say how deep the header is."""
    top = rows[0].number
    down = (area.bottom for area in merged if area.top == top and columns[0] <= area.left <= columns[-1])
    depth = max(1, min(max(down, default=top) - top + 1, _DEEPEST))
    while depth < min(_DEEPEST, len(rows) - 1):
        groups = any(area.top == area.bottom == rows[depth - 1].number for area in across)
        below = rows[depth].cells
        if not groups or len(below) < 2 or _has_value(below):
            break
        depth += 1
    return min(depth, len(rows))


def _spread(row: SheetRow, across: Sequence[Merged]) -> Cells:
    cells = dict(row.cells)
    for area in across:
        if area.top <= row.number <= area.bottom and area.left in row.cells:
            for column in range(area.left + 1, area.right + 1):
                cells.setdefault(column, row.cells[area.left])
    return cells


def _path(texts: Sequence[str]) -> str:
    return " / ".join(text for text, _ in groupby(filter(None, texts)))


def _has_value(cells: Cells) -> bool:
    return any(map(is_value, cells.values()))
