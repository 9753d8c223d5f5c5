"""Where the files of a pipeline come from: each source lists what it has, says what has changed, and fetches it."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from knowledge import identity
from knowledge.errors import InputError, NotFound
from knowledge.pipeline.files import File
from knowledge.sources import Source, discover, existing

NOTHING_KNOWN: Final[Mapping[str, str]] = {}
UNREADABLE: Final = "unreadable"
"""The token of what cannot be looked at; to fetch it says why."""
_FOLDER: Final = "folder"
"""That of a folder among the files: it cannot be listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that a source has. The same `token` as before means that it has not changed."""

    key: str
    """Names its document in a knowledge base."""
    name: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of the entries; `cursor` asks for those after them, None when these were the last."""

    entries: tuple[Entry, ...]
    cursor: str | None = None


class DataSource(Protocol):
    """What a pipeline reads from. Credentials are names of environment variables, never the secrets themselves."""

    @property
    def id(self) -> str:
        """Tells it from other sources, today and tomorrow. Holds no credentials."""
        ...

    @property
    def name(self) -> str:
        """How messages show it."""
        ...

    def page(self, cursor: str | None = None, known: Mapping[str, str] = NOTHING_KNOWN) -> Page:
        """The first entries, or those after a page. `known` are the tokens of the last time, by key: what has not
        changed has its own again. Raises `KnowledgeError` when they cannot be listed."""
        ...

    def fetch(self, entry: Entry) -> File:
        """The file of an entry of the page that was read last, one of another token than `known`. Raises
        `KnowledgeError`."""
        ...


def entries_of(source: DataSource, known: Mapping[str, str] = NOTHING_KNOWN) -> Iterator[Entry]:
    """All of them, page after page."""
    cursor: str | None = None
    while True:
        page = source.page(cursor, known)
        yield from page.entries
        if page.cursor is None:
            return
        cursor = page.cursor


def source_of(given: str, *, name: str = "", key_variable: str | None = None) -> DataSource:
    """The source of what a person types: `-` for standard input, which has a `name`, a URL, or a path.

    Raises `NotFound` for a path that is not there, and `InputError` for one that cannot be read and for no URL.
    """
    if given == "-":
        return StandardInput(name or "standard-input.txt")
    if "://" in given:
        from knowledge.pipeline.web_pages import WebPages

        return WebPages([given], key_variable)
    return LocalFiles(existing(given))


def secret(variable: str) -> str:
    """The secret in an environment variable. Raises `InputError` when there is none."""
    found = os.environ.get(variable, "").strip()
    if not found:
        raise InputError(f"the environment variable {variable} is empty; put the secret there and run again")
    return found


@dataclass(slots=True)
class LocalFiles:
    """A file, or a folder with all below it but hidden files. A file in a folder is known by its path there."""

    path: Path
    _paths: dict[str, Path] = field(default_factory=dict)
    """By key, which is not always the path: file names need not be valid text."""

    @property
    def id(self) -> str:
        return str(self.path.resolve())

    @property
    def name(self) -> str:
        return self.id

    def page(self, cursor: str | None = None, known: Mapping[str, str] = NOTHING_KNOWN) -> Page:
        """Everything at once. Raises `NotFound` for a path that is not there, `InputError` for one that cannot be
        listed."""
        found = _found_in(self.path)
        self._paths = {source.key: source.path or self.path for source in found}
        return Page(
            entries=tuple(
                Entry(key=source.key, name=source.name, token=_token(self._paths[source.key]))
                for source in found
            )
        )

    def fetch(self, entry: Entry) -> File:
        path = self._paths[entry.key]
        if entry.token == _FOLDER:
            raise InputError(f"the folder {path} cannot be listed; mend its permissions and run again")
        return File.of_path(path, entry.name)


def _found_in(path: Path) -> list[Source]:
    """Nothing for an empty folder, which may have had files before."""
    try:
        return discover([path])
    except NotFound:
        if path.is_dir():
            return []
        raise


def _token(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return UNREADABLE
    return _FOLDER if stat.S_ISDIR(found.st_mode) else f"{found.st_size}-{found.st_mtime_ns}"


@dataclass(slots=True)
class StandardInput:
    """What is piped into this process, as one file of a name, whose suffix helps to tell the format."""

    called: str
    stream: BinaryIO = field(default_factory=lambda: sys.stdin.buffer)
    _content: bytes | None = None

    @property
    def id(self) -> str:
        return f"standard input as {self.called}"

    @property
    def name(self) -> str:
        return self.id

    def page(self, cursor: str | None = None, known: Mapping[str, str] = NOTHING_KNOWN) -> Page:
        """Reads it to its end."""
        content = self._read()
        return Page(entries=(Entry(key=self.called, name=self.called, token=identity.content_hash(content)),))

    def fetch(self, entry: Entry) -> File:
        return File.of_bytes(self.called, self._read())

    def _read(self) -> bytes:
        if self._content is None:
            self._content = self.stream.read()
        return self._content
