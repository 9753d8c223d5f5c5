"""Files inside files: each is a document of its own, known by the path that leads to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from knowledge.sources import Source
from knowledge.types import Document


def attached_sources(container: Source, document: Document) -> list[Source]:
    """Every file inside, however deep, in order: `mail.eml/report.zip/a.txt`. A repeated name gets a number.

    Those that hold nothing but other files are left out.
    """
    found: dict[str, Source] = {}
    for key, inside in _attached(container.key, document):
        unique = _free(key, found)
        found[unique] = Source(key=unique, name=inside.name, document=replace(inside, attachments=()))
    return list(found.values())


def _attached(key: str, document: Document) -> Iterator[tuple[str, Document]]:
    for inside in document.attachments:
        path = f"{key}/{inside.name}"
        if inside.text.strip() or not inside.attachments:
            yield path, inside
        yield from _attached(path, inside)


def _free(key: str, taken: dict[str, Source]) -> str:
    number = 2
    unique = key
    while unique in taken:
        unique, number = f"{key} ({number})", number + 1
    return unique
