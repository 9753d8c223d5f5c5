"""Rows of versions and their chunks: what one processing of a document gave."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, groupby
from operator import attrgetter
from typing import Any, Final

import sqlalchemy as sa

from knowledge import identity, outbox, schema
from knowledge.batches import IN_LIST, batched
from knowledge.locators import plain_locator
from knowledge.store import fetched
from knowledge.types import Chunk, Image, Locator, Origin

_versions = schema.version
_chunks = schema.chunk
_children = schema.child
_PARENTS: Final = "SELECT point, chunk_point FROM child WHERE point IN (SELECT value FROM json_each(?))"
"""One JSON list in place of a parameter for each point: these may be many thousands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildRecord:
    """A child as stored; `point` is its id in the index, `chunk_point` that of its parent."""

    point: int
    version_id: str
    chunk_point: int
    id: str
    position: int
    start: int
    end: int
    content: str
    context: str
    headings: tuple[str, ...]
    locator: Locator


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkRecord:
    """A chunk as stored; `point` is its id in the index, where its children stand for it if it has any."""

    point: int
    version_id: str
    id: str
    position: int
    start: int
    end: int
    content: str
    context: str
    headings: tuple[str, ...]
    locator: Locator
    enabled: bool = True
    keywords: tuple[str, ...] | None = None
    """Those that a person gave it; None: those found in its text count."""
    answer: str | None = None
    """To the question that `content` is."""
    origin: Origin = "source"
    children: tuple[ChildRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """A processed document on its way into the store."""

    id: str
    document_id: str
    knowledge_base_id: str
    text: str
    chunks: Sequence[Chunk]
    """In order of position."""
    images: Sequence[Image] = ()

    @property
    def points(self) -> int:
        """How many point ids it needs."""
        return sum(1 + len(chunk.children) for chunk in self.chunks)


def add_versions(connection: sa.Connection, versions: Sequence[NewVersion]) -> list[ChunkRecord]:
    """Stores processed documents without making them visible; returns their chunks with point ids."""
    now = time.time()
    connection.execute(
        _versions.insert(),
        [
            {
                "id": version.id,
                "document_id": version.document_id,
                "knowledge_base_id": version.knowledge_base_id,
                "text": zlib.compress(version.text.encode(), 6),
                "created_at": now,
            }
            for version in versions
        ],
    )
    points = count(_reserve_points(connection, sum(version.points for version in versions)))
    records = [record for version in versions for record in _records(version, points)]
    children = [_child_columns(child) for record in records for child in record.children]
    if records:
        connection.execute(_chunks.insert(), [_chunk_columns(record) for record in records])
    if children:
        connection.execute(_children.insert(), children)
    return records


def _reserve_points(connection: sa.Connection, count: int) -> int:
    """The first of `count` point ids that nobody else gets."""
    mine = schema.counter.c.name == "point"
    first = int(connection.execute(sa.select(schema.counter.c.next).where(mine)).scalar_one())
    connection.execute(schema.counter.update().where(mine).values(next=first + count))
    return first


def _records(version: NewVersion, points: Iterator[int]) -> Iterator[ChunkRecord]:
    below = (child.content for chunk in version.chunks for child in chunk.children)
    ids = identity.chunk_ids(version.document_id, (chunk.content for chunk in version.chunks))
    child_ids = identity.chunk_ids(version.document_id, below, role="child")
    for position, (id_, chunk) in enumerate(zip(ids, version.chunks, strict=True)):
        record = _numbered(next(points), version.id, id_, position, chunk)
        children = (
            _child(record, next(points), next(child_ids), at, child)
            for at, child in enumerate(chunk.children)
        )
        yield replace(record, children=tuple(children))


def _child(parent: ChunkRecord, point: int, id_: str, position: int, child: Chunk) -> ChildRecord:
    return ChildRecord(
        point=point,
        version_id=parent.version_id,
        chunk_point=parent.point,
        id=id_,
        position=position,
        start=child.start,
        end=child.end,
        content=child.content,
        context=child.context,
        headings=child.headings,
        locator=child.locator,
    )


def _numbered(point: int, version: str, id_: str, position: int, chunk: Chunk) -> ChunkRecord:
    return ChunkRecord(
        point=point,
        version_id=version,
        id=id_,
        position=position,
        start=chunk.start,
        end=chunk.end,
        content=chunk.content,
        context=chunk.context,
        headings=chunk.headings,
        locator=chunk.locator,
        answer=chunk.answer,
        origin=chunk.origin,
    )


def _chunk_columns(record: ChunkRecord) -> dict[str, Any]:
    columns = {name: getattr(record, name) for name in _chunks.c.keys()}  # noqa: SIM118
    columns["locator"] = plain_locator(record.locator)
    return columns


def _child_columns(record: ChildRecord) -> dict[str, Any]:
    columns = {name: getattr(record, name) for name in _children.c.keys()}  # noqa: SIM118
    columns["locator"] = plain_locator(record.locator)
    return columns


def with_kept_keywords(
    connection: sa.Connection, chunks: Sequence[ChunkRecord], before: Sequence[str]
) -> list[ChunkRecord]:
    """New chunks with the keywords that a person gave to the same ones in the versions `before`."""
    edited: dict[str, tuple[str, ...]] = {}
    for group in batched(before, IN_LIST):
        query = sa.select(_chunks.c.id, _chunks.c.keywords).where(
            _chunks.c.version_id.in_(group), _chunks.c.keywords.is_not(None)
        )
        edited.update((id_, tuple(words)) for id_, words in connection.execute(query))
    for chunk in chunks:
        if chunk.id in edited:
            set_keywords(connection, chunk.point, edited[chunk.id])
    return [replace(chunk, keywords=edited.get(chunk.id)) for chunk in chunks] if edited else list(chunks)


def set_keywords(connection: sa.Connection, point: int, words: Sequence[str] | None) -> None:
    """Gives a chunk keywords; None: those found in its text."""
    stored = None if words is None else list(words)
    connection.execute(_chunks.update().where(_chunks.c.point == point).values(keywords=stored))


def retire(connection: sa.Connection, base_id: str, versions: Iterable[str]) -> None:
    """Removes versions from SQL and tells the index to do the same."""
    rows = [{"version": version} for version in versions]
    if not rows:
        return
    for table in (_children, _chunks, schema.image):
        connection.execute(table.delete().where(table.c.version_id == sa.bindparam("version")), rows)
    connection.execute(_versions.delete().where(_versions.c.id == sa.bindparam("version")), rows)
    outbox.announce(connection, base_id, "delete", [row["version"] for row in rows])


def unfinished(connection: sa.Connection, base_id: str) -> list[str]:
    """Versions that were being written when their process ended."""
    active = sa.select(schema.document.c.active_version).where(
        schema.document.c.knowledge_base_id == base_id, schema.document.c.active_version.is_not(None)
    )
    query = sa.select(_versions.c.id).where(
        _versions.c.knowledge_base_id == base_id, _versions.c.id.not_in(active)
    )
    return list(connection.execute(query).scalars())


def text_of(connection: sa.Connection, version: str) -> str:
    """The cleaned text that a version's chunks are spans of."""
    packed = connection.execute(sa.select(_versions.c.text).where(_versions.c.id == version)).scalar_one()
    return zlib.decompress(packed).decode()


def chunks_of(connection: sa.Connection, version: str) -> list[ChunkRecord]:
    """In order of position, with their children."""
    query = sa.select(_chunks).where(_chunks.c.version_id == version).order_by(_chunks.c.position)
    children = _by_parent(connection, _children.c.version_id == version)
    return [
        replace(chunk_record(row._asdict()), children=children.get(row.point, ()))
        for row in connection.execute(query)
    ]


def children_of(connection: sa.Connection, points: Sequence[int]) -> dict[int, tuple[ChildRecord, ...]]:
    """The children of these chunks, in order, by the point of their parent."""
    found: dict[int, tuple[ChildRecord, ...]] = {}
    for group in batched(points, IN_LIST):
        found.update(_by_parent(connection, _children.c.chunk_point.in_(group)))
    return found


def _by_parent(
    connection: sa.Connection, which: sa.ColumnElement[bool]
) -> dict[int, tuple[ChildRecord, ...]]:
    query = sa.select(_children).where(which).order_by(_children.c.chunk_point, _children.c.position)
    records = (_child_record(row._mapping) for row in connection.execute(query))
    return {point: tuple(group) for point, group in groupby(records, attrgetter("chunk_point"))}


def _child_record(columns: Mapping[Any, Any]) -> ChildRecord:
    values: dict[str, Any] = {str(name): value for name, value in columns.items()}
    values["headings"] = tuple(values["headings"] or ())
    values["locator"] = Locator(**(values["locator"] or {}))
    return ChildRecord(**values)


def parents_of(connection: sa.Connection, points: Sequence[int]) -> dict[int, int]:
    """The points of the parents of those that are children."""
    return dict(fetched(connection, _PARENTS, json.dumps(list(points))))


def active_points(connection: sa.Connection, base_id: str) -> set[int]:
    """The points that the index must hold: of every active version the children, and the chunks that have none."""
    has_children = sa.exists().where(_children.c.chunk_point == _chunks.c.point)
    points: set[int] = set()
    for table, which in ((_chunks, sa.not_(has_children)), (_children, sa.true())):
        query = (
            sa.select(table.c.point)
            .join(schema.document, schema.document.c.active_version == table.c.version_id)
            .where(schema.document.c.knowledge_base_id == base_id, which)
        )
        points.update(connection.execute(query).scalars())
    return points


def chunk_record(columns: Mapping[str, Any]) -> ChunkRecord:
    keywords = columns["keywords"]
    values = {
        "headings": tuple(columns["headings"]),
        "locator": Locator(**columns["locator"]),
        "keywords": None if keywords is None else tuple(keywords),
        "origin": columns["origin"] or "source",
    }
    return ChunkRecord(**{**columns, **values})
