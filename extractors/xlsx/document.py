"""Reads Excel workbooks: every visible sheet as a heading and Markdown tables, one block per row."""

from __future__ import annotations

from lxml import etree

from extractors.ooxml.package import Element, Package
from extractors.ooxml.part import Part
from extractors.workbook.sheet import Sheet, SheetWriter
from extractors.workbook.writing import write_sheet
from extractors.writer import DocumentWriter
from extractors.xlsx.book import SheetEntry, cell_pictures, shared_strings, sheet_entries, starts_1904, styles
from extractors.xlsx.cells import SheetCells
from extractors.xlsx.comments import read_comments
from extractors.xlsx.drawings import read_drawing, write_floating
from extractors.xlsx.sheet import SheetXml, area, links, merged_areas, page_text
from extractors.xlsx.sources import data_sources
from knowledge.errors import EmptyDocument, Encrypted, ExtractionError, ExtractionLimit
from knowledge.types import Document, ReadOptions


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """Values as their formats show them, of formulas those last computed; hidden sheets are left out."""
    package = Package(data, name)
    writer = DocumentWriter(name)
    writer.describe(package.properties())
    main = package.main_part("xl/workbook.xml")
    book = Part(package, main, writer, options)
    root = package.xml(main)
    cells = SheetCells(
        strings=shared_strings(package, book.target("sharedStrings")),
        styles=styles(package, book.target("styles"), starts_1904(root)),
        cell_pictures=cell_pictures(package, book),
    )
    entries = sheet_entries(book, root)
    damage: ExtractionError | None = None
    for entry in entries:
        try:
            if not entry.is_hidden:
                _write_entry(entry, book.beside(entry.part), cells)
        except (ExtractionLimit, Encrypted):
            raise
        except ExtractionError as error:
            damage = error
            writer.warn(f"the sheet {entry.title} was not read to its end: {error}")
    for source in data_sources(book):
        writer.add("paragraph", source)
    book.write_macros()
    writer.warn_of_hidden([entry.title for entry in entries if entry.is_hidden])
    try:
        return writer.finish("no visible sheet has a value")
    except EmptyDocument as empty:
        raise damage or empty from None


def _write_entry(entry: SheetEntry, part: Part, book: SheetCells) -> None:
    out = SheetWriter(part.writer, entry.title)
    xml = SheetXml(part.package, entry.part)
    rest, damage = _rest(xml)
    addresses = {key: relation.target for key, relation in part.relations.items() if relation.is_external}
    cells = SheetCells(
        strings=book.strings,
        styles=book.styles,
        links=links(rest, addresses),
        cell_pictures=book.cell_pictures,
    )
    drawings = [read_drawing(part.beside(target)) for target in part.targets("drawing")]
    sheet = Sheet(
        rows=cells.rows(xml.row_texts()),
        merged=merged_areas(rest),
        header_rows=_header_rows(part),
        pictures=[picture for drawing in drawings for picture in drawing.pictures],
        comments=read_comments(part),
        page_header=page_text(rest, "oddHeader", "evenHeader", "firstHeader"),
        page_footer=page_text(rest, "oddFooter", "evenFooter", "firstFooter"),
    )
    write_sheet(out, sheet)
    for drawing in drawings:
        write_floating(out, drawing)
    for key in part.relations:
        part.embed(key)
    if damage is not None:
        raise damage


def _header_rows(part: Part) -> frozenset[int]:
    """The first rows of the tables that the author declared as such."""
    roots = (part.package.optional_xml(target) for target in part.targets("table"))
    areas = (
        area(root.get("ref", "")) for root in roots if root is not None and root.get("headerRowCount") != "0"
    )
    return frozenset(found.top for found in areas if found is not None)


def _rest(xml: SheetXml) -> tuple[Element, ExtractionError | None]:
    """What follows the rows. Rows that are cut short are read all the same, and the error raised after them."""
    try:
        return xml.rest(), None
    except ExtractionError as error:
        return etree.Element("worksheet"), error
