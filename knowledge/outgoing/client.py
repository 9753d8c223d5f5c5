"""The one HTTP client: sends a call, follows its redirects, and repeats it where that does no harm."""

from __future__ import annotations

import json
import logging
import random
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpcore
import httpx

from knowledge.configuration import setting
from knowledge.errors import OutgoingError
from knowledge.outgoing.addresses import Lookup, check_public, resolve
from knowledge.outgoing.calls import REDIRECTS, Call, call_to, redirected
from knowledge.outgoing.connections import Connections
from knowledge.outgoing.network import deadline
from knowledge.outgoing.proxies import proxy_for
from knowledge.outgoing.urls import one_line, parse_url, shown

REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""Doing it twice is doing it once (RFC 9110, 9.2.2)."""
REPEATED: Final = frozenset({429, 500, 502, 503, 504})
"""What may pass. 500 too: embedding servers answer it when they are short of memory for a moment."""
MOST_REDIRECTS: Final = 5
LONGEST_WAIT_S: Final = 30.0
_FAILURES: Final = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpx.DecodingError,
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds for a connection, for a silence, for the whole call; repetitions; bytes of an answer, decoded."""

    connect_s: float = 5.0
    read_s: float = 30.0
    total_s: float = 60.0
    retries: int = 3
    answer_bytes: int = 20 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server answered, of any status. `headers` have lower-case names, `url` is the last of the redirects."""

    status: int
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self) -> str:
        kind = {"content-type": self.headers.get("content-type", "text/plain; charset=utf-8")}
        return httpx.Response(self.status, headers=kind, content=self.body).text

    def json(self) -> Any:
        """Raises `ValueError` when the body is no JSON."""
        try:
            return json.loads(self.body)
        except RecursionError:
            raise ValueError("nested too deeply") from None

    def excerpt(self, *secrets: str) -> str:
        """The beginning of the body in one line, without `secrets`."""
        return one_line(self.text, *secrets)


class _Failure(OutgoingError):
    """No usable answer. `never_sent`: the server cannot have acted. `may_pass`: another try may be answered."""

    def __init__(self, message: str, *, never_sent: bool = False, may_pass: bool = True) -> None:
        super().__init__(message)
        self.never_sent = never_sent
        self.may_pass = may_pass


class HttpClient:
    """Threads may share it.

    `public_only`: the URLs are given by users, not by the operator. `lookup` resolves names as
    `socket.getaddrinfo` does, `wait` sleeps between repetitions.
    """

    def __init__(
        self,
        *,
        public_only: bool,
        limits: Limits | None = None,
        allow_private: bool = False,
        ca_file: str = "",
        backoff_s: float = 0.5,
        lookup: Lookup = socket.getaddrinfo,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._public_only = public_only
        self._allow_private = allow_private
        self._limits = limits or Limits()
        self._backoff_s = backoff_s
        self._lookup = lookup
        self._wait = wait
        self._connections = Connections(ca_file=ca_file, lookup=lookup)

    @staticmethod
    def configured(
        *,
        public_only: bool,
        total_s: float | None = None,
        read_s: float | None = None,
        retries: int | None = None,
    ) -> HttpClient:
        """A client with the limits and permissions of the settings, where none are given."""
        limits = Limits(
            connect_s=setting("connect_timeout_s"),
            read_s=setting("read_timeout_s", read_s),
            total_s=setting("request_timeout_s", total_s),
            retries=setting("request_retries", retries),
            answer_bytes=setting("response_mb") * 2**20,
        )
        return HttpClient(
            public_only=public_only,
            limits=limits,
            allow_private=setting("allow_private_addresses"),
            ca_file=setting("ca_file"),
        )

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        return self.request("GET", url, headers=headers)

    def post_json(
        self, url: str, body: object, *, headers: Mapping[str, str] | None = None, repeatable: bool = False
    ) -> Answer:
        """`repeatable`: the call only asks, so it may be sent again when nobody knows whether it arrived."""
        content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        named = {"content-type": "application/json", **(headers or {})}
        return self.request("POST", url, headers=named, content=content, repeatable=repeatable)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        repeatable: bool | None = None,
    ) -> Answer:
        """The answer, whatever its status, after redirects and, where allowed, repetitions.

        Raises `InputError` for what is no URL, `AddressError` for one that leads where it may not, and
        `OutgoingError` when there was no answer in time, or none that can be read.
        """
        call = call_to(parse_url(url), method, headers or {}, content, is_trusted=not self._public_only)
        ends_at = time.monotonic() + self._limits.total_s
        with deadline(ends_at):
            return self._repeated(call, method in REPEATABLE if repeatable is None else repeatable, ends_at)

    def close(self) -> None:
        self._connections.close()

    def _repeated(self, call: Call, repeatable: bool, ends_at: float) -> Answer:
        for retry in range(self._limits.retries + 1):
            try:
                outcome: Answer | _Failure = self._redirected(call)
            except _Failure as error:
                outcome = error
            wait_s = self._wait_s(outcome, repeatable, retry)
            if wait_s is None or time.monotonic() + wait_s >= ends_at:
                break
            self._wait(wait_s)
        if isinstance(outcome, _Failure):
            raise OutgoingError(str(outcome)) from outcome
        return outcome

    def _wait_s(self, outcome: Answer | _Failure, repeatable: bool, retry: int) -> float | None:
        """Seconds until the next try; None when this was the last one.

        Half of the back-off is chance, so that many clients do not come back together.
        """
        if retry == self._limits.retries or not _is_worth_repeating(outcome, repeatable):
            return None
        asked_s = 0.0 if isinstance(outcome, _Failure) else _retry_after_s(outcome)
        if asked_s > LONGEST_WAIT_S:
            return None
        backoff_s: float = self._backoff_s * 2**retry * random.uniform(0.5, 1)
        return max(asked_s, backoff_s)

    def _redirected(self, call: Call) -> Answer:
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._sent(call)
            location = answer.headers.get("location") if answer.status in REDIRECTS else None
            if location is None:
                return answer
            call = redirected(call, location, answer.status)
        raise OutgoingError(
            f"{shown(call.url)} was redirected more than {MOST_REDIRECTS} times; check the URL"
        )

    def _sent(self, call: Call) -> Answer:
        started = time.perf_counter()
        proxy = proxy_for(call.url.scheme, call.url.host, call.port)
        public_only = call.url.host != call.trusted_host and not self._allow_private
        if proxy and public_only:
            self._check_behind_proxy(call)
        pool = self._connections.pool(call.url.scheme, proxy, public_only)
        try:
            with pool.stream(
                call.method,
                call.target,
                headers=call.encoded_headers,
                content=call.content,
                extensions={"timeout": self._timeouts()},
            ) as raw:
                answer = self._read(call, raw)
        except _FAILURES as error:
            raise _failure(call.url, proxy, error) from error
        took_ms = (time.perf_counter() - started) * 1000
        _log.debug("%s %s: %d in %.0f ms", call.method, shown(call.url), answer.status, took_ms)
        return answer

    def _timeouts(self) -> dict[str, float]:
        limits = self._limits
        return {
            "connect": limits.connect_s,
            "read": limits.read_s,
            "write": limits.read_s,
            "pool": limits.total_s,
        }

    def _read(self, call: Call, raw: httpcore.Response) -> Answer:
        response = httpx.Response(raw.status, headers=raw.headers, content=raw.iter_stream())
        body = bytearray()
        for part in response.iter_bytes():
            body += part
            if len(body) > self._limits.answer_bytes:
                raise OutgoingError(
                    f"{shown(call.url)} answers more than {self._limits.answer_bytes / 2**20:g} MB; the setting "
                    "response_mb allows more"
                )
        return Answer(status=raw.status, url=str(call.url), headers=dict(response.headers), body=bytes(body))

    def _check_behind_proxy(self, call: Call) -> None:
        try:
            addresses = resolve(call.url.host, call.port, self._lookup)
        except OSError:
            return
        check_public(call.url.host, addresses)


def _is_worth_repeating(outcome: Answer | _Failure, repeatable: bool) -> bool:
    if isinstance(outcome, _Failure):
        return outcome.may_pass and (outcome.never_sent or repeatable)
    return outcome.status in REPEATED and repeatable


def _retry_after_s(answer: Answer) -> float:
    """Seconds that the server asks to wait: a number or a date (RFC 9110, 10.2.3); 0 when it does not say."""
    value = answer.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return 0.0


def _failure(url: httpx.URL, proxy: str | None, error: Exception) -> _Failure:
    """What happened, for a person, in one line."""
    way = f"{shown(url)} through the proxy {shown(proxy)}" if proxy else shown(url)
    advice = "check that the server runs and that the URL is right"
    cause = error.args[0] if error.args else None
    if isinstance(cause, ssl.SSLCertVerificationError):
        return _Failure(
            f"{way} has a certificate that is not trusted ({cause.verify_message}); if it is of your own "
            "authority, name that authority's file in the setting ca_file",
            may_pass=False,
        )
    if isinstance(error, httpcore.ConnectError | httpcore.ConnectTimeout):
        why = one_line(str(error)) if str(error) else "no answer in time"
        return _Failure(f"{way} cannot be reached ({why}); {advice}", never_sent=True)
    if isinstance(error, httpcore.TimeoutException):
        return _Failure(f"{way} did not answer in time; {advice}, or allow more time")
    may_pass = not isinstance(error, httpcore.LocalProtocolError | httpcore.ProxyError | httpx.DecodingError)
    return _Failure(f"{way} gave no whole answer ({one_line(str(error))}); {advice}", may_pass=may_pass)
