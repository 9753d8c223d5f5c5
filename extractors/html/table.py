"""Reads an HTML table into rows of cell texts, merged cells filled in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Final

from extractors.html.element import Element

_MOST_SPANNED: Final = 200
_MOST_FILLED: Final = 100_000
"""Cells of a table that only merging makes; from then on cells stand alone."""
_SPARSEST: Final = 20
"""Cells of the full grid per written cell: a table that is wide in one row only would grow with the square."""
_LONGEST_REPEATED: Final = 100
"""A merged cell's text is repeated in the cells it spans unless it is longer than this."""
_MOST: Final = 0.5
_LONGEST_CELL: Final = 1000
"""Characters. A longer cell in a table without headers is a column of the page."""
_SECTIONS: Final = ("thead", "tbody", "tfoot")


def is_layout(table: Element) -> bool:
    """Whether a table is there for looks: most of it tables, headings or code, long texts, nothing side by side."""
    if table.get("role") in ("presentation", "none"):
        return True
    written = [_cells(row) for row in _rows(table)]
    rows = [row for cells in written if (row := [cell for cell in cells if cell.characters])]
    structured = sum(cell.characters for row in rows for cell in row if cell.has_structure)
    widest, count = max(map(len, written), default=0), sum(map(len, written))
    if len(rows) * widest > _SPARSEST * count + _MOST_FILLED or structured > _MOST * table.characters:
        return True
    has_header = any(cell.tag == "th" for row in rows for cell in row)
    longest = max((cell.characters for row in rows for cell in row), default=0)
    return max(map(len, rows), default=0) < 2 or (
        not has_header and (len(rows) < 2 or longest > _LONGEST_CELL)
    )


def table_rows(
    table: Element, dropped: Collection[Element], text_of: Callable[[Element], str]
) -> list[list[str]]:
    """The rows of a data table, cells read by `text_of`; [] when they are all blank."""
    grid = _Grid(text_of)
    rows = [grid.row(_cells(row)) for row in _rows(table) if row not in dropped]
    return rows if any(any(row) for row in rows) else []


def caption(table: Element) -> Element | None:
    """The table's own title."""
    return next((child for child in table.elements() if child.tag == "caption"), None)


def _rows(table: Element) -> Iterator[Element]:
    for child in table.elements():
        if child.tag == "tr":
            yield child
        elif child.tag in _SECTIONS:
            yield from (row for row in child.elements() if row.tag == "tr")


def _cells(row: Element) -> list[Element]:
    return [cell for cell in row.elements() if cell.tag in ("td", "th")]


class _Grid:
    """Lays cells out row by row, with what spans from above."""

    def __init__(self, text_of: Callable[[Element], str]) -> None:
        self._text_of = text_of
        self._above: dict[int, tuple[int, str]] = {}
        """Column → (rows still spanned, text)."""
        self._left = _MOST_FILLED

    def row(self, cells: list[Element]) -> list[str]:
        texts: list[str] = []
        for cell in cells:
            self._fill_from_above(texts)
            text = self._text_of(cell)
            down, across = self._spans(cell)
            is_section = not texts and len(cells) == 1 and cell.tag == "td"
            repeated = text if len(text) <= _LONGEST_REPEATED and not is_section else ""
            for column in range(len(texts), len(texts) + across):
                if down > 1:
                    self._above[column] = (down - 1, repeated)
            texts.extend([text, *[repeated] * (across - 1)])
        self._fill_from_above(texts)
        return texts

    def _fill_from_above(self, texts: list[str]) -> None:
        while len(texts) in self._above:
            column = len(texts)
            left, text = self._above.pop(column)
            if left > 1:
                self._above[column] = (left - 1, text)
            texts.append(text)

    def _spans(self, cell: Element) -> tuple[int, int]:
        """Rows and columns that a cell takes, as long as the table may still grow by merging."""
        down, across = _span(cell, "rowspan"), _span(cell, "colspan")
        if down * across > self._left:
            return 1, 1
        self._left -= down * across - 1
        return down, across


def _span(cell: Element, name: str) -> int:
    value = cell.get(name).strip()
    return max(1, min(int(value), _MOST_SPANNED)) if value.isdecimal() and len(value) < 6 else 1
