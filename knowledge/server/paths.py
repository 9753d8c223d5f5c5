"""Paths as clients and proxies write them, made the server's own."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from knowledge.errors import InputError


class Paths:
    """Takes off the prefix that a proxy leaves on, and surplus slashes: Dify asks for `//retrieval`."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = plain_path(scope["path"])
            inside = path.startswith(f"{self._prefix}/")
            scope["path"] = path.removeprefix(self._prefix) if inside else path
            scope["raw_path"] = scope["path"].encode("utf-8", "surrogateescape")
        await self._app(scope, receive, send)


def plain_path(path: str) -> str:
    """`//a//b/` as `/a/b`."""
    return "/" + "/".join(part for part in path.split("/") if part)


def checked_prefix(given: str) -> str:
    """The prefix as `/a/b`, or nothing. Raises `InputError` for what is no path."""
    if given and (
        not given.startswith("/") or not given.isascii() or not given.isprintable() or set(given) & set("?# ")
    ):
        raise InputError(
            f"the root path is {given!r}; allowed: a path that begins with a slash, such as /knowledge"
        )
    return plain_path(given).rstrip("/")
