"""What became of the sources of one ingestion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from indexers.embedding_cache import EmbeddingUsage

Outcome = Literal["completed", "unchanged", "replaced", "updated", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestedDocument:
    """What became of one source."""

    id: str
    key: str
    name: str
    status: Outcome
    chunks: int = 0
    characters: int = 0
    error: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """What became of all sources, in order of key."""

    kb: str
    documents: tuple[IngestedDocument, ...]
    seconds: float
    warnings: tuple[str, ...] = ()
    embedding: EmbeddingUsage | None = None
    """What the vectors took; None where there are none."""

    @property
    def failed(self) -> tuple[IngestedDocument, ...]:
        return tuple(document for document in self.documents if document.status == "error")


Progress = Callable[[IngestedDocument], None]
"""Called with every document as soon as its fate is settled."""
