"""Cuts what stands on a sheet into its tables, along blank rows and columns (recursive XY cut)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count, groupby
from typing import Final

from extractors.workbook.headers import is_value
from extractors.workbook.sheet import SheetRow

_DEEPEST: Final = 4
_OVERLAP: Final = 0.5
"""Tables side by side that share less of their rows have nothing to do with each other."""


def regions(rows: list[SheetRow], depth: int = 0) -> Iterator[list[SheetRow]]:
    """The tables in rows without a blank one between them, those on the left first. No region is empty."""
    parts = _beside(rows)
    if len(parts) == 1 or depth >= _DEEPEST:
        yield rows
        return
    for first, last in parts:
        part = [
            SheetRow(
                row.number, {column: row.cells[column] for column in row.cells if first <= column <= last}
            )
            for row in rows
        ]
        counter = count()
        filled = (row for row in part if row.cells)
        for _, run in groupby(filled, key=lambda row: row.number - next(counter)):
            yield from regions(list(run), depth + 1)


def _beside(rows: Sequence[SheetRow]) -> list[tuple[int, int]]:
    """First and last columns of the tables side by side."""
    used = sorted({column for row in rows for column in row.cells})
    parts: list[tuple[int, int]] = []
    for column in used:
        if parts and column == parts[-1][1] + 1:
            parts[-1] = (parts[-1][0], column)
        else:
            parts.append((column, column))
    joined = parts[:1]
    for part in parts[1:]:
        if _are_apart(rows, joined[-1], part):
            joined.append(part)
        else:
            joined[-1] = (joined[-1][0], part[1])
    return joined


def _are_apart(rows: Sequence[SheetRow], left: tuple[int, int], right: tuple[int, int]) -> bool:
    """Whether both look like a table and belong to different rows, repeat a header, or have labels of their own."""
    mine, other = _part(rows, left), _part(rows, right)
    if len(mine) < 2 or len(other) < 2:
        return False
    shared = len(mine.keys() & other.keys())
    if shared < _OVERLAP * len(mine.keys() | other.keys()):
        return True
    if set(next(iter(mine.values()))) & set(next(iter(other.values()))):
        return True
    return shared > 2 and _is_labelled(mine) and _is_labelled(other)


def _part(rows: Sequence[SheetRow], part: tuple[int, int]) -> dict[int, list[str]]:
    """Row number → texts of the rows that fill several cells between two columns."""
    first, last = part
    if first == last:
        return {}
    found = {}
    for row in rows:
        texts = [text for column, text in row.cells.items() if first <= column <= last]
        if len(texts) > 1:
            found[row.number] = texts
    return found


def _is_labelled(texts: dict[int, list[str]]) -> bool:
    """Whether every row starts with a word of its own."""
    labels = [row[0] for row in texts.values()]
    return len(set(labels)) == len(labels) and not any(map(is_value, labels[1:]))
