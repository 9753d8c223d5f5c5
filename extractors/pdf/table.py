"""Makes tables of the lines of a PDF page that stand in columns without rules between them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from extractors.pdf.hyphens import Hyphens
from extractors.pdf.lines import Line
from extractors.pdf.links import whole

Cells = list[str]

_MARKER = re.compile(r"(?:[^\w\s]|\(?\w{1,3}[.):、]|[\[(【]\w{1,4}[\])】]|\d{1,3}(?:\.\d{1,3})*\.?)\Z")
_FIGURE = re.compile(r"[^\w]*\d[\d,.\s/:\-–]*[^\w]*[A-Za-z]{0,2}\Z|[-–—]+\Z|n/?a\Z", re.IGNORECASE)
_DIGIT = re.compile(r"(?:\A|\W)\d")
_BEFORE_FIGURE = re.compile(r"[$€£¥￥(]+\Z|(?:US|HK|RMB|C)\$?\Z")
_AFTER_FIGURE = re.compile(r"[)%％]+\Z")
_LEAST_ROWS: Final = 3
_LONGEST_CELL: Final = 40
"""Characters that cells have on average at most, but for one column."""
_LEAST_SHARED: Final = 0.5
"""Of the rows that have text in two columns at least."""
_FIGURES: Final = 0.5
_LEVEL: Final = 0.6
"""In sizes: lines of a cell whose base lines differ by less are read from left to right."""
_MOST_HEADER: Final = 3
"""Rows above the first with a figure that may be lines of the header."""
_PITCH: Final = 1.4
"""In sizes; a row further below is not the rest of the one above."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts, all as wide as the first, and the place on the page in points."""

    rows: Sequence[Sequence[str]]
    left: float
    right: float
    bottom: float
    top: float
    edges: Sequence[float] = ()
    """Of its columns, where they are ruled."""
    is_first_row_bold: bool = False
    """While not all others are."""

    @property
    def base(self) -> float:
        return (self.bottom + self.top) / 2


def is_table(rows: Sequence[Sequence[Sequence[Line]]], switches: int) -> bool:
    """Whether rows (of columns, of lines) read as a table rather than as texts beside each other.

    `switches` says how often the file goes from one column to another: texts are written one after another.
    """
    columns = [[line.text for row in rows for line in row[column]] for column in range(len(rows[0]))]
    shared = [row for row in rows if sum(map(bool, row)) > 1]
    if len(shared) < _LEAST_ROWS or len(shared) < _LEAST_SHARED * len(rows):
        return False
    if len(columns) == 2 and all(map(_MARKER.match, columns[0])):
        return False
    long = [column for column in columns if sum(map(len, column)) > _LONGEST_CELL * len(column)]
    if len(long) > 1:
        return False
    has_figures = any(_share_of_figures(column) >= _FIGURES for column in columns[1:])
    return has_figures or switches > len(shared)


def cell_text(lines: Sequence[Line], hyphens: Hyphens) -> str:
    """The lines of a cell as one text, from the top down, links that were broken as one."""
    ordered = sorted(lines, key=lambda line: (-round(line.base / (_LEVEL * line.size or 1)), line.left))
    return whole(hyphens.text([line.text for line in ordered]))


def table(rows: Sequence[Sequence[Sequence[Line]]], hyphens: Hyphens) -> Table:
    """Rows of which one goes on in the next become one, and so do the lines of a header."""
    lines = [line for row in rows for cell in row for line in cell]
    texts = [[cell_text(cell, hyphens) for cell in row] for row in rows]
    heights = [next(line for cell in row for line in cell) for row in rows]
    figures = next((at for at, row in enumerate(texts) if any(map(_DIGIT.search, row))), 0)
    header = figures if figures <= _MOST_HEADER else 0
    cells: list[Cells] = []
    for position, row in enumerate(texts):
        above, line = heights[position - 1], heights[position]
        is_near = position > 0 and above.base - line.base < _PITCH * line.size
        if is_near and (position < header or _goes_on(cells[-1], row)):
            cells[-1] = [f"{upper} {lower}".strip() for upper, lower in zip(cells[-1], row, strict=True)]
        else:
            cells.append(row)
    return Table(
        _without_signs(cells),
        min(line.left for line in lines),
        max(line.right for line in lines),
        min(line.base for line in lines),
        max(line.base + line.size for line in lines),
    )


def _goes_on(above: Cells, texts: Cells) -> bool:
    """Whether a row holds but second lines of the cells above."""
    return not texts[0] and all(
        upper and not _FIGURE.match(lower) for upper, lower in zip(above, texts, strict=True) if lower
    )


def is_figure(text: str) -> bool:
    return _FIGURE.match(text) is not None


def _share_of_figures(column: Sequence[str]) -> float:
    return sum(map(is_figure, column)) / max(1, len(column))


def _without_signs(rows: list[Cells]) -> list[Cells]:
    """Columns of hardly more than currency signs or percent signs join the figures that they belong to."""
    column = 0
    while column < len(rows[0]):
        if _is_sign_column(rows, column, column + 1, _BEFORE_FIGURE):
            rows = [_joined(row, column) for row in rows]
        elif _is_sign_column(rows, column, column - 1, _AFTER_FIGURE):
            rows = [_joined(row, column - 1) for row in rows]
        else:
            column += 1
    return rows


def _is_sign_column(rows: Sequence[Cells], column: int, figures: int, sign: re.Pattern[str]) -> bool:
    """Whether what is no sign in a column has nothing beside it in the column of `figures`."""
    if not 0 <= figures < len(rows[0]):
        return False
    texts = [row for row in rows if row[column]]
    signs = [row for row in texts if sign.match(row[column])]
    others = [row for row in texts if not sign.match(row[column])]
    return 2 * len(signs) > len(texts) and not any(row[figures] for row in others)


def _joined(row: Cells, column: int) -> Cells:
    return [*row[:column], row[column] + row[column + 1], *row[column + 2 :]]
