"""Tells which rows of a PDF page belong to a table whose columns were found: titles above do not, headers do."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Final

from extractors.pdf.gutters import FAR, Band
from extractors.pdf.lines import Line
from extractors.pdf.rows import Row, is_near

_FEW: Final = 0.6
"""Of the usual number of texts in a row: rows with less do not tell where columns are."""
_APART: Final = 1.0
_INDENT: Final = 3.0
"""In sizes: a row with a single text, set in and after so much blank space, is the title of another table."""
_MOST_SPANNING: Final = 2
"""Rows over several columns that may stand between the rows of a table."""


def trimmed(rows: Sequence[Row], band: Band, size: float) -> tuple[int, int]:
    """First and end of the rows of a band that have more than one item, up to a new start after blank space."""
    wide = [at for at in range(band.first, band.end) if len(rows[at]) > 1]
    if not wide:
        return band.first, band.first
    end = wide[0] + 1
    edge = min(rows[at][0].left for at in wide) + _INDENT * size
    for position in wide[1:]:
        starts = [at for at in range(end, position + 1) if not is_near(rows[at - 1], rows[at], size, _APART)]
        if any(len(rows[at]) == 1 and rows[at][0].left > edge for at in starts):
            break
        end = position + 1
    return wide[0], end


def fullest(rows: Sequence[Row]) -> list[Row]:
    """Rows without those of few texts, which may be titles over several columns."""
    least = _FEW * median(map(len, rows))
    return [row for row in rows if len(row) >= least]


def header_of(rows: Sequence[Row], first: int, gutters: Sequence[float], size: float) -> int:
    """The first of the rows above a table that stand over its columns, labels of its first rows below them."""
    position = first
    while position and is_near(rows[position - 1], rows[position], size, _APART):
        position -= 1
        row = rows[position]
        if all(isinstance(item, Line) and item.left > gutters[0] for item in row):
            first = position
        elif len(row) > 1 or row[0].right > gutters[0]:
            break
    return first


def end_of(rows: Sequence[Row], end: int, gutters: Sequence[float], size: float) -> int:
    """The row after a table: rows over several columns belong to it when its columns go on below them."""
    position, spanning = end, 0
    while position < len(rows) and is_near(rows[position - 1], rows[position], size, FAR):
        row = rows[position]
        if not all(isinstance(item, Line) for item in row):
            break
        crosses = any(item.left < x < item.right for item in row for x in gutters)
        spanning = spanning + 1 if crosses else 0
        if spanning > _MOST_SPANNING:
            break
        position += 1
        if not crosses and len(row) > 1:
            end = position
    return end
