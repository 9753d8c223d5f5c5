"""Reaches a Qdrant server, and says in one line what to check when that fails."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from json import JSONDecodeError
from typing import Final
from urllib.parse import urlsplit

import httpx

from knowledge.errors import AlreadyExists, InputError, KnowledgeError, WorkspaceError
from knowledge.registry import missing

try:
    from qdrant_client import QdrantClient as QdrantClient
    from qdrant_client import models as models
    from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
    from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse
except ImportError as error:
    raise missing("qdrant", "an index on a Qdrant server") from error

API_KEY: Final = "KNOWLEDGE_INDEX_API_KEY"
"""The environment variable with the server's key."""

_OLDEST: Final = (1, 20)
_DEFAULT_PORT: Final = 6333
_TIMEOUT_S: Final = 60


def is_url(location: str) -> bool:
    return location.startswith(("http://", "https://"))


def connected(location: str) -> QdrantClient:
    """A client of the server at a URL, which has answered and is not too old.

    The key is that of the environment. `:memory:` or a folder gives the client's own imitation of a server.
    """
    if location == ":memory:":
        return QdrantClient(":memory:")
    if not is_url(location):
        return QdrantClient(path=location)
    _check_url(location)
    key = os.environ.get(API_KEY) or None
    client = QdrantClient(url=location, api_key=key, timeout=_TIMEOUT_S, check_compatibility=False)
    _check_version(client, location)
    return client


def no_collection(location: str, collection: str) -> WorkspaceError:
    return WorkspaceError(
        f"{_server(location)} has no collection {collection!r}; build the index anew: knowledge rebuild NAME"
    )


def already_there(location: str, collection: str) -> AlreadyExists:
    return AlreadyExists(
        f"{_server(location)} has a collection {collection!r}; open it, or take another name"
    )


@contextmanager
def server_errors(location: str, collection: str | None = None) -> Iterator[None]:
    """What the client raises becomes a `KnowledgeError` here. The key is in none of them."""
    try:
        yield
    except ResponseHandlingException as error:
        raise _no_answer(location, error.source) from error
    except JSONDecodeError as error:
        raise _no_answer(location, error) from error
    except UnexpectedResponse as error:
        raise _refusal(location, collection, error) from error
    except ResourceExhaustedResponse as error:
        raise WorkspaceError(f"{_server(location)} has too much to do ({error}); try again later") from error


def _check_url(location: str) -> None:
    try:
        parts = urlsplit(location)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise InputError(
            f"{location!r} is not the URL of a server; write http://HOST:6333 or https://HOST:6333"
        )


def _check_version(client: QdrantClient, location: str) -> None:
    with server_errors(location):
        version = client.info().version
    found = re.match(r"(\d+)\.(\d+)", version)
    if not found or (int(found[1]), int(found[2])) < _OLDEST:
        raise WorkspaceError(
            f"{_server(location)} is version {version}; needed is 1.20 or newer, the first that ranks text by BM25"
        )


def _server(location: str) -> str:
    """Without the password that a URL may hold, and with the port that the client takes."""
    if not is_url(location):
        return f"the imitated index server in {location}"
    parts = urlsplit(location)
    return f"the index server {parts.scheme}://{parts.hostname}:{parts.port or _DEFAULT_PORT}{parts.path}"


def _no_answer(location: str, reason: Exception) -> KnowledgeError:
    server = _server(location)
    match reason:
        case httpx.TimeoutException():
            return WorkspaceError(
                f"{server} did not answer in {_TIMEOUT_S} s; look at its load, then try again"
            )
        case httpx.TransportError():
            return WorkspaceError(
                f"{server} is not reached ({reason}); check the URL, and that the server runs"
            )
        case RuntimeError():
            return InputError(f"the connection to {server} is closed; open the index again")
    return _stranger(location)


def _refusal(location: str, collection: str | None, response: UnexpectedResponse) -> KnowledgeError:
    server, reason = _server(location), _reason(response)
    match response.status_code:
        case 401 | 403:
            return InputError(
                f"{server} refuses the key ({reason}); set {API_KEY} to one that may read and write"
            )
        case 404:
            return no_collection(location, collection) if collection else _stranger(location)
        case 409 if collection:
            return already_there(location, collection)
    return WorkspaceError(f"{server} answers {response.status_code} ({reason}); look at the server's log")


def _stranger(location: str) -> WorkspaceError:
    return WorkspaceError(f"{_server(location)} does not answer as Qdrant does; check the URL")


def _reason(response: UnexpectedResponse) -> str:
    try:
        said = str(response.structured()["status"]["error"])
    except (ValueError, KeyError, TypeError):
        said = response.reason_phrase
    return said.partition("\n")[0]
