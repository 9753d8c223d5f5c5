"""Reads the charts of old Excel files: their titles and the numbers that they last showed ([MS-XLS] 2.1.7.20.1)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

from extractors.workbook.formats import general
from extractors.xls.cells import Book, SheetCells

_SERIES, _TEXT, _BEGIN, _END, _INDEX = 0x1003, 0x100D, 0x1033, 0x1034, 0x1065
_CATEGORIES: Final = 2


@dataclass(slots=True)
class ChartReader:
    """`add` takes the records of one chart."""

    book: Book
    titles: list[str] = field(default_factory=list)
    _names: list[str] = field(default_factory=list)
    _depth: int = 0
    _series_depth: int | None = None
    """How deep the series that is being described began."""
    _parts: dict[int, SheetCells] = field(default_factory=dict)
    """What the cells are (values, categories, sizes of bubbles) to the cells: a row a point, a column a series."""
    _part: SheetCells | None = None

    def add(self, kind: int, data: bytes) -> None:
        self._depth += (kind == _BEGIN) - (kind == _END)
        if kind == _END and self._depth == self._series_depth:
            self._series_depth = None
        elif kind == _SERIES:
            self._series_depth = self._depth
            self._names.append("")
        elif kind == _TEXT:
            self._add_text(self.book.text(data, 2, 1))
        elif kind == _INDEX and len(data) > 1:
            plain = Book(version=self.book.version, encoding=self.book.encoding, shows=[general])
            self._part = self._parts.setdefault(struct.unpack_from("<H", data)[0], SheetCells(plain))
        elif self._part is not None:
            self._part.add(kind, data)

    def rows(self) -> list[list[str]]:
        """Series as columns below their names, categories as rows."""
        values = next((cells.rows for part, cells in sorted(self._parts.items()) if part != _CATEGORIES), {})
        labels = self._parts[_CATEGORIES].rows if _CATEGORIES in self._parts else {}
        points = sorted(values.keys() | labels.keys())
        series = sorted({column for row in values.values() for column in row})
        if not series:
            return []
        given = dict(enumerate(self._names))
        names = [given.get(column) or f"series {column + 1}" for column in series]
        table = [["", *names]]
        for point in points:
            label = next(iter(labels.get(point, {}).values()), "")
            table.append([label, *(values.get(point, {}).get(column, "") for column in series)])
        return table

    def _add_text(self, text: str) -> None:
        if self._series_depth is not None and self._names:
            self._names[-1] = text
        elif text.strip() and text not in self.titles:
            self.titles.append(text)
