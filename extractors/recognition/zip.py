"""Tells the formats that are ZIP packages by what they declare of themselves, and plain archives from them."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import Final

from extractors.archives.limits import BOUNDED_METHODS
from knowledge.errors import ExtractionError

ZIP_STARTS: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_DECLARATION_BYTES: Final = 1 << 20
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    LookupError,
    ValueError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
)
_CUT_OFF: Final = "its end, where the directory stands, is missing; it was probably cut off, get it again"
_MAIN_TYPE = re.compile(
    rb"vnd\.(?:openxmlformats-officedocument\.|ms-)(word|spreadsheet|excel|presentation|powerpoint|visio)"
    rb"[\w.-]*\.main",
    re.IGNORECASE,
)
_OFFICE: Final = {
    b"word": ".docx",
    b"spreadsheet": ".xlsx",
    b"excel": ".xlsx",
    b"presentation": ".pptx",
    b"powerpoint": ".pptx",
    b"visio": ".vsdx",
}
_MIME_TYPES: Final = (
    (b"application/epub+zip", ".epub"),
    (b"application/vnd.oasis.opendocument.text", ".odt"),
    (b"application/vnd.oasis.opendocument.spreadsheet", ".ods"),
    (b"application/vnd.oasis.opendocument.presentation", ".odp"),
    (b"application/vnd.oasis.opendocument", ".odf"),
)
_TELLING_PARTS: Final = (
    ("word/document.xml", ".docx"),
    ("xl/workbook.xml", ".xlsx"),
    ("xl/workbook.bin", ".xlsb"),
    ("ppt/presentation.xml", ".pptx"),
    ("meta-inf/container.xml", ".epub"),
    ("index/document.iwa", ".iwork"),
)
"""For packages whose declaration is missing or damaged."""
_PACKAGE_SUFFIXES: Final = (".doc", ".dot", ".xl", ".pp", ".pot", ".od", ".epub")
_PACKAGE_PARTS: Final = ("[content_types].xml", "_rels/", "word/", "xl/", "ppt/", "meta-inf/", "content.xml")
"""Of packages so damaged that only their name says which they were."""


def zip_kind(data: bytes, name: str, suffix: str) -> str:
    """The suffix of the format, ".zip" for a plain archive; `suffix` is that of the name, where it promises a format.

    Raises `ExtractionError` when the directory is damaged.
    """
    try:
        package = zipfile.ZipFile(io.BytesIO(data))
    except _DAMAGE as error:
        why = _CUT_OFF if str(error) == "File is not a zip file" else error
        what = f"{suffix[1:]} file" if suffix not in ("", ".zip") else "ZIP archive"
        raise ExtractionError(f"{name or 'the data'} is a damaged {what}: {why}") from error
    parts = {part.replace("\\", "/").casefold(): part for part in package.namelist()}
    told = _declared(package, parts) or next((kind for part, kind in _TELLING_PARTS if part in parts), None)
    if told is None and suffix.startswith(_PACKAGE_SUFFIXES):
        told = suffix if any(part.startswith(_PACKAGE_PARTS) for part in parts) else None
    return told or ".zip"


def _declared(package: zipfile.ZipFile, parts: dict[str, str]) -> str | None:
    types = _read(package, parts.get("[content_types].xml"))
    if main := _MAIN_TYPE.search(types):
        return ".xlsb" if b"binary" in main[0].lower() else _OFFICE[main[1].lower()]
    mime_type = _read(package, parts.get("mimetype")).strip()
    return next((kind for start, kind in _MIME_TYPES if mime_type.startswith(start)), None)


def _read(package: zipfile.ZipFile, part: str | None) -> bytes:
    """The beginning of a part; nothing when it is missing or damaged."""
    if part is None:
        return b""
    try:
        if package.getinfo(part).compress_type not in BOUNDED_METHODS:
            return b""
        with package.open(part) as stream:
            return stream.read(_DECLARATION_BYTES)
    except _DAMAGE:
        return b""
