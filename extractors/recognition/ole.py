"""Tells the formats that share Microsoft's compound file (OLE) by the streams at its root."""

from __future__ import annotations

from typing import Final

from extractors.ole.compound import CompoundFile

ENCRYPTED_OFFICE: Final = "encrypted_office"
_KINDS: Final = (
    ("encryptedpackage", ENCRYPTED_OFFICE),
    ("worddocument", ".doc"),
    ("workbook", ".xls"),
    ("book", ".xls"),
    ("powerpoint document", ".ppt"),
    ("__properties_version1.0", ".msg"),
    ("\x05hwpsummaryinformation", ".hwp"),
    ("visiodocument", ".vsd"),
)
"""Stream → suffix. Upper and lower case are one in these names."""


def ole_kind(data: bytes, name: str) -> str:
    """The suffix of the format, `ENCRYPTED_OFFICE`, or ".ole" when its streams are of no known one.

    Raises `ExtractionError` when the directory is damaged.
    """
    streams = {path.casefold() for path in CompoundFile(data, name or "the data").paths}
    return next((kind for stream, kind in _KINDS if stream in streams), ".ole")
