"""What a request may take: bytes, seconds, a place in the queue. Beyond that it is refused, and the rest goes on."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from knowledge.configuration import setting
from knowledge.server.answers import Refusal, busy, too_large

_log: Final = logging.getLogger(__name__)

ALWAYS_ANSWERED: Final = frozenset({"/health", "/metrics"})
"""Answered also by a server that has too much to do: they need no thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """The limits in force; `setting` names each."""

    body_bytes: int
    threads: int
    queue: int
    request_timeout_s: float
    receive_timeout_s: float
    connections: int
    query_characters: int

    @classmethod
    def configured(cls) -> Allowance:
        return cls(
            body_bytes=setting("server_body_bytes"),
            threads=setting("server_threads"),
            queue=setting("server_queue"),
            request_timeout_s=setting("server_request_timeout_s"),
            receive_timeout_s=setting("server_receive_timeout_s"),
            connections=setting("server_connections"),
            query_characters=min(setting("server_query_characters"), setting("query_characters")),
        )


class ClientGone(Exception):
    """The client left before its request was complete. There is nobody to answer."""


class Limits:
    """Reads a request whole before it takes a place, and keeps the place until its work is done.

    So a slow client holds no worker, and work that goes on after its time holds its place, however long it takes.
    """

    def __init__(self, app: ASGIApp, allowance: Allowance) -> None:
        self._app = app
        self._allowance = allowance
        self._working: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await self._body(scope, receive)
        for message in await self._answer(scope, body):
            await send(message)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        most = self._allowance.body_bytes
        if _announced(scope) > most:
            raise too_large(most)
        body, more = bytearray(), True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            body += message.get("body", b"")
            if len(body) > most:
                raise too_large(most)
            more = message.get("more_body", False)
        return bytes(body)

    async def _answer(self, scope: Scope, body: bytes) -> list[Message]:
        takes_place = scope["path"] not in ALWAYS_ANSWERED
        if takes_place and len(self._working) >= self._allowance.threads + self._allowance.queue:
            raise busy()
        messages: list[Message] = []
        task = asyncio.create_task(self._work(scope, body, messages))
        if takes_place:
            self._working.add(task)
            task.add_done_callback(self._working.discard)
        # Not cancelled when its time is over: a thread cannot be, and its place would be given away too early.
        done, _ = await asyncio.wait({task}, timeout=self._allowance.request_timeout_s)
        if not done:
            task.add_done_callback(_tell_late_error)
            raise busy("the answer took too long; try again later")
        task.result()
        return messages

    async def _work(self, scope: Scope, body: bytes, messages: list[Message]) -> None:
        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, send)


def _announced(scope: Scope) -> int:
    """The length that the client says its body has; 0 when it does not say."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value)
    return 0


def _tell_late_error(task: asyncio.Task[None]) -> None:
    """Nobody waits for it any more: its error can only be logged. A refusal is no error."""
    error = None if task.cancelled() else task.exception()
    if error is not None and not isinstance(error, Refusal):
        _log.error("a request failed after its time was over", exc_info=error)
