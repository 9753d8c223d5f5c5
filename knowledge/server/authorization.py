"""Who may ask: no key, no answer, whatever the path."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from knowledge.server.answers import malformed_authorization, not_authorized, too_many
from knowledge.server.keyring import Keyring
from knowledge.server.keys import ApiKey
from knowledge.server.rates import RateLimits

OPEN_PATHS: Final = frozenset({"/health"})
"""Answered without a key: whoever watches a server has none."""
_BEARER: Final = re.compile(rb"\s*bearer\s+(\S+)\s*", re.IGNORECASE)
_LOCAL_NAMES: Final = frozenset({"localhost", "host.docker.internal"})


class Authorization:
    """Lets requests with a valid key through, and notes the key as `scope["state"]["key"]`."""

    def __init__(self, app: ASGIApp, keyring: Keyring) -> None:
        self._app = app
        self._keyring = keyring
        self._rates = RateLimits()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in OPEN_PATHS:
            scope["state"]["key"] = self._admitted(scope)
        await self._app(scope, receive, send)

    def _admitted(self, scope: Scope) -> ApiKey:
        key = self._keyring.find(_bearer(scope))
        if key is None:
            raise not_authorized("this API key is not known")
        if key.revoked_at is not None:
            raise not_authorized("this API key was revoked")
        if key.is_expired():
            raise not_authorized("this API key has expired")
        wait_s = self._rates.wait_s(key.id, key.rate_per_minute)
        if wait_s:
            raise too_many(wait_s)
        self._keyring.used(key)
        return key


def _bearer(scope: Scope) -> str:
    given = [value for name, value in scope["headers"] if name == b"authorization"]
    found = _BEARER.fullmatch(given[0]) if len(given) == 1 else None
    if not found:
        raise malformed_authorization()
    return found[1].decode("utf-8", "surrogateescape")


class OnlyThisMachine:
    """Stands where keys are not asked for. A web page that lets its own name point here is refused."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if not _is_this_machine(_host(scope)):
                raise not_authorized(
                    "without keys this server answers to its own names only, such as localhost"
                )
            scope["state"]["key"] = None
        await self._app(scope, receive, send)


def _host(scope: Scope) -> str:
    given = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    host = given[0] if len(given) == 1 else ""
    return host.rpartition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]


def _is_this_machine(host: str) -> bool:
    """Whether a client that asks for this host means this machine, by a name that nobody else can point to it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() in _LOCAL_NAMES


def key_of(request: Request) -> ApiKey | None:
    """The key that a request came with; None where keys are not asked for."""
    key: ApiKey | None = request.state.key
    return key


async def may_read(request: Request) -> None:
    """A dependency of routes. Raises `Refusal` when the key has not the scope `read`."""
    key = key_of(request)
    if key is not None and "read" not in key.scopes:
        raise not_authorized("this API key has not the scope 'read'")
