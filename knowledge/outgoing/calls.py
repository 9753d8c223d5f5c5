"""One call to a server: where it goes, what it carries, and what becomes of it at a redirect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import httpcore
import httpx

from knowledge.errors import AddressError, InputError
from knowledge.outgoing.urls import PORTS, shown

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_KEPT_ELSEWHERE: Final = frozenset({"accept", "accept-encoding", "content-type", "user-agent"})
"""Headers that go along when a redirect leads to another origin: nothing that could be a credential."""
_DEFAULT_HEADERS: Final = {
    "accept": "*/*",
    "accept-encoding": "gzip, deflate",
    "user-agent": "knowledge-pipeline",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`headers` have lower-case names."""

    method: str
    url: httpx.URL
    headers: Mapping[str, str]
    content: bytes
    trusted_host: str | None
    """The host that the operator gave: its addresses are not checked."""

    @property
    def port(self) -> int:
        return self.url.port or PORTS[self.url.scheme]

    @property
    def target(self) -> httpcore.URL:
        url = self.url
        return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)

    @property
    def encoded_headers(self) -> list[tuple[bytes, bytes]]:
        """Raises `InputError` for characters that no header has: a key was copied with something else."""
        try:
            encoded = [(name.encode("ascii"), value.encode("ascii")) for name, value in self.headers.items()]
        except UnicodeEncodeError:
            raise InputError(
                f"a header for {shown(self.url)} holds characters that no header has; check the key"
            ) from None
        if self.content or self.method == "POST":
            encoded.append((b"content-length", str(len(self.content)).encode()))
        return [(b"host", self.url.netloc), *encoded]


def call_to(
    url: httpx.URL, method: str, headers: Mapping[str, str], content: bytes, *, is_trusted: bool
) -> Call:
    """The first call; a user and password in the URL become its authorization."""
    named = {name.lower(): value for name, value in headers.items()}
    return Call(
        method=method,
        url=url.copy_with(userinfo=b""),
        headers={**_DEFAULT_HEADERS, **_login(url), **named},
        content=content,
        trusted_host=url.host if is_trusted else None,
    )


def _login(url: httpx.URL) -> dict[str, str]:
    if not url.userinfo:
        return {}
    flow = httpx.BasicAuth(url.username, url.password).sync_auth_flow(httpx.Request("GET", url))
    return {"authorization": next(flow).headers["authorization"]}


def redirected(call: Call, location: str, status: int) -> Call:
    """The next call. It keeps its method and body (RFC 9110, 15.4), but 303 asks to look somewhere else.

    Raises `AddressError` for what is no http or https URL.
    """
    try:
        url = call.url.join(location).copy_with(userinfo=b"")
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in PORTS or not url.host:
        raise AddressError(f"{shown(call.url)} redirects to what is no http or https URL; check the URL")
    headers = call.headers
    if _origin(url) != _origin(call.url):
        headers = {name: value for name, value in headers.items() if name in _KEPT_ELSEWHERE}
    if status != 303:
        return replace(call, url=url, headers=headers)
    headers = {name: value for name, value in headers.items() if name != "content-type"}
    return replace(call, url=url, headers=headers, method="GET", content=b"")


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or PORTS[url.scheme]
