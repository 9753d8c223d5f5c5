"""Names the places outside of a workbook that its data come from: web pages, databases, files, other programs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from extractors.ooxml.package import Element, local
from extractors.ooxml.part import Part

_SECRET = re.compile(r"\s*(?:password|pwd|user id|uid)\s*=[^;]*;?", re.IGNORECASE)
_PLACES: Final = ("url", "connection", "sourceFile")


def data_sources(book: Part) -> list[str]:
    """A line for each connection and each linked file, without the passwords in them."""
    lines = [*_connections(book), *_linked(book)]
    return list(dict.fromkeys(lines))


def _connections(book: Part) -> Iterator[str]:
    for target in book.targets("connections"):
        root = book.package.optional_xml(target)
        for connection in root.iter("{*}connection") if root is not None else ():
            place = " ".join(_SECRET.sub("", text).strip(" ;") for text in _places(connection))
            yield f"Data connection {connection.get('name', '')}: {place}"


def _places(connection: Element) -> Iterator[str]:
    for item in connection.iter():
        yield from (text for name, text in item.attrib.items() if name in _PLACES)


def _linked(book: Part) -> Iterator[str]:
    for target in book.targets("externalLink"):
        part = book.beside(target)
        for relation in part.relations.values():
            if relation.is_external:
                yield f"Linked file: {relation.target}"
        root = book.package.optional_xml(target)
        for item in root if root is not None else ():
            if local(item) == "ddeLink":
                yield f"Linked program: {item.get('ddeService', '')}|{item.get('ddeTopic', '')}"
