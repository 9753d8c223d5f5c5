"""Takes the file out of an embedded object: what a person put into a document by "insert object"."""

from __future__ import annotations

import re
from typing import Final

from extractors.ole.compound import MAGIC, CompoundFile
from extractors.recognition.signatures import binary_kind
from extractors.recognition.zip import ZIP_STARTS, zip_kind
from knowledge.errors import ExtractionError, UnsupportedFormat

_NATIVE: Final = "\x01Ole10Native"
_WHOLE: Final = frozenset(
    ("WordDocument", "Workbook", "Book", "PowerPoint Document", "__properties_version1.0")
)
"""Streams of files that are compound files themselves."""
_SHEETS: Final = ("Workbook", "Book")
"""Streams that are read without the file around them."""
_CARRIERS: Final = ("Package", "package", "CONTENTS", "EmbeddedOdf")
"""Streams that hold another file as it is: of new Office, of Acrobat, of LibreOffice."""


def embedded_file(data: bytes, name: str) -> tuple[bytes, str]:
    """The file in an embedded object and its name; what is no object is the file itself.

    Raises `UnsupportedFormat` for objects that only their program can read, such as old equations.
    """
    if not data.startswith(MAGIC):
        return data, name
    container = CompoundFile(data, name)
    stem = name.removesuffix(".bin")
    if _WHOLE.intersection(container.paths):
        return data, stem
    return file_in_folder(container, "", stem)


def file_in_folder(container: CompoundFile, folder: str, name: str) -> tuple[bytes, str]:
    """The same for an object that is a folder ("MBD0001/") of an old Office file."""
    for stream in _SHEETS:
        if folder and folder + stream in container.paths:
            return container.read(folder + stream), f"{name}.xls"
    if folder + _NATIVE in container.paths:
        return _native(container.read(folder + _NATIVE), name)
    for carrier in _CARRIERS:
        if folder + carrier in container.paths:
            data = container.read(folder + carrier)
            return data, _called(name, data)
    raise UnsupportedFormat("it is an object that only the program that made it can read")


def _called(name: str, data: bytes) -> str:
    """With the suffix of what it holds, since it has but a number for a name."""
    kind = zip_kind(data, name, "") if data.startswith(ZIP_STARTS) else binary_kind(data)
    return f"{name}{kind or ''}"


def _native(data: bytes, otherwise: str) -> tuple[bytes, str]:
    """An "OLE package": size, flags, label, path, reserved, path again, then the file ([MS-OLEDS] 2.3.6)."""
    try:
        label_end = data.index(b"\0", 6)
        path_end = data.index(b"\0", label_end + 1)
        temporary = int.from_bytes(data[path_end + 5 : path_end + 9], "little")
        start = path_end + 9 + temporary
        size = int.from_bytes(data[start : start + 4], "little")
    except ValueError as error:
        raise ExtractionError("its package is damaged") from error
    label = data[6:label_end].decode("utf-8", "replace")
    name = re.split(r"[\\/]", label)[-1]
    return data[start + 4 : start + 4 + size], name or otherwise
