"""The outermost layer: every request gets an id, an answer, a log line and a place in the counts."""

from __future__ import annotations

import logging
import re
import time
import uuid
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from knowledge.server.answers import refusal_of, send_refusal
from knowledge.server.limits import ClientGone
from knowledge.server.metrics import Metrics

_log: Final = logging.getLogger(__name__)
_SANE_ID: Final = re.compile(rb"[\w.:-]{1,128}")
_LONGEST_PATH: Final = 200
_GONE: Final = 499
"""The status that proxies note for a client that left; it is never sent."""


class Boundary:
    """Turns errors into answers. What nobody foresaw is logged with its traceback, and told in one plain sentence."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, send)
        self._metrics.in_flight += 1
        try:
            await self._guarded(scope, receive, exchange)
        finally:
            self._metrics.in_flight -= 1
            self._metrics.count(scope["method"], exchange.route, exchange.status, exchange.seconds)
            _log.info("request", extra={"fields": exchange.fields()})

    async def _guarded(self, scope: Scope, receive: Receive, exchange: _Exchange) -> None:
        try:
            await self._app(scope, receive, exchange.send)
        except ClientGone:
            exchange.status = _GONE
        except Exception as error:
            refusal = refusal_of(error)
            if refusal.status >= 500 and refusal is not error:
                _log.error("request failed", extra={"fields": {"request_id": exchange.id}}, exc_info=error)
            exchange.log["error_code"] = refusal.code
            if not exchange.status:
                await send_refusal(exchange.send, refusal)


class _Exchange:
    """A request and what became of it."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.id = _request_id(scope)
        self.status = 0
        self.log: dict[str, object] = {}
        """What inner layers want to have in the log line."""
        self._scope = scope
        self._send = send
        self._started = time.perf_counter()
        scope["state"] = {**scope.get("state", {}), "log": self.log}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = [
                (b"x-request-id", self.id.encode()),
                (b"x-content-type-options", b"nosniff"),
                (b"cache-control", b"no-store"),
            ]
            message = {**message, "headers": [*message.get("headers", []), *own]}
        await self._send(message)

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._started

    @property
    def route(self) -> str:
        return str(getattr(self._scope.get("route"), "path", "other"))

    def fields(self) -> dict[str, object]:
        client, key = self._scope.get("client"), self._scope["state"].get("key")
        return {
            "request_id": self.id,
            "method": self._scope["method"][:20],
            "path": self._scope["path"][:_LONGEST_PATH],
            "status": self.status,
            "seconds": round(self.seconds, 4),
            "client": client[0] if client else None,
            "key": key.id if key else None,
            **self.log,
        }


def _request_id(scope: Scope) -> str:
    """The client's own when it is harmless, else a new one."""
    given = [value for name, value in scope["headers"] if name == b"x-request-id"]
    return given[0].decode() if len(given) == 1 and _SANE_ID.fullmatch(given[0]) else uuid.uuid4().hex
