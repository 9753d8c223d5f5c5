"""Reads workbooks in the XML of Excel 2002 and 2003: every sheet as a table, its values as they are written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from extractors.table import NumberedRow, write_rows
from extractors.times import iso_seconds
from extractors.writer import DocumentWriter
from extractors.xml.text import text_of
from extractors.xml.tree import name_of

_NAMESPACE: Final = "urn:schemas-microsoft-com:office:spreadsheet"
_INDEX: Final = f"{{{_NAMESPACE}}}Index"
_ABOUT: Final = "documentproperties"
_MOST_COLUMNS: Final = 16_384


def is_workbook(root: Any) -> bool:
    return bool(root.tag == f"{{{_NAMESPACE}}}Workbook")


def write_workbook(writer: DocumentWriter, root: Any) -> None:
    about = {
        name_of(element): text_of(element) for child in root for element in child if name_of(child) == _ABOUT
    }
    writer.describe(
        {
            "title": about.get("title"),
            "author": about.get("author"),
            "created": iso_seconds(about.get("created")),
        }
    )
    for sheet in root.iter(f"{{{_NAMESPACE}}}Worksheet"):
        rows = [row for row in _rows(sheet) if any(row.cells)]
        if rows:
            write_rows(writer, rows, sheet.get(f"{{{_NAMESPACE}}}Name"))


def _rows(sheet: Any) -> Iterator[NumberedRow]:
    number = 0
    for row in sheet.iter(f"{{{_NAMESPACE}}}Row"):
        number = _position(row, number + 1)
        yield NumberedRow(number, _cells(row))


def _cells(row: Any) -> list[str]:
    cells: list[str] = []
    for cell in row.iterchildren(f"{{{_NAMESPACE}}}Cell"):
        skipped = _position(cell, len(cells) + 1) - len(cells) - 1
        cells.extend([""] * min(skipped, _MOST_COLUMNS - len(cells)))
        cells.append(" ".join(text_of(data) for data in cell if name_of(data) in ("data", "comment")))
    return cells


def _position(element: Any, following: int) -> int:
    """Where an element says that it stands, else the next place."""
    said = element.get(_INDEX, "")
    return max(int(said), following) if said.isascii() and said.isdigit() and len(said) < 8 else following
