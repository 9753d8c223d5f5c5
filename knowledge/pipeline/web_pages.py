"""Pages and files at URLs as a source: what has not changed since the last time is not sent again."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote, urldefrag, urlsplit

from knowledge.errors import InputError, KnowledgeError, OutgoingError
from knowledge.identity import content_hash
from knowledge.outgoing import Answer, HttpClient, parse_url, shown
from knowledge.pipeline.files import File
from knowledge.pipeline.sources import NOTHING_KNOWN, UNREADABLE, Entry, Page, secret

_OK: Final = 200
_NOT_MODIFIED: Final = 304
_REFUSED: Final = frozenset({401, 403})


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
    _last: File | KnowledgeError | None = None

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

    def page(self, cursor: str | None = None, known: Mapping[str, str] = NOTHING_KNOWN) -> Page:
        """One URL at a time. What it said the last time is not sent again by servers that know that it is the same
        (ETag, Last-Modified); of others, the bytes tell."""
        at = int(cursor or 0)
        url = urldefrag(self.urls[at]).url
        following = str(at + 1) if at + 1 < len(self.urls) else None
        key = _key(url)
        try:
            name, token, self._last = self._looked_at(url, known.get(key, ""))
        except KnowledgeError as error:
            name, token, self._last = key, UNREADABLE, error
        return Page(entries=(Entry(key=key, name=name, token=token),), cursor=following)

    def _looked_at(self, url: str, before: str) -> tuple[str, str, File | None]:
        """The name, the token, and the file unless it is known."""
        known = _Token.read(before)
        answer = self._answer(url, known.headers)
        if answer.status == _NOT_MODIFIED and before:
            return _key(url), before, None
        file = _file(url, answer)
        token = _Token(
            content=content_hash(answer.body),
            etag=answer.headers.get("etag", ""),
            modified=answer.headers.get("last-modified", ""),
        )
        return file.name, before if token.content == known.content else token.text, file

    def fetch(self, entry: Entry) -> File:
        """That of the last page was fetched with it; another one is fetched anew."""
        if isinstance(self._last, KnowledgeError):
            raise self._last
        if self._last is not None and self._last.url == entry.key:
            return self._last
        url = next(urldefrag(url).url for url in self.urls if _key(url) == entry.key)
        return _file(url, self._answer(url, {}))

    def _answer(self, url: str, headers: Mapping[str, str]) -> Answer:
        secrets = {"authorization": f"Bearer {secret(self.key_variable)}"} if self.key_variable else {}
        self._http = self._http or self.client()
        return self._http.get(url, headers={**headers, **secrets})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    """What a page said, by its hash, and what its server called that."""

    content: str = ""
    etag: str = ""
    modified: str = ""

    @staticmethod
    def read(text: str) -> _Token:
        """An empty one for what is no token."""
        try:
            found = json.loads(text)
        except ValueError:
            return _Token()
        match found:
            case [str(content), str(etag), str(modified)]:
                return _Token(content=content, etag=etag, modified=modified)
            case _:
                return _Token()

    @property
    def text(self) -> str:
        return json.dumps([self.content, self.etag, self.modified])

    @property
    def headers(self) -> dict[str, str]:
        """Those that ask for the page unless it is still this one (RFC 9110, 13.1)."""
        named = {"if-none-match": self.etag, "if-modified-since": self.modified}
        return {name: value for name, value in named.items() if value and value.isascii()}


def _file(url: str, answer: Answer) -> File:
    if answer.status in _REFUSED:
        raise OutgoingError(
            f"{shown(url)} answered {answer.status}; check the token that --api-key-env names"
        )
    if answer.status != _OK:
        raise OutgoingError(f"{shown(url)} answered {answer.status}; check the URL")
    kind = _media_type(answer)
    return File.of_bytes(_name(url, answer, kind), answer.body, url=_key(url), mime_type=kind)


def _key(url: str) -> str:
    """Without user, password and query, but for a hash of the query where there is one."""
    parsed = parse_url(url)
    fragment = content_hash(parsed.query)[:16] if parsed.query else None
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
