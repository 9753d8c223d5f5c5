"""Opens PDF files: encrypted ones with their password, damaged ones after a repair."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from knowledge.errors import Encrypted, ExtractionError

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument


def open_pdf(data: bytes, name: str, password: str | None) -> PdfDocument:
    """A file that opens without a password is opened, whichever is given.

    Raises `Encrypted` when the password is missing or wrong, `ExtractionError` when nothing can be read.
    """
    import pypdfium2

    try:
        return _with_forms(pypdfium2.PdfDocument(data, password=password))
    except pypdfium2.PdfiumError as error:
        if "password" not in str(error).lower():
            repaired = _repaired(data, name, password)
        elif password:
            return _open_without(data, name, password)
        else:
            raise _encrypted(name, password) from error
    try:
        return _with_forms(pypdfium2.PdfDocument(repaired))
    except pypdfium2.PdfiumError as error:
        raise _damaged(name, error) from error


def _open_without(data: bytes, name: str, password: str) -> PdfDocument:
    import pypdfium2

    try:
        return _with_forms(pypdfium2.PdfDocument(data))
    except pypdfium2.PdfiumError as error:
        raise _encrypted(name, password) from error


def _encrypted(name: str, password: str | None) -> Encrypted:
    if password:
        return Encrypted(f"{name} is encrypted and the password given (--password) does not open it")
    return Encrypted(
        f"{name} is encrypted; give its password (--password) or remove the password and try again"
    )


def _with_forms(document: PdfDocument) -> PdfDocument:
    if document.get_formtype():
        document.init_forms()
    return document


def _repaired(data: bytes, name: str, password: str | None) -> bytes:
    """The file written anew by a more patient reader."""
    import pypdf
    from pypdf.errors import DependencyError, PyPdfError

    try:
        reader = pypdf.PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(password or ""):
            raise _encrypted(name, password)
        repaired = io.BytesIO()
        pypdf.PdfWriter(clone_from=reader).write(repaired)
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
