"""The HTTP client with which embedding servers are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from knowledge.configuration import setting

if TYPE_CHECKING:
    from knowledge.outgoing import HttpClient


def embedding_client() -> HttpClient:
    """For servers that the operator names. They compute in silence, so a silence may last as long as a call."""
    from knowledge.outgoing import HttpClient

    longest_s = setting("embedding_timeout_s")
    return HttpClient.configured(public_only=False, total_s=longest_s, read_s=longest_s)
