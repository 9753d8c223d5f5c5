"""Reads the pages of a PDF as the file holds them: no order, no paragraphs, as fast as pdfium is."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from extractors.pdf.gaps import Gaps
from extractors.pdf.page import is_flattened, is_garbled
from extractors.writer import DocumentWriter
from knowledge.types import Locator

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

_log = logging.getLogger(__name__)


def write_plain(document: PdfDocument, writer: DocumentWriter) -> Gaps:
    """One block a page, its lines as lines; returns the pages that have none."""
    import pypdfium2

    gaps = Gaps()
    for number in range(len(document)):
        try:
            text, is_unusable = _text(document, number)
        except pypdfium2.PdfiumError as error:
            _log.info("page %d cannot be read: %s", number + 1, error)
            gaps.broken.append(number)
            continue
        if is_unusable:
            gaps.garbled.append(number)
        elif not text or text.isspace():
            gaps.empty.append(number)
        else:
            writer.add("paragraph", text, locator=Locator(page=number + 1))
    return gaps


def _text(document: PdfDocument, number: int) -> tuple[str, bool]:
    """What the page says, and whether that is of no use."""
    page = document[number]
    if is_flattened(document, page):
        page.close()
        page = document[number]
    textpage = page.get_textpage()
    text: str = textpage.get_text_range()
    is_unusable = is_garbled(textpage, text)
    textpage.close()
    page.close()
    # How the reader marks a word that it put together again at the end of a line.
    if "\ufffe" in text or "\x02" in text:
        text = text.replace("\ufffe", "").replace("\x02", "")
    return text, is_unusable
