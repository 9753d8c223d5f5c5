"""Reads sheets cell by cell: for workbooks whose stray far cells would blow up a rectangular reader."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from xml.etree import ElementTree

from extractors.ooxml import Element, Package, attribute, child, local
from extractors.table import NumberedRow
from extractors.writer import DocumentWriter
from extractors.xlsx_values import shown
from knowledge.errors import ExtractionError

_DATE_FORMATS: Final = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
"""The built-in number formats that show dates and times (ECMA-376 part 1, 18.8.30)."""
_QUOTED = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')
_MOST_COLUMNS: Final = 16_384


@dataclass(frozen=True, slots=True)
class _Book:
    strings: list[str]
    date_styles: frozenset[int]
    epoch: datetime


@dataclass(frozen=True, slots=True)
class SparseSheet:
    title: str
    _part: str
    _package: Package
    _book: _Book

    def rows(self) -> Iterator[NumberedRow]:
        """Rows that hold text, with their cells up to the last that does; unused columns squeezed out."""
        cells_of = {number: cells for number, cells in self._cells() if cells}
        columns = sorted({column for cells in cells_of.values() for column in cells})
        for number, cells in cells_of.items():
            yield NumberedRow(number, [cells.get(column, "") for column in columns])

    def _cells(self) -> Iterator[tuple[int, dict[int, str]]]:
        stream = io.BytesIO(self._package.read(self._part))
        number = 0
        try:
            for _, element in ElementTree.iterparse(stream):
                if local(element) == "row":
                    number = int(element.get("r") or number + 1)
                    yield number, _row_cells(element, self._book)
                    element.clear()
        except (ElementTree.ParseError, ValueError, LookupError) as error:
            raise ExtractionError(f"{self._package.name} is damaged: {self._part} ({error})") from error


def visible_sheets(package: Package, writer: DocumentWriter) -> Iterator[SparseSheet]:
    """Sheets in order; those that are hidden are left out with a warning."""
    hidden: list[str] = []
    main = package.main_part("xl/workbook.xml")
    workbook = package.xml(main)
    relations = package.relations(main)
    parts = {relation.kind: relation.target for relation in relations.values()}
    book = _Book(
        _shared_strings(package.optional_xml(parts.get("sharedStrings"))),
        _date_styles(package.optional_xml(parts.get("styles"))),
        _epoch(workbook),
    )
    for sheet in child(workbook, "sheets") or ():
        relation = relations.get(attribute(sheet, "id") or "")
        if sheet.get("state", "visible") != "visible":
            hidden.append(sheet.get("name", ""))
        elif relation and relation.kind == "worksheet":
            yield SparseSheet(sheet.get("name", ""), relation.target, package, book)
    writer.warn_of_hidden(hidden)


def _epoch(workbook: Element) -> datetime:
    properties = child(workbook, "workbookPr")
    is_1904 = properties is not None and properties.get("date1904") in ("1", "true")
    return datetime(1904, 1, 1) if is_1904 else datetime(1899, 12, 30)


def _shared_strings(root: Element | None) -> list[str]:
    return [_rich_text(item) for item in root] if root is not None else []


def _rich_text(item: Element) -> str:
    """The text of a string item; phonetic hints are left out."""
    pieces = []
    for part in item:
        if local(part) == "t":
            pieces.append(part.text or "")
        elif local(part) == "r":
            pieces.extend(text.text or "" for text in part if local(text) == "t")
    return "".join(pieces)


def _date_styles(root: Element | None) -> frozenset[int]:
    """Positions of the cell styles that show dates."""
    own = {
        int(item.get("numFmtId", "0"))
        for item in child(root, "numFmts") or ()
        if re.search("[dmyhs]", _QUOTED.sub("", item.get("formatCode", "")), re.IGNORECASE)
    }
    formats = (int(style.get("numFmtId", "0")) for style in child(root, "cellXfs") or ())
    return frozenset(i for i, number in enumerate(formats) if number in own or number in _DATE_FORMATS)


def _row_cells(row: Element, book: _Book) -> dict[int, str]:
    cells: dict[int, str] = {}
    column = -1
    for item in row:
        reference = item.get("r")
        column = _column(reference) if reference else column + 1
        text = _cell_text(item, book)
        if text.strip() and column < _MOST_COLUMNS:
            cells[column] = text
    return cells


def _column(reference: str) -> int:
    column = 0
    for letter in reference:
        if not letter.isalpha():
            break
        column = column * 26 + ord(letter) - 64
    return column - 1


def _cell_text(item: Element, book: _Book) -> str:
    kind = item.get("t", "n")
    if kind == "inlineStr":
        inline = child(item, "is")
        return _rich_text(inline) if inline is not None else ""
    value = child(item, "v")
    text = value.text or "" if value is not None else ""
    if kind == "s":
        return book.strings[int(text)] if text else ""
    if kind == "b":
        return shown(text == "1")
    if kind != "n" or not text:
        return text
    return _number_text(float(text), int(item.get("s", "0")), book)


def _number_text(number: float, style: int, book: _Book) -> str:
    if style in book.date_styles:
        try:
            moment = book.epoch + timedelta(days=number)
            return shown(moment.time() if 0 <= number < 1 else moment)
        except OverflowError:
            pass
    return shown(number)
