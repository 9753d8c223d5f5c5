"""Connections that cannot be held open: every client has only so long to send its request and to take its answer."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from knowledge.server.answers import Refusal, busy, encoded, error_body


def protocol(receive_timeout_s: float, connections: int) -> type[H11Protocol]:
    """The protocol class for uvicorn, which makes one object of it for each connection."""

    class Limited(_LimitedProtocol):
        RECEIVE_TIMEOUT_S = receive_timeout_s
        CONNECTIONS = connections

    return Limited


class _LimitedProtocol(H11Protocol):
    """Uvicorn's, with a deadline for the whole request, headers and body, and one for taking the answer.

    Uvicorn itself only ends connections that are idle after an answer.
    """

    RECEIVE_TIMEOUT_S: float
    CONNECTIONS: int

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._deadline: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # Not set by asyncio on sockets of this origin; without it every answer waits 40 ms for an acknowledgement.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if len(self.connections) > self.CONNECTIONS:
            self._refuse(busy())
        else:
            self._start()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            self._start()
        else:
            self._stop()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        self._resume()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._taking = self.loop.call_later(self.RECEIVE_TIMEOUT_S, self.transport.abort)

    def resume_writing(self) -> None:
        self._resume()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        self._refuse(Refusal(400, "this is no valid HTTP request"))

    def _start(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.RECEIVE_TIMEOUT_S, self._too_slow)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _resume(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _too_slow(self) -> None:
        self._deadline = None
        self._refuse(Refusal(408, f"the request did not arrive within {self.RECEIVE_TIMEOUT_S:g} s"))

    def _refuse(self, refusal: Refusal) -> None:
        """Answers, when nothing was answered yet, and ends the connection."""
        if self.transport.is_closing():
            return
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._write(refusal)
        self.transport.close()

    def _write(self, refusal: Refusal) -> None:
        body = encoded(error_body(refusal))
        headers = [
            ("content-type", "application/json"),
            ("content-length", str(len(body))),
            ("connection", "close"),
            *refusal.headers.items(),
        ]
        for event in (
            h11.Response(status_code=refusal.status, headers=headers),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
