"""Decides which extractor reads some bytes: by what they are first, by the file's name second."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import PurePath
from typing import Final

from extractors.decoding import wide_encoding
from knowledge.errors import EmptyDocument, Encrypted, ExtractionError, UnsupportedFormat

SUFFIXES: Final = {
    ".txt": "text",
    ".log": "text",
    ".text": "text",
    ".md": "markdown",
    ".markdown": "markdown",
    ".mdx": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".pdf": "pdf",
    ".docx": "docx",
    ".docm": "docx",
    ".dotx": "docx",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xltx": "xlsx",
    ".csv": "csv",
    ".tsv": "csv",
}
_BINARY_FORMATS: Final = frozenset(("pdf", "docx", "xlsx"))
_PDF_HEADER_WITHIN: Final = 1024
_HTML_WITHIN: Final = 1024
_CONTROL_SAMPLE: Final = 8192
_MOST_CONTROLS: Final = 0.05
_MOST_ZEROS: Final = 0.01
_ALWAYS_ALLOWED: Final = 4
"""Stray control characters that any text may hold, however short."""

_MAGIC: Final = (
    (b"{\\rtf", "RTF text"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90\x00", "a program"),
    (b"ID3", "an MP3 recording"),
    (b"OggS", "an Ogg recording"),
    (b"RIFF", "a RIFF recording or image"),
    (b"%!PS", "PostScript"),
)
_COMPOUND: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_STREAM: Final = "EncryptedPackage".encode("utf-16-le")
_LEGACY_STREAMS: Final = (
    ("WordDocument", "a Word 97–2003 document (.doc)"),
    ("Workbook", "an Excel 97–2003 workbook (.xls)"),
    ("PowerPoint Document", "a PowerPoint 97–2003 presentation (.ppt)"),
    ("__substg1.0", "an Outlook message (.msg)"),
)
_ZIP_CONTENTS: Final = (
    ("xl/workbook.bin", "an Excel binary workbook (.xlsb)"),
    ("ppt/", "a PowerPoint presentation (.pptx)"),
    ("META-INF/container.xml", "an EPUB book"),
    ("content.xml", "an OpenDocument file"),
)
_HTML_START = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*(?:<!doctype\s+html|<html[\s>])",
    re.IGNORECASE | re.DOTALL,
)
_TEXT_CONTROLS: Final = bytes(set(range(32)) - set(b"\t\n\r\f\v\x08\x1a\x1b"))


def supported_suffixes() -> tuple[str, ...]:
    """Suffixes of files that can be read, lower case, with the dot."""
    return tuple(SUFFIXES)


def recognize(data: bytes, name: str) -> str:
    """The registry name of the extractor for `data`. Raises `UnsupportedFormat` naming what it is instead."""
    if not data:
        raise EmptyDocument(f"nothing to read in {_called(name)}: it has 0 bytes")
    suffix = PurePath(name).suffix.lower()
    return _by_content(data, name, suffix) or _by_name(data, name, suffix)


def _by_content(data: bytes, name: str, suffix: str) -> str | None:
    if b"%PDF-" in data[:_PDF_HEADER_WITHIN]:
        return "pdf"
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _zip_format(data, name, suffix)
    if data.startswith(_COMPOUND):
        raise _compound_error(data, name)
    for magic, what in _MAGIC:
        if data.startswith(magic):
            raise unsupported(name, what)
    if SUFFIXES.get(suffix) not in ("markdown", "csv") and _HTML_START.match(data[:_HTML_WITHIN]):
        return "html"
    return None


def _by_name(data: bytes, name: str, suffix: str) -> str:
    is_text = _is_text(data)
    found = SUFFIXES.get(suffix)
    if found in _BINARY_FORMATS:
        held = "plain text" if is_text else "damaged or unknown"
        raise ExtractionError(f"{_called(name)} is not a {found} file: its content is {held}")
    if not is_text:
        raise unsupported(name, "binary data of an unknown kind")
    if found is not None:
        return found
    if suffix and re.fullmatch(r"\.[a-z][a-z0-9_]{0,9}", suffix):
        raise unsupported(name, f"a {suffix} file")
    return "text"


def _zip_format(data: bytes, name: str, suffix: str) -> str:
    try:
        parts = zipfile.ZipFile(io.BytesIO(data)).namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        found = SUFFIXES.get(suffix)
        what = f"{found} file" if found in _BINARY_FORMATS else "ZIP archive"
        raise ExtractionError(f"{_called(name)} is a damaged {what}: {error}") from error
    for part, what in _ZIP_CONTENTS:
        if any(name == part or (part[-1] == "/" and name.startswith(part)) for name in parts):
            raise unsupported(name, what)
    folders = {part.split("/", 1)[0].lower() for part in parts}
    for folder, found in (("word", "docx"), ("xl", "xlsx")):
        if folder in folders:
            return found
    found = SUFFIXES.get(suffix, "")
    if "[Content_Types].xml" in parts and found in ("docx", "xlsx"):
        return found
    raise unsupported(name, "a ZIP archive")


def _compound_error(data: bytes, name: str) -> ExtractionError:
    """Old Office files and encrypted new ones share a container."""
    if _ENCRYPTED_STREAM in data:
        return Encrypted(f"{_called(name)} is encrypted; remove the password and try again")
    for stream, what in _LEGACY_STREAMS:
        if stream.encode("utf-16-le") in data:
            return unsupported(name, what)
    return unsupported(name, "an OLE compound file")


def _is_text(data: bytes) -> bool:
    """Text has hardly any control characters; UTF-16 and UTF-32 have, but in order."""
    sample = data[:_CONTROL_SAMPLE]
    if sample.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")):
        return True
    controls = len(sample) - len(sample.translate(None, delete=_TEXT_CONTROLS))
    zeros = sample.count(0)
    if zeros and wide_encoding(data):
        return True
    allowed_zeros = max(_ALWAYS_ALLOWED, len(sample) * _MOST_ZEROS)
    return zeros <= allowed_zeros and controls <= max(_ALWAYS_ALLOWED, len(sample) * _MOST_CONTROLS)


def unsupported(name: str, what: str) -> UnsupportedFormat:
    """The one error for formats without an extractor."""
    return UnsupportedFormat(
        f"{_called(name)} is {what}, which cannot be read; supported: {' '.join(SUFFIXES)}"
    )


def _called(name: str) -> str:
    return name or "the data"
