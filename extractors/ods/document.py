"""Reads OpenDocument spreadsheets: every visible sheet as a heading and Markdown tables, one block per row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from extractors.ods.cells import SheetBuilder
from extractors.ods.frames import picture, write_frame
from extractors.ods.macros import write_basic
from extractors.ooxml.package import Element, Package, attribute, local
from extractors.times import iso_seconds
from extractors.workbook.pages import page_words
from extractors.workbook.sheet import Placed, Sheet, SheetWriter
from extractors.workbook.writing import write_sheet
from extractors.writer import DocumentWriter
from knowledge.errors import Encrypted, ExtractionError
from knowledge.types import Document, ReadOptions, Value

_TABLE: Final = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
_STYLE: Final = "urn:oasis:names:tc:opendocument:xmlns:style:1.0"
_TAGS: Final = [f"{{{_TABLE}}}table", f"{{{_TABLE}}}table-row", f"{{{_TABLE}}}shapes", f"{{{_STYLE}}}style"]
_FIELDS: Final = {"page-number": "&P", "page-count": "&N", "sheet-name": "&A", "date": "&D", "time": "&T"}


@dataclass(slots=True)
class _Reader:
    """What was read of the workbook so far."""

    package: Package
    writer: DocumentWriter
    options: ReadOptions
    pages: dict[str, tuple[str, str]]
    """Name of a page layout → words of its header and footer."""
    styles: dict[str, tuple[bool, str]] = field(default_factory=dict)
    """Name of a sheet's style → whether it hides the sheet, and its page layout."""
    hidden: list[str] = field(default_factory=list)
    builder: SheetBuilder = field(default_factory=SheetBuilder)
    floating: list[Element] = field(default_factory=list)

    def begin(self, element: Element) -> None:
        if local(element) == "table":
            self.builder, self.floating = SheetBuilder(), []

    def end(self, element: Element) -> None:
        kind = local(element)
        if kind == "style":
            self._add_style(element)
        elif kind == "table-row":
            self.builder.add(element)
            element.clear()
        elif kind == "shapes":
            self.floating.extend(element)
        else:
            self._write(element)
            element.clear()

    def _add_style(self, element: Element) -> None:
        if attribute(element, "family") == "table":
            hides = any(attribute(item, "display") == "false" for item in element)
            name = attribute(element, "name") or ""
            self.styles[name] = (hides, attribute(element, "master-page-name") or "")

    def _write(self, table: Element) -> None:
        title = attribute(table, "name") or ""
        is_hidden, page = self.styles.get(attribute(table, "style-name") or "", (False, ""))
        if is_hidden:
            self.hidden.append(title)
            return
        out = SheetWriter(self.writer, title)
        frames = [*self.builder.frames, *((0, 0, frame) for frame in self.floating)]
        links = [(row, column, self._picture(frame)) for row, column, frame in frames]
        header, footer = self.pages.get(page, ("", ""))
        sheet = Sheet(
            rows=self.builder.rows,
            merged=self.builder.merged,
            pictures=[Placed(row, column, link) for row, column, link in links if link and row],
            comments=self.builder.comments,
            page_header=header,
            page_footer=footer,
        )
        write_sheet(out, sheet)
        for (row, _, link), (_, _, frame) in zip(links, frames, strict=True):
            if link and not row:
                out.add("image", link)
            elif not link:
                write_frame(out, frame, self.package, row or None)

    def _picture(self, frame: Element) -> str:
        return picture(frame, self.package, self.writer, self.options)


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """Values as the file shows them; hidden sheets are left out with a warning. Macros come last."""
    package = Package(data, name)
    _refuse_encrypted(package)
    writer = DocumentWriter(name)
    writer.describe(_properties(package))
    reader = _Reader(package, writer, options, dict(_pages(package)))
    parser = etree.XMLPullParser(
        ("start", "end"),
        tag=_TAGS,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
    )
    try:
        for chunk in package.chunks("content.xml"):
            parser.feed(chunk)
            for event, element in parser.read_events():
                if event == "start":
                    reader.begin(element)
                else:
                    reader.end(element)
    except etree.XMLSyntaxError as error:
        raise ExtractionError(f"{name} is damaged: content.xml is not well-formed ({error})") from error
    write_basic(writer, package)
    writer.warn_of_hidden(reader.hidden)
    return writer.finish("no visible sheet has a value")


def _refuse_encrypted(package: Package) -> None:
    manifest = package.optional_xml("META-INF/manifest.xml")
    if manifest is not None and next(manifest.iter("{*}encryption-data"), None) is not None:
        raise Encrypted(f"{package.name} is encrypted; remove the password and try again")


def _properties(package: Package) -> dict[str, Value | None]:
    root = package.optional_xml("meta.xml")
    texts: dict[str, str] = {}
    for item in root.iter() if root is not None else ():
        texts.setdefault(local(item), item.text or "")
    return {
        "title": texts.get("title"),
        "author": texts.get("initial-creator") or texts.get("creator"),
        "subject": texts.get("subject"),
        "keywords": texts.get("keyword"),
        "description": texts.get("description"),
        "created": iso_seconds(texts.get("creation-date")),
        "modified": iso_seconds(texts.get("date")),
    }


def _pages(package: Package) -> Iterator[tuple[str, tuple[str, str]]]:
    root = package.optional_xml("styles.xml")
    for page in root.iter("{*}master-page") if root is not None else ():
        texts = {
            local(item): page_words(_coded(item)) for item in page if local(item) in ("header", "footer")
        }
        yield attribute(page, "name") or "", (texts.get("header", ""), texts.get("footer", ""))


def _coded(element: Element) -> str:
    """The text of a page header with codes in place of its fields."""
    pieces = []
    for item in element.iter():
        name = local(item)
        pieces.append(_FIELDS[name] if name in _FIELDS else (item.text or "").replace("&", "&&"))
        pieces.append(" " if name == "p" else "")
        pieces.append((item.tail or "").replace("&", "&&"))
    return "".join(pieces)
