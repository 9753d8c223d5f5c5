"""Reads what was laid over a PDF page: links to the web, notes of readers, attached files."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from extractors.pdf.links import Link

if TYPE_CHECKING:
    from pypdfium2 import PdfAttachment, PdfDocument

_MOST: Final = 5_000
_LONGEST_URL: Final = 2_000
_WEB: Final = ("http://", "https://", "mailto:", "ftp://")


@dataclass(slots=True)
class Annotations:
    links: list[Link] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What readers wrote, after their name if it is known."""
    typed: list[str] = field(default_factory=list)
    """Text set on the page as an annotation."""
    files: list[PdfAttachment] = field(default_factory=list)
    has_fields: bool = False


def page_annotations(document: PdfDocument, page: Any) -> Annotations:
    import pypdfium2.raw as pdfium

    found = Annotations()
    for annotation in _each(page):
        kind = pdfium.FPDFAnnot_GetSubtype(annotation)
        if kind == pdfium.FPDF_ANNOT_LINK:
            found.links += _links(document, annotation)
        elif kind == pdfium.FPDF_ANNOT_FILEATTACHMENT:
            files = list(_files(document, annotation))
            found.files += files
            names = {file.get_name() for file in files}
            found.notes += [text for text in _texts(annotation, "Contents") if text not in names]
        elif kind == pdfium.FPDF_ANNOT_FREETEXT:
            found.typed += _texts(annotation, "Contents")
        elif kind == pdfium.FPDF_ANNOT_WIDGET:
            found.has_fields = True
        elif kind != pdfium.FPDF_ANNOT_POPUP:
            found.notes += _notes(annotation)
    return found


def _each(page: Any) -> Iterator[Any]:
    import pypdfium2.raw as pdfium

    for index in range(min(pdfium.FPDFPage_GetAnnotCount(page), _MOST)):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        if annotation:
            try:
                yield annotation
            finally:
                pdfium.FPDFPage_CloseAnnot(annotation)


def _links(document: PdfDocument, annotation: Any) -> Iterator[Link]:
    import pypdfium2.raw as pdfium

    action = pdfium.FPDFLink_GetAction(pdfium.FPDFAnnot_GetLink(annotation))
    if not action or pdfium.FPDFAction_GetType(action) != pdfium.PDFACTION_URI:
        return
    buffer = ctypes.create_string_buffer(_LONGEST_URL)
    pdfium.FPDFAction_GetURIPath(document, action, buffer, _LONGEST_URL)
    url = buffer.value.decode("utf-8", "replace").strip()
    box = pdfium.FS_RECTF()
    if url.lower().startswith(_WEB) and pdfium.FPDFAnnot_GetRect(annotation, ctypes.byref(box)):
        low, high = sorted((box.bottom, box.top))
        left, right = sorted((box.left, box.right))
        yield Link(left=left, bottom=low, right=right, top=high, url=url)


def _notes(annotation: Any) -> Iterator[str]:
    author = next(_texts(annotation, "T"), "")
    for text in _texts(annotation, "Contents"):
        yield f"{author}: {text}" if author else text


def _texts(annotation: Any, key: str) -> Iterator[str]:
    import pypdfium2.raw as pdfium

    name = key.encode()
    size = pdfium.FPDFAnnot_GetStringValue(annotation, name, None, 0)
    buffer = ctypes.create_string_buffer(size)
    pdfium.FPDFAnnot_GetStringValue(
        annotation, name, ctypes.cast(buffer, ctypes.POINTER(pdfium.FPDF_WCHAR)), size
    )
    text = buffer.raw[: max(0, size - 2)].decode("utf-16-le", "replace").strip()
    if text:
        yield text


def _files(document: PdfDocument, annotation: Any) -> Iterator[PdfAttachment]:
    import pypdfium2.raw as pdfium
    from pypdfium2 import PdfAttachment

    handle = pdfium.FPDFAnnot_GetFileAttachment(annotation)
    if handle:
        yield PdfAttachment(handle, document)
