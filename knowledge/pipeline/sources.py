"""Where the files of a pipeline come from: each source lists what it has, says what has changed, and fetches it."""

from __future__ import annotations

import hashlib
import mimetypes
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final, Protocol
from urllib.parse import unquote, urldefrag, urlsplit

from knowledge.errors import InputError, OutgoingError
from knowledge.outgoing import Answer, HttpClient, parse_url, shown
from knowledge.pipeline.files import File
from knowledge.sources import discover

_UNREADABLE: Final = "unreadable"
"""The token of what cannot be looked at; to fetch it says why."""


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

    def page(self, cursor: str | None = None) -> Page:
        """The first entries, or those after a page. Raises `KnowledgeError` when they cannot be listed."""
        ...

    def fetch(self, entry: Entry) -> File:
        """The file of an entry of the page that was read last. Raises `KnowledgeError`."""
        ...


def entries_of(source: DataSource) -> Iterator[Entry]:
    """All of them, page after page."""
    cursor: str | None = None
    while True:
        page = source.page(cursor)
        yield from page.entries
        if page.cursor is None:
            return
        cursor = page.cursor


def source_of(given: str, *, name: str = "", key_variable: str | None = None) -> DataSource:
    """The source of what a person types: `-` for standard input, which has a `name`, a URL, or a path."""
    if given == "-":
        return StandardInput(name or "standard-input.txt")
    return WebPages([given], key_variable) if "://" in given else LocalFiles(Path(given))


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

    def page(self, cursor: str | None = None) -> Page:
        """Everything at once. Raises `NotFound` for a path that is not there and for a folder without any file."""
        found = discover([self.path])
        self._paths = {source.key: source.path or self.path for source in found}
        return Page(
            entries=tuple(
                Entry(key=source.key, name=source.name, token=_token(self._paths[source.key]))
                for source in found
            )
        )

    def fetch(self, entry: Entry) -> File:
        path = self._paths[entry.key]
        if path.is_dir():
            raise InputError(f"the folder {path} cannot be listed; mend its permissions and run again")
        return File.of_path(path, entry.name)


def _token(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return _UNREADABLE
    return f"{found.st_size}-{found.st_mtime_ns}"


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

    def page(self, cursor: str | None = None) -> Page:
        """Reads it to its end."""
        content = self._read()
        return Page(entries=(Entry(key=self.called, name=self.called, token=_hashed(content)),))

    def fetch(self, entry: Entry) -> File:
        return File.of_bytes(self.called, self._read())

    def _read(self) -> bytes:
        if self._content is None:
            self._content = self.stream.read()
        return self._content


def public_client() -> HttpClient:
    """For addresses that a user gives: they lead to public servers only."""
    return HttpClient.configured(public_only=True)


@dataclass(slots=True)
class WebPages:
    """Pages and files at URLs. `key_variable` names the variable of a bearer token.

    Each is known by its URL without user, password and query, which may be secrets and are stored nowhere; a hash at
    the end (`https://example.com/page#9f2c…`) tells queries apart. Another query is another document, also where only
    a signature in it is new: which parts of a query choose the page, and which only allow it, cannot be told.
    """

    urls: Sequence[str]
    key_variable: str | None = None
    client: Callable[[], HttpClient] = public_client
    _http: HttpClient | None = None
    _last: File | None = None

    def __post_init__(self) -> None:
        """Raises `InputError` for what is no URL."""
        if not self.urls:
            raise InputError("there are no URLs; give at least one")
        for url in self.urls:
            parse_url(url)

    @property
    def id(self) -> str:
        return " ".join(_key(url) for url in self.urls)

    @property
    def name(self) -> str:
        return " ".join(map(shown, self.urls))

    def page(self, cursor: str | None = None) -> Page:
        """One URL at a time: whether it has changed is known when its bytes are there."""
        at = int(cursor or 0)
        url = urldefrag(self.urls[at]).url
        following = str(at + 1) if at + 1 < len(self.urls) else None
        try:
            self._last = file = self._fetched(url)
        except (OutgoingError, InputError):
            self._last = None
            return Page(entries=(Entry(key=_key(url), name=_key(url), token=_UNREADABLE),), cursor=following)
        entry = Entry(key=_key(url), name=file.name, token=_hashed(file.read()))
        return Page(entries=(entry,), cursor=following)

    def fetch(self, entry: Entry) -> File:
        if self._last is not None:
            return self._last
        return self._fetched(next(urldefrag(url).url for url in self.urls if _key(url) == entry.key))

    def _fetched(self, url: str) -> File:
        headers = {"authorization": f"Bearer {secret(self.key_variable)}"} if self.key_variable else {}
        self._http = self._http or self.client()
        answer = self._http.get(url, headers=headers)
        if answer.status != 200:
            raise OutgoingError(f"{shown(url)} answered {answer.status}; check the URL")
        kind = _media_type(answer)
        return File.of_bytes(_name(url, answer, kind), answer.body, url=_key(url), mime_type=kind)


def _key(url: str) -> str:
    """Without user, password and query, but for a hash of the query where there is one."""
    parsed = parse_url(url)
    fragment = _hashed(parsed.query)[:16] if parsed.query else None
    return str(parsed.copy_with(userinfo=b"", query=None, fragment=fragment))


def _media_type(answer: Answer) -> str:
    return answer.headers.get("content-type", "").partition(";")[0].strip().lower()


def _name(url: str, answer: Answer, kind: str) -> str:
    """What the server calls it, else the last part of the path; a page ends with .html whatever made it."""
    called = (
        _disposed(answer)
        or PurePosixPath(unquote(urlsplit(url).path)).name
        or urlsplit(url).hostname
        or "page"
    )
    suffix = ".html" if kind == "text/html" else mimetypes.guess_extension(kind) or ""
    has_own = PurePosixPath(called).suffix.lower()
    fits = has_own in (".html", ".htm", ".xhtml") if suffix == ".html" else bool(has_own)
    return called if fits else f"{called}{suffix}"


def _disposed(answer: Answer) -> str:
    header = Message()
    header["content-disposition"] = answer.headers.get("content-disposition", "")
    return PurePosixPath(header.get_filename() or "").name


def _hashed(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
