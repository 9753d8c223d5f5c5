"""Files inside files: each is a document of its own, known by the path that leads to it."""

from __future__ import annotations

from dataclasses import replace

from knowledge.sources import Source
from knowledge.types import Document


def unpacked(container: Source, document: Document) -> tuple[Document, list[Source]]:
    """The document alone, and every file inside, however deep, in order: `mail.eml/report.zip/a.txt`.

    A repeated name gets a number. What holds nothing but other files is left out; its warnings are those of what
    holds it.
    """
    alone, files = _unpacked(container.key, document)
    found: dict[str, Source] = {}
    for key, inside in files:
        unique = _free(key, found)
        found[unique] = Source(key=unique, name=inside.name, document=inside)
    return alone, list(found.values())


def _unpacked(key: str, document: Document) -> tuple[Document, list[tuple[str, Document]]]:
    warnings = list(document.warnings)
    files: list[tuple[str, Document]] = []
    for inside in document.attachments:
        path = f"{key}/{inside.name}"
        alone, below = _unpacked(path, inside)
        if inside.text.strip() or not inside.attachments:
            files.append((path, alone))
        else:
            warnings += [f"{inside.name}: {warning}" for warning in alone.warnings]
        files += below
    return replace(document, warnings=tuple(warnings), attachments=()), files


def _free(key: str, taken: dict[str, Source]) -> str:
    number = 2
    unique = key
    while unique in taken:
        unique, number = f"{key} ({number})", number + 1
    return unique
