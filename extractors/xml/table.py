"""Reads the tables of XML documents (HTML, CALS, spreadsheets) as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from extractors.table import markdown_table
from extractors.xml import names
from extractors.xml.text import text_of
from extractors.xml.tree import name_of

_MOST_SPANNED: Final = 200
_MOST_FILLED: Final = 100_000
"""Cells of a table that only merging makes; from then on cells stand alone."""
_LONGEST_REPEATED: Final = 100
"""A merged cell's text is repeated in the cells it spans unless it is longer than this."""


def rows_of(table: Any) -> list[list[str]]:
    """The cells of each row, merged ones filled in."""
    grid = _Grid(table)
    return [grid.row(list(_descendants(row, names.CELLS))) for row in _descendants(table, names.ROWS)]


def table_of(table: Any) -> str:
    """The Markdown of a table; "" when it has no rows."""
    return markdown_table(rows_of(table))


def _descendants(element: Any, wanted: frozenset[str]) -> Iterator[Any]:
    """Those with a wanted name, without what is in a table inside."""
    for child in element:
        name = name_of(child)
        if name in wanted:
            yield child
        elif name not in names.CELLS and name != "table":
            yield from _descendants(child, wanted)


class _Grid:
    """Lays cells out row by row, with what spans from above."""

    def __init__(self, table: Any) -> None:
        specs = (spec for spec in table.iter() if name_of(spec) == "colspec")
        self._columns = {spec.get("colname"): position for position, spec in enumerate(specs)}
        self._above: dict[int, tuple[int, str]] = {}
        """Column → (rows still spanned, text)."""
        self._left = _MOST_FILLED

    def row(self, cells: list[Any]) -> list[str]:
        texts: list[str] = []
        for cell in cells:
            self._fill_from_above(texts)
            text = " ".join(text_of(cell).split("\n"))
            down, across = self._span(_rows_below(cell)), self._span(self._columns_beside(cell))
            repeated = text if len(text) <= _LONGEST_REPEATED and len(cells) > 1 else ""
            for column in range(len(texts), len(texts) + across + 1):
                if down:
                    self._above[column] = (down, repeated)
            texts.extend([text, *[repeated] * across])
        self._fill_from_above(texts)
        return texts

    def _fill_from_above(self, texts: list[str]) -> None:
        while len(texts) in self._above:
            left, text = self._above.pop(len(texts))
            if left > 1:
                self._above[len(texts)] = (left - 1, text)
            texts.append(text)

    def _columns_beside(self, cell: Any) -> int:
        first = self._columns.get(cell.get("namest"))
        last = self._columns.get(cell.get("nameend"))
        if first is not None and last is not None:
            return last - first
        return _number(cell.get("colspan")) - 1

    def _span(self, more: int) -> int:
        span = max(0, min(more, _MOST_SPANNED))
        if span > self._left:
            return 0
        self._left -= span
        return span


def _rows_below(cell: Any) -> int:
    return _number(cell.get("morerows")) or _number(cell.get("rowspan")) - 1


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 6 else 0
