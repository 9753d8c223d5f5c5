"""Reads an HTML table into rows of cell texts, merged cells filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from extractors.cleaning import fold

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_MOST_SPANNED: Final = 200
_LONGEST_REPEATED: Final = 100
"""A merged cell's text is repeated in the rows it spans unless it is longer than this."""
_SILENT: Final = (
    "script, style, template, noscript, svg, select, textarea, rt, rp, [hidden], "
    "[style*='display:none' i], [style*='display: none' i]"
)


def table_rows(table: LexborNode) -> list[list[str]]:
    """The rows of a data table; [] for one that only lays out the page: its content is walked as blocks."""
    if _is_layout(table):
        return []
    for node in table.css(_SILENT):
        node.decompose()
    pending: dict[int, tuple[int, str]] = {}
    rows = [_row(tr, pending) for tr in table.css("tr")]
    return rows if any(any(row) for row in rows) else []


def caption(table: LexborNode) -> str:
    """The table's own title, or nothing."""
    node = table.css_first("caption")
    return node.text() if node is not None else ""


def _is_layout(table: LexborNode) -> bool:
    """Tables in tables, with headings or code, or with a single column are there for looks."""
    if table.css_first("table table, table h1, table h2, table h3, table pre") is not None:
        return True
    if table.css_first("td + td, td + th, th + td, th + th") is None:
        return True
    return table.attributes.get("role") == "presentation"


def _row(tr: LexborNode, pending: dict[int, tuple[int, str]]) -> list[str]:
    """Cells of a row; `pending` holds column → (rows still spanned, text) of cells begun above."""
    cells: list[str] = []
    node = tr.child
    while node is not None:
        if node.tag in ("td", "th"):
            _fill_from_above(cells, pending)
            text = _text(node)
            down, across = _span(node, "rowspan"), _span(node, "colspan")
            if down > 1:
                repeated = text if len(text) <= _LONGEST_REPEATED else ""
                pending[len(cells)] = (down - 1, repeated)
            cells.extend([text, *[""] * (across - 1)])
        node = node.next
    _fill_from_above(cells, pending)
    return cells


def _fill_from_above(cells: list[str], pending: dict[int, tuple[int, str]]) -> None:
    while len(cells) in pending:
        column = len(cells)
        left, text = pending.pop(column)
        if left > 1:
            pending[column] = (left - 1, text)
        cells.append(text)


def _span(node: LexborNode, name: str) -> int:
    value = (node.attributes.get(name) or "1").strip()
    return max(1, min(int(value), _MOST_SPANNED)) if value.isdecimal() and len(value) < 6 else 1


def _text(node: LexborNode) -> str:
    for block in node.css("br, p, div, li"):
        block.insert_before(" ")
        block.insert_after(" ")
    return fold(node.text())
