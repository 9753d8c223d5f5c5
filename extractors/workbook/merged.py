"""Merged cells: every row and column they cover says what they say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from extractors.workbook.sheet import Merged, SheetRow

LONGEST_REPEATED: Final = 100
"""Longer texts are notes, not labels: they are not repeated."""
_MOST_ACROSS: Final = 1000
_MOST_FILLED: Final = 1_000_000
"""Cells of a sheet that are filled at most: a damaged file may merge everything."""


def filled_down(rows: Iterable[SheetRow], merged: Sequence[Merged]) -> Iterable[SheetRow]:
    """The rows with the labels of cells merged down repeated in each."""
    tall = sorted((area for area in merged if area.bottom > area.top), key=lambda area: area.top)
    return _filled(rows, tall) if tall else rows


def _filled(rows: Iterable[SheetRow], tall: list[Merged]) -> Iterator[SheetRow]:
    waiting = iter(tall)
    upcoming = next(waiting, None)
    labels: dict[int, tuple[int, str]] = {}
    left = _MOST_FILLED
    for row in rows:
        missing = {
            column: label
            for column, (bottom, label) in labels.items()
            if bottom >= row.number and column not in row.cells
        }
        labels = {column: kept for column, kept in labels.items() if kept[0] > row.number}
        while upcoming is not None and upcoming.top <= row.number:
            label = row.cells.get(upcoming.left, "") if upcoming.top == row.number else ""
            if 0 < len(label) <= LONGEST_REPEATED:
                labels[upcoming.left] = (upcoming.bottom, label)
            upcoming = next(waiting, None)
        if missing and left > 0:
            left -= len(missing)
            row = SheetRow(row.number, dict(sorted({**row.cells, **missing}.items())))
        elif left <= 0:
            labels.clear()
        yield row


def wide_by_row(merged: Sequence[Merged]) -> Mapping[int, list[tuple[int, int]]]:
    """First row → first and last column of the cells merged across."""
    found: dict[int, list[tuple[int, int]]] = {}
    for area in merged:
        if area.right > area.left and len(found.setdefault(area.top, [])) < _MOST_ACROSS:
            found[area.top].append((area.left, area.right))
    return found
