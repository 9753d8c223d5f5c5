"""Reads Excel binary workbooks: a package as those of XLSX, with records in place of most of its XML."""

from __future__ import annotations

from collections.abc import Iterator

from extractors.ooxml.package import Package
from extractors.ooxml.part import Part
from extractors.workbook.formats import BUILT_IN, REGIONAL, Show, formatter
from extractors.workbook.sheet import Sheet, SheetWriter
from extractors.workbook.writing import write_sheet
from extractors.writer import DocumentWriter
from extractors.xlsb.records import records, wide_text
from extractors.xlsb.sheet import SheetBinary, comments, links, merged_areas, page_texts
from extractors.xlsx.book import SheetEntry
from extractors.xlsx.drawings import read_drawing, write_floating
from knowledge.types import Document, ReadOptions

_CALENDAR, _SHEET, _STRING, _FORMAT, _STYLE = 153, 156, 19, 44, 47
_STYLES_BEGIN, _STYLES_END = 617, 618


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """Values as their formats show them, of formulas those last computed; hidden sheets are left out."""
    package = Package(data, name)
    writer = DocumentWriter(name)
    writer.describe(package.properties())
    book = Part(package, package.main_part("xl/workbook.bin"), writer, options)
    entries, is_1904 = _entries(book)
    strings = [
        wide_text(content, 1)[0] for kind, content in _records(book, "sharedStrings") if kind == _STRING
    ]
    shows = list(_shows(book, is_1904))
    for entry in entries:
        if not entry.is_hidden:
            part = book.beside(entry.part)
            content = SheetBinary(data=package.read(entry.part), strings=strings, shows=shows)
            _write_sheet(SheetWriter(writer, entry.title), part, content)
    book.write_macros()
    writer.warn_of_hidden([entry.title for entry in entries if entry.is_hidden])
    return writer.finish("no visible sheet has a value")


def _write_sheet(out: SheetWriter, part: Part, content: SheetBinary) -> None:
    rest = list(content.rest())
    drawings = [read_drawing(part.beside(target)) for target in part.targets("drawing")]
    header, footer = page_texts(rest)
    sheet = Sheet(
        rows=content.rows(links(rest, part)),
        merged=merged_areas(rest),
        pictures=[picture for drawing in drawings for picture in drawing.pictures],
        comments=comments(part),
        page_header=header,
        page_footer=footer,
    )
    write_sheet(out, sheet)
    for drawing in drawings:
        write_floating(out, drawing)
    for key in part.relations:
        part.embed(key)


def _records(book: Part, kind: str) -> Iterator[tuple[int, bytes]]:
    target = book.target(kind)
    if target is not None and book.package.has(target):
        yield from records(book.package.read(target))


def _entries(book: Part) -> tuple[list[SheetEntry], bool]:
    """The sheets in order, and whether days count from 1904."""
    entries: list[SheetEntry] = []
    is_1904 = False
    for kind, content in records(book.package.read(book.path)):
        if kind == _SHEET:
            entries.extend(_entry(book, content))
        elif kind == _CALENDAR:
            is_1904 = bool(content[:1] and content[0] & 1)
    return entries, is_1904


def _entry(book: Part, content: bytes) -> Iterator[SheetEntry]:
    """The sheet of a record; the first versions of Excel 2007 put four bytes more before its names."""
    for start in (8, 12):
        relation_id, end = wide_text(content, start)
        relation = book.relations.get(relation_id)
        if relation is not None and relation.kind in ("worksheet", "chartsheet"):
            is_hidden = int.from_bytes(content[:4], "little") != 0
            yield SheetEntry(wide_text(content, end)[0], relation.target, is_hidden)
            return


def _shows(book: Part, is_1904: bool) -> Iterator[Show]:
    """What shows numbers, by the number of the cell's style."""
    codes = dict(BUILT_IN)
    is_cells = False
    for kind, content in _records(book, "styles"):
        number = int.from_bytes(content[:2], "little")
        if kind == _FORMAT and number not in REGIONAL:
            codes[number] = wide_text(content, 2)[0]
        elif kind in (_STYLES_BEGIN, _STYLES_END):
            is_cells = kind == _STYLES_BEGIN
        elif kind == _STYLE and is_cells:
            yield formatter(codes.get(int.from_bytes(content[2:4], "little"), "General"), is_1904)
