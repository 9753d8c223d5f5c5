"""The server's layers and routes, put together."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import anyio.to_thread
from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from knowledge.server import retrieval, watching
from knowledge.server.answers import busy
from knowledge.server.asking import Finder, Question, Record
from knowledge.server.authorization import Authorization, OnlyThisMachine
from knowledge.server.boundary import Boundary
from knowledge.server.framework import misread, not_routed
from knowledge.server.keyring import Keyring
from knowledge.server.limits import Allowance, Limits
from knowledge.server.metrics import Metrics
from knowledge.server.paths import Paths

_log: Final = logging.getLogger(__name__)
REFRESHED_EVERY_S: Final = 0.4
"""New and revoked keys are noticed within a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What a server serves, to whom, within which limits."""

    find: Finder
    warm: Callable[[], None]
    """Makes everything ready. Runs once, while the port answers already."""
    keyring: Keyring | None
    """None: keys are not asked for."""
    allowance: Allowance
    root_path: str = ""
    log_queries: bool = False
    metrics: Metrics = field(default_factory=Metrics)


def application(service: Service) -> ASGIApp:
    """From the outside in: an answer for whatever happens, plain paths, keys, limits, routes."""
    limited = Limits(_routes(service), service.allowance)
    keyring = service.keyring
    guarded = OnlyThisMachine(limited) if keyring is None else Authorization(limited, keyring)
    return Boundary(Paths(guarded, service.root_path), service.metrics)


def _routes(service: Service) -> FastAPI:
    metrics = service.metrics

    def find_when_ready(asked: Question) -> Sequence[Record]:
        if not metrics.ready:
            raise busy("the server is starting; try again in a moment")
        return service.find(asked)

    app = FastAPI(
        title="knowledge",
        summary="Ranked passages with checkable citations, as Dify's external knowledge API.",
        version="1",
        servers=[{"url": service.root_path or "/"}],
        docs_url=None,
        redoc_url=None,
        lifespan=lambda _: _lifespan(service),
        exception_handlers={RequestValidationError: misread, HTTPException: not_routed},
    )
    bearer = HTTPBearer(auto_error=False, description="A key made with `knowledge keys create`.")
    guarded = [] if service.keyring is None else [Depends(bearer)]
    search = retrieval.router(
        find_when_ready,
        query_characters=service.allowance.query_characters,
        log_queries=service.log_queries,
    )
    app.include_router(search, dependencies=guarded)
    app.include_router(watching.router(metrics, guarded))
    return app


@asynccontextmanager
async def _lifespan(service: Service) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = service.allowance.threads
    tasks = [asyncio.create_task(_warm(service))]
    if service.keyring is not None:
        tasks.append(asyncio.create_task(_keep_fresh(service.keyring)))
    yield
    gc.unfreeze()
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _warm(service: Service) -> None:
    await _beside(service.warm)
    # What is loaded by now stays: to look through it for garbage again and again stops every request for 70 ms.
    gc.collect()
    gc.freeze()
    service.metrics.ready = True
    _log.info("ready")


async def _keep_fresh(keyring: Keyring) -> None:
    while True:
        await asyncio.sleep(REFRESHED_EVERY_S)
        try:
            await _beside(keyring.refresh)
        except Exception:
            _log.exception("the keys cannot be read; the last known ones stay in force")


async def _beside(work: Callable[[], None]) -> None:
    """Runs in a thread that takes no place from requests."""
    await anyio.to_thread.run_sync(work, limiter=anyio.CapacityLimiter(1), abandon_on_cancel=True)
