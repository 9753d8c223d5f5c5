"""Files inside files: each is read as a document of its own, and a bad one is a warning of its container."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from extractors.reading import read
from knowledge.errors import ExtractionLimit, KnowledgeError

if TYPE_CHECKING:
    from extractors.writer import DocumentWriter
    from knowledge.types import ReadOptions

_DEEPEST: Final = 3


def attach(writer: DocumentWriter, data: bytes, name: str, options: ReadOptions) -> None:
    """Reads `data` and adds it to the attachments of the document that is being written.

    Its characters count towards those of the outermost file. What cannot be read is a warning.
    """
    try:
        check_nesting(name, options)
        writer.attachments.append(read(data, name, replace(options, nesting=options.nesting + 1)))
    except KnowledgeError as error:
        writer.warn_of_unread(name, error)


def check_nesting(name: str, options: ReadOptions) -> None:
    """Raises `ExtractionLimit` when nothing inside of this file would be read any more."""
    if options.nesting >= _DEEPEST:
        raise ExtractionLimit(
            f"{name or 'the data'} is nested more than {_DEEPEST} deep; unpack it and give the files"
        )
