"""Embedders as the settings want them, and the HTTP client with which embedding servers are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from knowledge.configuration import setting
from knowledge.registry import load_embedder

if TYPE_CHECKING:
    from knowledge.outgoing import HttpClient
    from knowledge.protocols import Embedder


def embedding_client() -> HttpClient:
    """For servers that the operator names. They compute in silence, so a silence may last as long as a call."""
    from knowledge.outgoing import HttpClient

    longest_s = setting("embedding_timeout_s")
    return HttpClient.configured(public_only=False, total_s=longest_s, read_s=longest_s)


def configured_embedder(spec: str) -> Embedder:
    """The embedder of a spec; one that asks a server does so as the settings say. Raises `InputError`."""
    embedder: Embedder = load_embedder(
        spec, http=embedding_client, concurrency=setting("embedding_concurrency")
    )
    return embedder
