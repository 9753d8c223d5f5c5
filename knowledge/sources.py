"""What there is to ingest: files, folders, bytes and ready documents, each with the key it is known by."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from knowledge import identity
from knowledge.errors import InputError, NotFound
from knowledge.types import Document

if TYPE_CHECKING:
    from knowledge.processing import ProcessRule

WORKSPACE_MARK: Final = "knowledge.db"
"""A folder with this file is a workspace: its own files are not documents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Something to ingest: exactly one of `path`, `data` and `document` is given."""

    key: str
    """Names the document in its knowledge base; the same key again replaces it."""
    name: str
    path: Path | None = None
    data: bytes | None = None
    document: Document | None = None
    rule: ProcessRule | None = None
    """How it is cut; None: as its knowledge base says."""

    def read(self) -> bytes:
        """The bytes that decide whether the source has changed. Raises `InputError` for an unreadable file."""
        if self.document is not None:
            read = self.document
            parts = (read.text, read.blocks, read.warnings, read.attachments, read.images)
            return repr(parts).encode(errors="backslashreplace")
        if self.data is not None:
            return self.data
        try:
            return Path(self.path or "").read_bytes()
        except OSError as error:
            raise InputError(f"cannot read {self.path}: {error.strerror}; mend it and ingest again") from None


def discover(inputs: Iterable[str | os.PathLike[str] | Document]) -> list[Source]:
    """The sources of files, folders (recursive, hidden entries left out) and documents, in order of key.

    A file in a folder is known by its path relative to that folder, a single file by its name. Raises
    `NotFound` for a path that does not exist and `InputError` when two inputs would get the same key, or when a
    folder cannot be listed.
    """
    found: dict[str, Source] = {}
    for item in inputs:
        before = len(found)
        for source in _sources(item):
            other = found.setdefault(source.key, source)
            if other is not source:
                raise InputError(
                    f"{other.path or other.name} and {source.path or source.name} would both be known as "
                    f"{source.key!r}; ingest their common folder, or give them different names"
                )
        if len(found) == before:
            raise NotFound(f"no files in {str(item)!r}; hidden files and workspaces are left out")
    return [found[key] for key in sorted(found)]


def _sources(item: str | os.PathLike[str] | Document) -> Iterator[Source]:
    if isinstance(item, Document):
        key = item.name or identity.content_hash(item.text.encode(errors="backslashreplace"))[:16]
        yield Source(key=key, name=item.name or key, document=item)
        return
    path = existing(item)
    if path.is_dir():
        for file in _files(path):
            yield Source(key=readable(file.relative_to(path).as_posix()), name=readable(file.name), path=file)
    else:
        yield Source(key=readable(path.name), name=readable(path.name), path=path)


def existing(item: str | os.PathLike[str]) -> Path:
    """Raises `NotFound` for a path that is not there, `InputError` for one that cannot be looked at."""
    text = os.fspath(item)
    if "://" in text:
        raise InputError(f"{text!r} is a URL, which is not supported; download it and give the file")
    path = Path(text)
    try:
        exists = bool(text) and path.exists()
    except OSError as error:
        raise InputError(f"cannot read {text!r}: {error.strerror}") from None
    if not exists:
        raise NotFound(f"no file or folder {text!r}")
    if not path.is_dir() and not path.is_file():
        raise InputError(f"{text!r} is neither a file nor a folder")
    return path


def _files(folder: Path) -> Iterator[Path]:
    """The files below a folder; one inside that cannot be listed stands for itself, so that its error is reported.

    Raises `InputError` when the folder itself cannot be listed: that is not the same as an empty one.
    """
    unreadable: list[Path] = []

    def note(error: OSError) -> None:
        found = Path(error.filename)
        if found == folder:
            raise InputError(
                f"the folder {str(folder)!r} cannot be listed: {error.strerror}; mend that and run again"
            )
        unreadable.append(found)

    for parent, folders, names in os.walk(folder, onerror=note):
        if WORKSPACE_MARK in names:
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(parent, name)
            if not name.startswith(".") and _may_be_read(file):
                yield file
    yield from unreadable


def _may_be_read(path: Path) -> bool:
    """Not a pipe or device, which might never end. What cannot be looked at is a file whose reading says why."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except FileNotFoundError:
        return False
    except OSError:
        return True


def readable(name: str) -> str:
    """A file name that is not valid text in this system's encoding, with marks for what cannot be read."""
    return name.encode(errors="surrogateescape").decode(errors="replace")
