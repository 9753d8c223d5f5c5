"""`GET /health` and `GET /metrics`: for whoever watches the server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse

from knowledge.server.authorization import may_read
from knowledge.server.messages import REFUSALS
from knowledge.server.metrics import Metrics


def router(metrics: Metrics, guarded: Sequence[Any]) -> APIRouter:
    """The routes. `guarded` are dependencies of those that need a key."""
    routes = APIRouter()

    @routes.get(
        "/health", summary="Whether the server can answer", responses={503: {"description": "Not yet."}}
    )
    async def health() -> JSONResponse:
        """200 when every knowledge base is warm, 503 until then. Needs no key."""
        status = "ready" if metrics.ready else "starting"
        return JSONResponse({"status": status}, status_code=200 if metrics.ready else 503)

    @routes.get(
        "/metrics",
        summary="Counts and times for Prometheus",
        dependencies=[*guarded, Depends(may_read)],
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **REFUSALS},
        response_class=Response,
    )
    async def counts() -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4")

    return routes
