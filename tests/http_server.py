"""What the tests of the HTTP API share: a server on a free port of this machine, and questions to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from knowledge.server.application import Service
from knowledge.server.running import in_thread

TRIES = 2000


@contextmanager
def running(service: Service, secret: str | None = None) -> Iterator[httpx.Client]:
    """A client of a server that is ready, with its URL as base and this key."""
    headers = {"authorization": f"Bearer {secret}"} if secret else {}
    with in_thread(service) as url, httpx.Client(base_url=url, headers=headers) as client:
        until(lambda: client.get("/health").status_code == 200)
        yield client


def until(holds: Any) -> None:
    """Asks again until it holds; every try is a request that takes its time."""
    assert any(holds() for _ in range(TRIES))


def question(knowledge_id: str, query: str = "common", **more: Any) -> dict[str, Any]:
    return {"knowledge_id": knowledge_id, "query": query, **more}


def names(response: httpx.Response) -> list[str]:
    """The titles of the records of a good answer."""
    assert response.status_code == 200, response.text
    return [record["title"] for record in response.json()["records"]]


def refused(response: httpx.Response) -> tuple[int, int]:
    """Status and error code; the body has the one shape of every failure."""
    body = response.json()
    assert set(body) == {"error_code", "error_msg"}
    assert isinstance(body["error_code"], int)
    assert isinstance(body["error_msg"], str)
    return response.status_code, body["error_code"]
