"""Reads a Word table into rows of cell texts, merged cells laid out on the grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from extractors.docx.numbering import value
from extractors.ooxml.package import Element, child, local
from extractors.ooxml.table import MOST_COLUMNS, repeated, spread

_WRAPPERS: Final = frozenset(("sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag"))


def table_rows(table: Element, cell_text: Callable[[Element], str]) -> list[list[str]]:
    """Rows of equal grid. A text merged down a column is repeated in its rows unless it is long."""
    above: dict[int, str] = {}
    return spread([_row(row, above, cell_text) for row in _parts(table, "tr")])


def only_cell(table: Element) -> Element | None:
    """The cell of a table that is there as a frame around other things; None when there are more."""
    rows = list(_parts(table, "tr"))
    cells = list(_parts(rows[0], "tc")) if len(rows) == 1 else []
    return cells[0] if len(cells) == 1 else None


def _row(row: Element, above: dict[int, str], cell_text: Callable[[Element], str]) -> list[str | None]:
    """None in the columns that a cell runs over; `above` holds column → text of a cell that reaches down to here."""
    cells: list[str | None] = [""] * _number(child(child(row, "trPr"), "gridBefore"), 0)
    for cell in _parts(row, "tc"):
        properties = child(cell, "tcPr")
        merge = child(properties, "vMerge")
        column = len(cells)
        if merge is not None and value(merge) != "restart":
            text = above.get(column, "")
        else:
            text = cell_text(cell)
            above[column] = repeated(text) if merge is not None else ""
        cells.append(text)
        cells.extend([None] * (_number(child(properties, "gridSpan"), 1) - 1))
    return cells


def _number(element: Element | None, otherwise: int) -> int:
    text = value(element) or ""
    return min(int(text), MOST_COLUMNS) if text.isdecimal() and len(text) < 6 else otherwise


def _parts(parent: Element, name: str) -> Iterator[Element]:
    stack = list(reversed(parent))
    while stack:
        element = stack.pop()
        if local(element) == name:
            yield element
        elif local(element) in _WRAPPERS:
            stack.extend(reversed(element))
