"""Opens the ZIP packages of Word and Excel: parts by name, relations between them, core properties."""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote
from xml.etree import ElementTree

from extractors.times import iso_seconds
from knowledge.errors import Encrypted, ExtractionError, ExtractionLimit
from knowledge.types import Value

LARGEST_PART_BYTES: Final = 1 << 30
"""A part that unpacks to more is taken for a ZIP bomb."""

Element = ElementTree.Element
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    LookupError,
    ValueError,
    EOFError,
    OSError,
    NotImplementedError,
)


def local(element: Element) -> str:
    """The tag without its namespace: strict and transitional files differ only there."""
    tag: str = element.tag
    return tag[tag.rfind("}") + 1 :]


def attribute(element: Element, name: str) -> str | None:
    """An attribute by its name without namespace."""
    for key, value in element.attrib.items():
        if key == name or key.endswith("}" + name):
            return value
    return None


def child(element: Element | None, name: str) -> Element | None:
    if element is not None:
        for found in element:
            if local(found) == name:
                return found
    return None


@dataclass(frozen=True, slots=True)
class Relation:
    kind: str
    """The last word of its type: officeDocument, styles, footnotes …"""
    target: str
    is_external: bool


class Package:
    """A file of ZIP parts. Every failure to read one is an `ExtractionError` naming the file."""

    def __init__(self, data: bytes, name: str) -> None:
        self.name = name
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
            raise ExtractionError(f"{name} is damaged: its ZIP directory cannot be read ({error})") from error
        self.parts = {part.casefold(): part for part in self._zip.namelist()}

    def has(self, part: str) -> bool:
        return part.casefold() in self.parts

    def read(self, part: str, first_bytes: int | None = None) -> bytes:
        """The bytes of a part, or its first ones."""
        try:
            info = self._zip.getinfo(self.parts.get(part.casefold(), part))
            if first_bytes is None and info.file_size > LARGEST_PART_BYTES:
                raise ExtractionLimit(f"{self.name}: {part} unpacks to {info.file_size} bytes")
            with self._zip.open(info) as stream:
                return stream.read(info.file_size if first_bytes is None else first_bytes)
        except _DAMAGE as error:
            raise ExtractionError(f"{self.name} is damaged: {part} cannot be read ({error})") from error
        except RuntimeError as error:
            raise Encrypted(f"{self.name} is encrypted; remove the password and try again") from error

    def xml(self, part: str) -> Element:
        try:
            return ElementTree.fromstring(self.read(part))
        except (ElementTree.ParseError, ValueError, LookupError) as error:
            raise ExtractionError(
                f"{self.name} is damaged: {part} is not well-formed XML ({error})"
            ) from error

    def optional_xml(self, part: str | None) -> Element | None:
        """A part that the file may lack or have broken without losing its text."""
        if part is None or not self.has(part):
            return None
        try:
            return self.xml(part)
        except ExtractionError:
            return None

    def relations(self, part: str) -> dict[str, Relation]:
        """Relation id → relation of a part ("" for the package)."""
        folder, file = posixpath.split(part)
        root = self.optional_xml(posixpath.join(folder, "_rels", f"{file}.rels"))
        found = {}
        for relation in root if root is not None else ():
            target = unquote(relation.get("Target", ""))
            kind = relation.get("Type", "").rsplit("/", 1)[-1]
            external = relation.get("TargetMode") == "External"
            path = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
            found[relation.get("Id", "")] = Relation(kind, target if external else path, external)
        return found

    def main_part(self, usual: str) -> str:
        """The part that holds the document itself."""
        for relation in self.relations("").values():
            if relation.kind == "officeDocument" and self.has(relation.target):
                return relation.target
        return usual

    def properties(self) -> dict[str, Value | None]:
        """Title, author, subject, keywords, created and modified, as far as the file tells."""
        root = self.optional_xml("docProps/core.xml")
        texts = {local(item): item.text for item in root} if root is not None else {}
        return {
            "title": texts.get("title"),
            "author": texts.get("creator"),
            "subject": texts.get("subject"),
            "keywords": texts.get("keywords"),
            "created": iso_seconds(texts.get("created")),
            "modified": iso_seconds(texts.get("modified")),
        }
