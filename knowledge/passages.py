"""The passages that a search has found, as far as they may be shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from knowledge.built_in_fields import searchable
from knowledge.store import fetched, metadata_from, parsed
from knowledge.types import ChunkRef, DocumentRef, Locator, Origin

if TYPE_CHECKING:
    import sqlalchemy as sa

# Not by knowledge base as well: a point belongs to one anyway, and a planner that starts from the base reads all
# of its documents.
_LIVE: Final = """
    SELECT chunk.point, chunk.id, chunk.position, chunk.start, chunk."end", chunk.headings, chunk.origin,
        chunk.content, chunk.context, chunk.locator, chunk.answer,
        document.id, document.key, document.name, document.metadata,
        document.uploader, document.created_at, document.updated_at
    FROM chunk JOIN document ON document.active_version = chunk.version_id
    WHERE chunk.point IN (SELECT value FROM json_each(?))
        AND chunk.enabled AND document.enabled AND NOT document.archived
"""
_ANYWHERE: Final = Locator()


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What is shown of a chunk. The metadata of its document are those that conditions see."""

    document: DocumentRef
    chunk: ChunkRef
    content: str
    context: str
    locator: Locator
    answer: str | None


class _Row(NamedTuple):
    """What `_LIVE` gives, JSON as it is stored."""

    point: int
    chunk_id: str
    position: int
    start: int
    end: int
    headings: str
    origin: Origin | None
    content: str
    context: str
    locator: str
    answer: str | None
    document_id: str
    key: str
    name: str
    metadata: str
    uploader: str | None
    created_at: float
    updated_at: float


def live_passages(
    connection: sa.Connection, points: Sequence[int], has_built_in_fields: bool
) -> dict[int, Passage]:
    """Those of the points that may be shown: of an active version, document and chunk enabled, not archived."""
    rows = map(_Row._make, fetched(connection, _LIVE, json.dumps(points)))
    return {row.point: _passage(row, has_built_in_fields) for row in rows}


def _passage(row: _Row, has_built_in_fields: bool) -> Passage:
    metadata = searchable(row, metadata_from(parsed(row.metadata)), has_built_in_fields)
    place = parsed(row.locator)
    return Passage(
        document=DocumentRef(
            id=row.document_id,
            key=row.key,
            name=row.name,
            metadata=metadata,
            created_at=row.created_at,
            updated_at=row.updated_at,
        ),
        chunk=ChunkRef(
            id=row.chunk_id,
            position=row.position,
            start=row.start,
            end=row.end,
            headings=tuple(parsed(row.headings)),
            origin=row.origin or "source",
        ),
        content=row.content,
        context=row.context,
        locator=Locator(**place) if place else _ANYWHERE,
        answer=row.answer,
    )
