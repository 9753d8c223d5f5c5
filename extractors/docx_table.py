"""Reads a Word table into rows of cell texts, merged cells laid out on the grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from extractors.docx_numbering import value
from extractors.ooxml import Element, child, local

_WRAPPERS: Final = frozenset(("sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag"))
_MOST_SPANNED: Final = 200
_LONGEST_REPEATED: Final = 100


def table_rows(table: Element, cell_text: Callable[[Element], str]) -> list[list[str]]:
    """Rows of equal grid. A text merged down a column is repeated in its rows unless it is long."""
    above: dict[int, str] = {}
    rows = (row for row in _parts(table, "tr") if child(child(row, "trPr"), "del") is None)
    return [_row(row, above, cell_text) for row in rows]


def _row(row: Element, above: dict[int, str], cell_text: Callable[[Element], str]) -> list[str]:
    """`above` holds column → text of the merged cell that reaches down to this row."""
    cells = [""] * _number(child(child(row, "trPr"), "gridBefore"), 0)
    for cell in _parts(row, "tc"):
        properties = child(cell, "tcPr")
        merge = child(properties, "vMerge")
        column = len(cells)
        if merge is not None and value(merge) != "restart":
            text = above.get(column, "")
        else:
            text = cell_text(cell)
            above[column] = text if merge is not None and len(text) <= _LONGEST_REPEATED else ""
        cells.extend([text, *[""] * (_number(child(properties, "gridSpan"), 1) - 1)])
    return cells


def _number(element: Element | None, otherwise: int) -> int:
    text = value(element) or ""
    return min(int(text), _MOST_SPANNED) if text.isdecimal() and len(text) < 6 else otherwise


def _parts(parent: Element, name: str) -> Iterator[Element]:
    stack = list(reversed(parent))
    while stack:
        element = stack.pop()
        if local(element) == name:
            yield element
        elif local(element) in _WRAPPERS:
            stack.extend(reversed(element))
