"""Reads PDF files: paragraphs page by page, filled-in form fields included."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from extractors.pdf_headings import Outline, heading_levels, squeezed
from extractors.pdf_lines import Line, page_lines
from extractors.pdf_paragraphs import Paragraph, paragraphs
from extractors.times import pdf_seconds
from extractors.writer import DocumentWriter
from knowledge.errors import Encrypted, ExtractionError
from knowledge.types import Document, Locator, ReadOptions

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

_log = logging.getLogger(__name__)
_MOST_NAMED_PAGES: Final = 10
_DEEPEST_OUTLINE: Final = 6


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """Pages without a text layer are counted in a warning; a file of only such pages is empty."""
    document = _open(data, name)
    writer = DocumentWriter(name)
    _describe(document, writer)
    unread: list[int] = []
    outline = _outline(document)
    pages = [_page(document, number, outline, unread) for number in range(len(document))]
    _write(pages, outline, writer)
    _warn(document, pages, unread, writer)
    return writer.finish(_why_empty(document))


def _open(data: bytes, name: str) -> PdfDocument:
    import pypdfium2

    try:
        return _with_forms(pypdfium2.PdfDocument(data))
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise Encrypted(f"{name} is encrypted; remove the password and try again") from error
        repaired = _repaired(data, name)
    try:
        return _with_forms(pypdfium2.PdfDocument(repaired))
    except pypdfium2.PdfiumError as error:
        raise _damaged(name, error) from error


def _with_forms(document: PdfDocument) -> PdfDocument:
    if document.get_formtype():
        document.init_forms()
    return document


def _repaired(data: bytes, name: str) -> bytes:
    """The file written anew by a more patient reader."""
    import pypdf
    from pypdf.errors import DependencyError, PyPdfError

    try:
        writer = pypdf.PdfWriter(clone_from=pypdf.PdfReader(io.BytesIO(data), strict=False))
        repaired = io.BytesIO()
        writer.write(repaired)
        return repaired.getvalue()
    except (
        DependencyError,
        PyPdfError,
        ArithmeticError,
        AttributeError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        raise _damaged(name, error) from error


def _damaged(name: str, error: BaseException) -> ExtractionError:
    return ExtractionError(
        f"{name} is damaged and cannot be opened as a PDF ({' '.join(str(error).split())})"
    )


def _describe(document: PdfDocument, writer: DocumentWriter) -> None:
    facts = document.get_metadata_dict()
    writer.describe({key.lower(): facts.get(key) for key in ("Title", "Author", "Subject", "Keywords")})
    writer.describe(
        {"created": pdf_seconds(facts.get("CreationDate")), "modified": pdf_seconds(facts.get("ModDate"))}
    )


def _page(document: PdfDocument, number: int, outline: Outline, unread: list[int]) -> list[Paragraph]:
    import pypdfium2

    try:
        lines = _lines(document, number)
    except pypdfium2.PdfiumError as error:
        _log.info("page %d cannot be read: %s", number + 1, error)
        unread.append(number)
        return []
    titles = {position for position, line in enumerate(lines) if (number, squeezed(line.text)) in outline}
    return paragraphs(lines, titles)


def _lines(document: PdfDocument, number: int) -> list[Line]:
    page = document[number]
    if document.formenv is not None and page.flatten() == _flattened():
        page.close()
        page = document[number]
    textpage = page.get_textpage()
    lines = page_lines(textpage)
    # Pages are freed at once: thousands of them are read in one go.
    textpage.close()
    page.close()
    return lines


def _flattened() -> int:
    """What flattening returns when field values became page content and the page must be read again."""
    import pypdfium2.raw

    success: int = pypdfium2.raw.FLATTEN_SUCCESS
    return success


def _outline(document: PdfDocument) -> Outline:
    import pypdfium2

    found: dict[tuple[int, str], int] = {}
    try:
        for bookmark in document.get_toc(max_depth=_DEEPEST_OUTLINE):
            page = _destination(bookmark)
            if page is not None:
                found.setdefault((page, squeezed(bookmark.get_title())), bookmark.level + 1)
    except (pypdfium2.PdfiumError, UnicodeDecodeError) as error:
        _log.info("the outline cannot be read: %s", error)
    return found


def _destination(bookmark: Any) -> int | None:
    destination = bookmark.get_dest()
    page: int | None = destination.get_index() if destination is not None else None
    return page


def _write(pages: Sequence[Sequence[Paragraph]], outline: Outline, writer: DocumentWriter) -> None:
    levels = heading_levels(pages, outline)
    for number, page in enumerate(pages):
        locator = Locator(page=number + 1)
        for position, paragraph in enumerate(page):
            level = levels.get((number, position))
            if level is None:
                writer.add("paragraph", paragraph.text, locator=locator)
            else:
                writer.add("heading", paragraph.text.replace("\n", " "), level=level, locator=locator)


def _warn(document: PdfDocument, pages: Sequence[Any], unread: Sequence[int], writer: DocumentWriter) -> None:
    empty = [number for number, page in enumerate(pages) if not page and number not in unread]
    if unread:
        writer.warn(f"{_named(unread)} could not be read")
    if empty:
        writer.warn(f"{_named(empty)} of {len(pages)} hold no text layer: empty or scanned")
    attachments = document.count_attachments()
    if attachments:
        writer.warn(f"{attachments} embedded files were not read")


def _why_empty(document: PdfDocument) -> str:
    import pypdfium2.raw

    image = pypdfium2.raw.FPDF_PAGEOBJ_IMAGE
    try:
        has_image = any(next(page.get_objects(filter=[image], max_depth=3), None) for page in document)
    except pypdfium2.PdfiumError:
        has_image = False
    pages = f"none of its {len(document)} pages has a text layer"
    return f"{pages}; it seems to be scanned and needs OCR" if has_image else f"{pages} or an image"


def _named(pages: Sequence[int]) -> str:
    shown = ", ".join(str(page + 1) for page in pages[:_MOST_NAMED_PAGES])
    rest = f" and {len(pages) - _MOST_NAMED_PAGES} more" if len(pages) > _MOST_NAMED_PAGES else ""
    return f"pages {shown}{rest}"
