"""Reads ZIP and tar archives and mailboxes: what is in them are documents of their own, named by their path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from extractors.archives.limits import shared_budget
from extractors.archives.members import DAMAGE, Member, is_left_behind, mbox_members, tar_members, zip_members
from extractors.attachments import attach, check_nesting
from extractors.writer import DocumentWriter
from knowledge.errors import EmptyDocument, Encrypted, ExtractionError, KnowledgeError
from knowledge.types import Document, ReadOptions

_ZIP_START: Final = b"PK"
_MAILBOX_START: Final = b"From "


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """A document without text of its own, whose attachments are the members. Nothing is written to disk.

    A member that cannot be read is a warning. Raises `ExtractionError` when that is so of all of them.
    """
    check_nesting(name, options)
    writer = DocumentWriter(name)
    reading = _Reading(writer, options)
    with shared_budget() as budget:
        for member in _members(data, writer, options.password):
            if not is_left_behind(member.name):
                budget.add_entry(name)
                reading.read(member)
    return reading.finish()


class _Reading:
    """Reads member after member into the writer, and knows at the end what to say when none could be read."""

    def __init__(self, writer: DocumentWriter, options: ReadOptions) -> None:
        self._writer = writer
        self._options = options
        self._members = 0
        self._encrypted = 0

    def read(self, member: Member) -> None:
        self._members += 1
        try:
            content = member.read()
        except Encrypted as error:
            self._encrypted += 1
            self._writer.warn_of_unread(member.name, error)
        except KnowledgeError as error:
            self._writer.warn_of_unread(member.name, error)
        else:
            attach(self._writer, content, member.name, self._options)

    def finish(self) -> Document:
        writer = self._writer
        if writer.attachments:
            return writer.finish()
        if not self._members:
            raise EmptyDocument(f"nothing to read in {writer.name or 'the data'}: the archive is empty")
        is_outermost = self._options.nesting == 0
        files = f", which holds {self._members} files" if self._members > 1 and is_outermost else ""
        kind = Encrypted if self._encrypted == self._members else ExtractionError
        raise kind(f"nothing to read in {writer.name or 'the data'}{files}: {writer.warnings[0]}")


def _members(data: bytes, writer: DocumentWriter, password: str | None) -> Iterator[Member]:
    """The members up to where the archive is damaged, if it is; what was read until then is kept."""
    name = writer.name or "the data"
    try:
        if data.startswith(_ZIP_START):
            yield from zip_members(data, name, password)
        elif data.startswith(_MAILBOX_START):
            yield from mbox_members(data)
        else:
            yield from tar_members(data)
    except DAMAGE as error:
        if not writer.attachments:
            raise ExtractionError(f"{name} is a damaged archive: {error}") from error
        writer.warn(f"the rest of the archive is damaged: {error}")
