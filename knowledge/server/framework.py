"""What the framework refuses by itself, told in the server's own shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from knowledge.server.answers import Refusal, error_body, of_status

ERRORS_SHOWN: Final = 3


async def misread(_: Request, error: Exception) -> Response:
    """400 where the framework would say 422: Dify's contract knows no other status for a wrong request."""
    found = cast("RequestValidationError", error).errors()[:ERRORS_SHOWN]
    return _refused(Refusal(400, "; ".join(map(_told, found))))


async def not_routed(_: Request, error: Exception) -> Response:
    """No such path, no such method, or a body that cannot be parsed."""
    found = cast("HTTPException", error)
    return _refused(of_status(found.status_code), found.headers)


def _told(found: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in found["loc"] if part != "body")
    if found["type"] == "json_invalid":
        return "the body is no valid JSON"
    if found["type"] == "missing" and not place:
        return "the body is empty; send a JSON object with knowledge_id and query"
    return f"{place or 'the body'}: {found['msg'].removeprefix('Value error, ').lower()}"


def _refused(refusal: Refusal, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(error_body(refusal), status_code=refusal.status, headers=headers)
