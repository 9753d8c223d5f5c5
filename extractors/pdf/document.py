"""Reads PDF files: paragraphs, headings, tables and pictures in reading order, filled-in form fields included."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

from extractors.attachments import attach
from extractors.pdf.code import Code
from extractors.pdf.gaps import Gaps, why_empty
from extractors.pdf.graphics import Picture
from extractors.pdf.layout import Placed, layout
from extractors.pdf.open import open_pdf
from extractors.pdf.outline import outline_of
from extractors.pdf.page import Page, read_page
from extractors.pdf.paragraphs import Paragraph, list_item
from extractors.pdf.pictures import PictureReader
from extractors.pdf.plain import write_plain
from extractors.pdf.table import Table
from extractors.table import markdown_table
from extractors.times import pdf_seconds
from extractors.writer import DocumentWriter
from knowledge.types import Document, Locator, ReadOptions

if TYPE_CHECKING:
    from pypdfium2 import PdfAttachment, PdfDocument

_log = logging.getLogger(__name__)
_MOST_FILES: Final = 1_000


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """Pages without a usable text layer are counted in a warning; a file of only such pages is empty.

    Without `options.layout` a page is one block, its text in the order of the file.
    """
    writer = DocumentWriter(name)
    document = open_pdf(data, writer, options.password)
    damage = tuple(writer.warnings)
    _describe(document, writer)
    gaps = _write_layout(document, writer, options) if options.layout else write_plain(document, writer)
    for warning in gaps.warnings(len(document)):
        writer.warn(warning)
    _attach(writer, _embedded(document), options)
    has_nothing = len(gaps.broken) + len(gaps.empty) + len(gaps.garbled) == len(document)
    return writer.finish("; ".join((*damage, why_empty(document, gaps))) if has_nothing else "")


def _describe(document: PdfDocument, writer: DocumentWriter) -> None:
    facts = document.get_metadata_dict()
    writer.describe({key.lower(): facts.get(key) for key in ("Title", "Author", "Subject", "Keywords")})
    writer.describe(
        {"created": pdf_seconds(facts.get("CreationDate")), "modified": pdf_seconds(facts.get("ModDate"))}
    )


def _write_layout(document: PdfDocument, writer: DocumentWriter, options: ReadOptions) -> Gaps:
    gaps = Gaps()
    pictures = PictureReader() if options.images else None
    pages = [_page(document, number, pictures, gaps) for number in range(len(document))]
    placed = list(layout(pages, outline_of(document), page_headers=options.page_headers))
    # A file of nothing but pictures has nothing to read: it is empty.
    if any(not isinstance(item.content, Picture) for item in placed):
        _write(placed, writer)
    if pictures and pictures.left_out:
        writer.warn(f"{pictures.left_out} pictures were left out: too large or too many")
    for page in pages:
        _attach(writer, page.annotations.files, options)
    return gaps


def _page(document: PdfDocument, number: int, pictures: PictureReader | None, gaps: Gaps) -> Page:
    import pypdfium2

    try:
        page = read_page(document, number, pictures)
    except pypdfium2.PdfiumError as error:
        _log.info("page %d cannot be read: %s", number + 1, error)
        gaps.broken.append(number)
        return Page(number=number)
    if page.is_garbled:
        gaps.garbled.append(number)
    elif page.is_empty:
        gaps.empty.append(number)
    return page


def _write(placed: Sequence[Placed], writer: DocumentWriter) -> None:
    for is_list, group in groupby(placed, key=_is_list):
        if is_list:
            _write_list(list(group), writer)
            continue
        for item in group:
            _write_one(item, writer)


def _is_list(item: Placed) -> bool:
    return item.level is None and isinstance(item.content, Paragraph) and bool(list_item(item.content))


def _write_list(items: Sequence[Placed], writer: DocumentWriter) -> None:
    texts = [list_item(item.content) for item in items if isinstance(item.content, Paragraph)]
    writer.add("list", "\n".join(texts), locator=_locator(items[0].page, items[-1].page_end))


def _write_one(item: Placed, writer: DocumentWriter) -> None:
    locator, content = _locator(item.page, item.page_end), item.content
    if isinstance(content, Picture):
        writer.add("image", writer.image_link(content.data), locator=locator)
    elif isinstance(content, Code):
        writer.add("code", content.text, locator=locator)
    elif isinstance(content, Table):
        writer.add("table", markdown_table(content.rows), locator=locator)
    elif item.level is None:
        writer.add("paragraph", content.text, locator=locator)
    else:
        writer.add("heading", content.text.replace("\n", " "), level=item.level, locator=locator)


def _locator(first: int, last: int) -> Locator:
    return Locator(page=first + 1, page_end=last + 1 if last > first else None)


def _embedded(document: PdfDocument) -> Iterator[PdfAttachment]:
    for index in range(document.count_attachments()):
        yield document.get_attachment(index)


def _attach(writer: DocumentWriter, files: Iterable[PdfAttachment], options: ReadOptions) -> None:
    import pypdfium2

    for number, file in enumerate(files):
        if number >= _MOST_FILES:
            writer.warn(f"only the first {_MOST_FILES} embedded files were read")
            return
        name = file.get_name() or f"embedded file {number + 1}"
        try:
            data = bytes(file.get_data())
        except pypdfium2.PdfiumError as error:
            writer.warn(f"{name} was not read: it is not in the file ({error})")
        else:
            attach(writer, data, name, options)
