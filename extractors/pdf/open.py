"""Opens PDF files: encrypted ones with their password, damaged ones after a repair."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractors.pdf.repair import encrypted, irreparable, rewritten, with_new_trailer
from extractors.writer import DocumentWriter
from knowledge.errors import Encrypted, ExtractionError

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument


def open_pdf(data: bytes, writer: DocumentWriter, password: str | None) -> PdfDocument:
    """A file that opens without a password is opened, whichever is given. One that was cut off gets a warning.

    Raises `Encrypted` when the password is missing or wrong, `ExtractionError` when nothing can be read.
    """
    import pypdfium2

    try:
        return _with_forms(pypdfium2.PdfDocument(data, password=password))
    except pypdfium2.PdfiumError as error:
        if "password" not in str(error).lower():
            return _repaired(data, writer, password)
        if password:
            return _open_without(data, writer.name, password)
        raise encrypted(writer.name, password) from error


def _open_without(data: bytes, name: str, password: str) -> PdfDocument:
    import pypdfium2

    try:
        return _with_forms(pypdfium2.PdfDocument(data))
    except pypdfium2.PdfiumError as error:
        raise encrypted(name, password) from error


def _repaired(data: bytes, writer: DocumentWriter, password: str | None) -> PdfDocument:
    import pypdfium2

    try:
        return _with_forms(pypdfium2.PdfDocument(rewritten(data, writer.name, password)))
    except Encrypted:
        raise
    except (pypdfium2.PdfiumError, ExtractionError):
        made_whole = with_new_trailer(data, writer.name)
    try:
        document = _with_forms(pypdfium2.PdfDocument(made_whole))
    except pypdfium2.PdfiumError as error:
        raise irreparable(writer.name, error) from error
    writer.warn("its end is missing or damaged: what stood there was not read")
    return document


def _with_forms(document: PdfDocument) -> PdfDocument:
    if document.get_formtype():
        document.init_forms()
    return document
