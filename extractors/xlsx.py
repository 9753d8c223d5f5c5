"""Reads Excel workbooks: every visible sheet as a heading and a Markdown table, one block per row."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from extractors.ooxml import Package
from extractors.ooxml_drawings import write_drawings
from extractors.table import NumberedRow, write_rows
from extractors.writer import DocumentWriter
from extractors.xlsx_values import shown
from knowledge.errors import Encrypted, ExtractionError
from knowledge.types import Document, Locator, ReadOptions

if TYPE_CHECKING:
    from extractors.xlsx_sparse import SparseSheet

_DENSE_CELLS: Final = 8_000_000
"""The fast reader holds the whole rectangle between the outermost cells; larger ones are read sparsely."""
_LONGEST_REPEATED: Final = 100
_DIMENSION = re.compile(
    rb"""<(?:\w+:)?dimension\s+ref=["'](?:\$?[A-Z]+\$?\d+:)?\$?([A-Z]{1,3})\$?(\d{1,7})["']"""
)

_PLACE = re.compile(rb"""<(?:\w+:)?c\s[^>]*?\br=["']([A-Z]{1,3})(\d{1,7})["']""")


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """Cached values of formulas; hidden sheets are left out with a warning."""
    package = Package(data, name)
    writer = DocumentWriter(name)
    writer.describe(package.properties())
    sheets = _sparse(package, writer) if _is_sparse(package) else _dense(data, name, writer)
    for title, rows in sheets:
        if rows:
            writer.add("heading", title, level=1, locator=Locator(sheet=title))
            write_rows(writer, rows, title)
    write_drawings(package, writer)
    return writer.finish("no visible sheet has a value")


def _is_sparse(package: Package) -> bool:
    return any(
        _area(package, part) > _DENSE_CELLS
        for folded, part in package.parts.items()
        if folded.startswith("xl/worksheets/") and folded.endswith(".xml")
    )


def _area(package: Package, part: str) -> int:
    """Cells up to the corner that the sheet claims, or that its cells reach when it claims none."""
    corner = _DIMENSION.search(package.read(part, 4096))
    places = {(corner[1], corner[2])} if corner else set(_PLACE.findall(package.read(part)))
    return max(map(_column, places), default=0) * max((int(row) for _, row in places), default=0)


def _column(place: tuple[bytes, bytes]) -> int:
    column = 0
    for letter in place[0]:
        column = column * 26 + letter - 64
    return column


def _sparse(package: Package, writer: DocumentWriter) -> Iterator[tuple[str, list[NumberedRow]]]:
    from extractors.xlsx_sparse import visible_sheets

    sheet: SparseSheet
    for sheet in visible_sheets(package, writer):
        yield sheet.title, list(sheet.rows())


def _dense(data: bytes, name: str, writer: DocumentWriter) -> Iterator[tuple[str, list[NumberedRow]]]:
    import python_calamine as calamine

    try:
        workbook = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        hidden = []
        for sheet in workbook.sheets_metadata:
            if sheet.visible != calamine.SheetVisibleEnum.Visible:
                hidden.append(sheet.name)
            elif sheet.typ == calamine.SheetTypeEnum.WorkSheet:
                yield sheet.name, _rows(workbook.get_sheet_by_name(sheet.name))
    except calamine.PasswordError as error:
        raise Encrypted(f"{name} is encrypted; remove the password and try again") from error
    except calamine.CalamineError as error:
        raise ExtractionError(f"{name} is damaged: {' '.join(str(error).split())}") from error
    writer.warn_of_hidden(hidden)


def _rows(sheet: Any) -> list[NumberedRow]:
    if sheet.start is None:
        return []
    first_row, first_column = sheet.start
    grid = [list(map(shown, row)) for row in sheet.to_python()]
    _fill_merged(grid, sheet.merged_cell_ranges or [], first_row, first_column)
    numbered = (NumberedRow(number, row) for number, row in enumerate(grid, start=first_row + 1))
    return [row for row in numbered if any(map(str.strip, row.cells))]


def _fill_merged(grid: list[list[str]], ranges: list[Any], first_row: int, first_column: int) -> None:
    """Repeats a label merged down a column, so that every row says what it belongs to."""
    for (top, left), (bottom, right) in ranges:
        row, column = top - first_row, left - first_column
        if left != right or not (0 <= row < len(grid) and 0 <= column < len(grid[row])):
            continue
        label = grid[row][column]
        for below in grid[row + 1 : bottom - first_row + 1] if 0 < len(label) <= _LONGEST_REPEATED else ():
            below[column] = below[column] or label
