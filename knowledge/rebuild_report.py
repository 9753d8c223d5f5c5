"""What building an index anew has taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexers.embedding_cache import EmbeddingUsage


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildReport:
    kb: str
    chunks: int
    seconds: float
    embedding: EmbeddingUsage | None = None
    """What the vectors took; None where there are none."""
