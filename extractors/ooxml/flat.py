"""Packs an Office file that was saved as one XML file ("flat OPC") into the ZIP package that it stands for."""

from __future__ import annotations

import binascii
import io
import zipfile
from base64 import b64decode

from lxml import etree

from extractors.ooxml.package import Element, child, parsed
from knowledge.errors import ExtractionError

_PACKAGE = "{http://schemas.microsoft.com/office/2006/xmlPackage}"


def as_package(data: bytes, name: str) -> bytes:
    """The bytes of a package; those that are one already come back as they are."""
    if data.startswith(b"PK"):
        return data
    try:
        root = parsed(data)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise ExtractionError(f"{name} is damaged: it is not well-formed XML ({error})") from error
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        for part in root.iterchildren(f"{_PACKAGE}part"):
            path = (part.get(f"{_PACKAGE}name") or "").lstrip("/")
            if path and path not in package.namelist():
                package.writestr(path, _content(part, name))
    return stream.getvalue()


def _content(part: Element, name: str) -> bytes:
    xml, binary = child(part, "xmlData"), child(part, "binaryData")
    if xml is not None and len(xml):
        return bytes(etree.tostring(xml[0], encoding="utf-8", xml_declaration=True))
    try:
        return b64decode(binary.text or "") if binary is not None else b""
    except (binascii.Error, ValueError) as error:
        raise ExtractionError(f"{name} is damaged: a part of it is not well-formed base64") from error
