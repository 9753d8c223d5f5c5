"""Files inside files: each is read as a document of its own, and a bad one is a warning of its container."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from knowledge.errors import KnowledgeError

if TYPE_CHECKING:
    from extractors.writer import DocumentWriter
    from knowledge.types import ReadOptions

_DEEPEST: Final = 3


def attach(writer: DocumentWriter, data: bytes, name: str, options: ReadOptions) -> None:
    """Reads `data` and adds it to the attachments of the document that is being written."""
    from extractors.reading import read

    if options.nesting >= _DEEPEST:
        writer.warn(f"{name} was not read: it is nested more than {_DEEPEST} deep")
        return
    try:
        writer.attachments.append(read(data, name, replace(options, nesting=options.nesting + 1)))
    except KnowledgeError as error:
        writer.warn(f"{name} was not read: {error}")
