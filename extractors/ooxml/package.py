"""Opens the packages of Word, PowerPoint and Excel: parts by name, relations between them, properties."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, Final, TypeAlias
from urllib.parse import unquote

from lxml import etree

from extractors.archives.limits import check_package
from extractors.times import iso_seconds
from knowledge.errors import Encrypted, ExtractionError, ExtractionLimit
from knowledge.types import Value

LARGEST_PART_BYTES: Final = 1 << 30
"""A part that unpacks to more is taken for a ZIP bomb."""

_CHUNK_BYTES: Final = 1 << 20
_MOST_RECENT: Final = 8
"""Parts of no more than a chunk that are kept unpacked: a sheet is read for its start, its end and its rows."""

Element: TypeAlias = Any
"""An element of lxml, or of the standard library's ElementTree where a sheet is streamed."""
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    LookupError,
    ValueError,
    EOFError,
    OSError,
    NotImplementedError,
)
_STRICT: Final = b"http://purl.oclc.org/ooxml/"
_STRICT_NAMESPACE = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/(\w+)")
_TRANSITIONAL_NAMESPACE: Final = rb"http://schemas.openxmlformats.org/\1/2006/\2"
WORD: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MOST_NAMES: Final = 10_000


class _LocalNames(dict[Any, str]):
    """Tag → the tag without its namespace, each cut once."""

    def __missing__(self, tag: Any) -> str:
        if len(self) > _MOST_NAMES:
            self.clear()
        name = self[tag] = tag[tag.rfind("}") + 1 :] if isinstance(tag, str) else ""
        return name


NAMES: Final = _LocalNames()


def local(element: Element) -> str:
    """The tag without its namespace: "p" is a paragraph in Word and in drawings."""
    return NAMES[element.tag]


def attribute(element: Element, name: str) -> str | None:
    """An attribute by its name without namespace."""
    found: str | None = element.get(name)
    if found is None:
        for key, found_value in element.attrib.items():
            if key.endswith("}" + name):
                return str(found_value)
    return found


def child(element: Element | None, name: str) -> Element | None:
    if element is not None:
        for found in element:
            if NAMES[found.tag] == name:
                return found
    return None


def children(element: Element | None) -> dict[str, Element]:
    """The children by their names: the last one of each."""
    return {NAMES[item.tag]: item for item in element} if element is not None else {}


def descend(element: Element | None, *names: str) -> Element | None:
    """The child of a child …; None where one is missing."""
    for name in names:
        element = child(element, name)
    return element


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
        check_package(self._zip.infolist(), name, len(data))
        self._recent: dict[str, bytes] = {}
        self.parts = {part.casefold(): part for part in self._zip.namelist()}

    def has(self, part: str) -> bool:
        return part.casefold() in self.parts

    def read(self, part: str, first_bytes: int | None = None) -> bytes:
        """The bytes of a part, or its first ones."""
        if part in self._recent:
            return self._recent[part][:first_bytes]
        with self._opened(part) as (info, stream):
            is_small = info.file_size <= _CHUNK_BYTES
            data = stream.read(info.file_size if first_bytes is None or is_small else first_bytes)
        if is_small:
            self._recent[part] = data
            if len(self._recent) > _MOST_RECENT:
                del self._recent[next(iter(self._recent))]
        return data[:first_bytes]

    def chunks(self, part: str) -> Iterator[bytes]:
        """The bytes of a part that may be large, piece by piece."""
        if part in self._recent:
            yield self._recent[part]
            return
        with self._opened(part) as (_, stream):
            while chunk := stream.read(_CHUNK_BYTES):
                yield chunk

    @contextmanager
    def _opened(self, part: str) -> Iterator[tuple[zipfile.ZipInfo, IO[bytes]]]:
        try:
            info = self._zip.getinfo(self.parts.get(part.casefold(), part))
            if info.file_size > LARGEST_PART_BYTES:
                raise ExtractionLimit(f"{self.name}: {part} unpacks to {info.file_size} bytes")
            with self._zip.open(info) as stream:
                yield info, stream
        except _DAMAGE as error:
            raise ExtractionError(f"{self.name} is damaged: {part} cannot be read ({error})") from error
        except RuntimeError as error:
            raise Encrypted(f"{self.name} is encrypted; remove the password and try again") from error

    def xml(self, part: str) -> Element:
        """The root of a part. Names of the strict variant of the format come as those of the usual one."""
        data = self.read(part)
        try:
            return parsed(data)
        except (etree.XMLSyntaxError, ValueError, LookupError) as error:
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
            target = relation.get("Target", "")
            kind = relation.get("Type", "").rsplit("/", 1)[-1]
            external = relation.get("TargetMode") == "External"
            path = posixpath.normpath(posixpath.join("/", folder, unquote(target))).lstrip("/")
            found[relation.get("Id", "")] = Relation(kind, target if external else path, external)
        return found

    def main_part(self, usual: str) -> str:
        """The part that holds the document itself."""
        for relation in self.relations("").values():
            if relation.kind == "officeDocument" and self.has(relation.target):
                return relation.target
        return usual

    def properties(self) -> dict[str, Value | None]:
        """Title, author, subject … and when it was made, as far as the file tells."""
        core = self._texts("docProps/core.xml")
        return {
            "title": core.get("title"),
            "author": core.get("creator"),
            "subject": core.get("subject"),
            "keywords": core.get("keywords"),
            "description": core.get("description"),
            "category": core.get("category"),
            "company": self._texts("docProps/app.xml").get("Company"),
            "created": iso_seconds(core.get("created")),
            "modified": iso_seconds(core.get("modified")),
        }

    def _texts(self, part: str) -> dict[str, str | None]:
        root = self.optional_xml(part)
        return {local(item): item.text for item in root} if root is not None else {}


def parsed(data: bytes) -> Element:
    """Reads nothing but `data` itself; libxml2's own limits on depth and entities stay on."""
    if _STRICT in data:
        data = _STRICT_NAMESPACE.sub(_TRANSITIONAL_NAMESPACE, data)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    return etree.fromstring(data, parser)
