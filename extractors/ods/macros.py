"""Reads the source of Basic macros in OpenDocument files."""

from __future__ import annotations

import re

from extractors.ole.macros import write_macro
from extractors.ooxml.package import Package, attribute, local
from extractors.writer import DocumentWriter

_MODULE = re.compile(r"Basic/([^/]+)/(?!script-lb\.xml)[^/]+\.xml")


def write_basic(writer: DocumentWriter, package: Package) -> None:
    """Adds every module of the document as code; those that cannot be read are left out."""
    for path in package.parts.values():
        if _MODULE.fullmatch(path):
            root = package.optional_xml(path)
            if root is not None and local(root) == "module":
                write_macro(writer, attribute(root, "name") or "", root.text or "")
