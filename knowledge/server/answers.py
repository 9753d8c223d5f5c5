"""How the server says no: one JSON shape for every failure, with nothing in it that is only ours to know."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from knowledge.errors import (
    AddressError,
    EmbeddingError,
    InputError,
    KnowledgeError,
    OutgoingError,
    WorkspaceLocked,
)

if TYPE_CHECKING:
    from starlette.types import Send

MALFORMED_AUTHORIZATION: Final = 1001
NOT_AUTHORIZED: Final = 1002
UNKNOWN_KNOWLEDGE_BASE: Final = 2001
"""The codes that Dify's external knowledge API names. Every other failure has its HTTP status as its code."""


class Refusal(KnowledgeError):
    """A request that is answered with an error; `str(refusal)` is shown to the client."""

    def __init__(
        self, status: int, message: str, *, code: int | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code or status
        self.headers = dict(headers or {})


def malformed_authorization() -> Refusal:
    message = "the Authorization header is missing or malformed; send: Authorization: Bearer <api-key>"
    return Refusal(403, message, code=MALFORMED_AUTHORIZATION)


def not_authorized(message: str) -> Refusal:
    return Refusal(403, message, code=NOT_AUTHORIZED)


def unknown_knowledge_base(wanted: str) -> Refusal:
    """400 and not 404: Dify registers no server that answers 404 to its probe, which names an unknown base."""
    return Refusal(400, f"no knowledge base {wanted!r}", code=UNKNOWN_KNOWLEDGE_BASE)


def too_large(most_bytes: int) -> Refusal:
    return Refusal(413, f"the body is too large; allowed: {most_bytes} bytes")


def too_many(retry_after_s: float) -> Refusal:
    message = "this API key has reached its rate limit; try again later"
    return Refusal(429, message, headers=_retry_after(retry_after_s))


def busy(message: str = "the server is busy; try again in a moment", retry_after_s: float = 1) -> Refusal:
    return Refusal(503, message, headers=_retry_after(retry_after_s))


def _retry_after(seconds: float) -> dict[str, str]:
    return {"retry-after": str(max(1, math.ceil(seconds)))}


def refusal_of(error: Exception) -> Refusal:
    """What a client is told of an error. Only messages about what the client sent are passed on."""
    match error:
        case Refusal():
            return error
        case EmbeddingError() | OutgoingError() | AddressError() | WorkspaceLocked():
            return busy("the knowledge base cannot be searched at the moment; try again later")
        case InputError():
            return Refusal(400, str(error))
        case _:
            return Refusal(500, "the server could not answer this request; its log says why")


def of_status(status: int) -> Refusal:
    """The refusal for a status that the router chose: no such path, no such method."""
    return Refusal(status, HTTPStatus(status).phrase.lower())


def error_body(refusal: Refusal) -> dict[str, Any]:
    return {"error_code": refusal.code, "error_msg": str(refusal)}


async def send_refusal(send: Send, refusal: Refusal) -> None:
    body = encoded(error_body(refusal))
    headers = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        **refusal.headers,
    }
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": refusal.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def encoded(answer: Mapping[str, Any]) -> bytes:
    """JSON in UTF-8. A lone surrogate, which UTF-8 does not have, becomes a question mark."""
    return json.dumps(answer, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(
        errors="replace"
    )
