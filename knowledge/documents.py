"""Rows of documents, their versions and chunks, and the outbox that tells the index of changes."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any, Final, Literal, TypeVar

import sqlalchemy as sa

from knowledge import schema
from knowledge.errors import InputError, NotFound
from knowledge.store import metadata_from, plain_metadata
from knowledge.types import Chunk, Locator, Value

Status = Literal["completed", "error"]
IN_LIST: Final = 500
"""Values in one SQL `IN`: databases limit the number of parameters."""

_documents = schema.document
_versions = schema.version
_chunks = schema.chunk
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRecord:
    """A document as stored. `active_version` is None until its first successful ingestion."""

    id: str
    knowledge_base_id: str
    key: str
    name: str
    status: Status
    content_sha256: str
    process_signature: str
    error: str | None = None
    warnings: tuple[str, ...] = ()
    enabled: bool = True
    archived: bool = False
    active_version: str | None = None
    source: str | None = None
    chunks: int = 0
    characters: int = 0
    metadata: Mapping[str, Value] = field(default_factory=dict)
    created_at: float = field(default_factory=time.time)
    updated_at: float = field(default_factory=time.time)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkRecord:
    """A chunk as stored; `point` is its id in the index."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """A processed document on its way into the store."""

    id: str
    document_id: str
    knowledge_base_id: str
    text: str
    chunks: Sequence[tuple[str, Chunk]]
    """(chunk id, chunk) in order of position."""


def of_base(connection: sa.Connection, base_id: str) -> list[DocumentRecord]:
    """Every document, by key."""
    query = sa.select(_documents).where(_documents.c.knowledge_base_id == base_id).order_by(_documents.c.key)
    return [_record(row) for row in connection.execute(query)]


def find(connection: sa.Connection, base_id: str, wanted: str) -> DocumentRecord:
    """By id, key or name. Raises `NotFound`, or `InputError` listing the ids when a name is ambiguous."""
    same_base = _documents.c.knowledge_base_id == base_id
    for column in (_documents.c.id, _documents.c.key, _documents.c.name):
        found = [
            _record(row)
            for row in connection.execute(sa.select(_documents).where(same_base, column == wanted))
        ]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(f"{record.id} ({record.key})" for record in found)
            raise InputError(f"{wanted!r} names {len(found)} documents; use one of the ids {ids}")
    raise NotFound(f"no document {wanted!r}; `knowledge docs` lists them")


def _record(row: sa.Row[Any]) -> DocumentRecord:
    columns = dict(row._mapping)
    columns["warnings"] = tuple(columns["warnings"])
    columns["metadata"] = metadata_from(columns["metadata"])
    return DocumentRecord(**columns)


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
    point = _reserve_points(connection, sum(len(version.chunks) for version in versions))
    records = []
    for version in versions:
        for position, (id_, chunk) in enumerate(version.chunks):
            records.append(_chunk_record(point, version.id, id_, position, chunk))
            point += 1
    if records:
        connection.execute(_chunks.insert(), [_chunk_columns(record) for record in records])
    return records


def _reserve_points(connection: sa.Connection, count: int) -> int:
    """The first of `count` point ids that nobody else gets."""
    mine = schema.counter.c.name == "point"
    first = int(connection.execute(sa.select(schema.counter.c.next).where(mine)).scalar_one())
    connection.execute(schema.counter.update().where(mine).values(next=first + count))
    return first


def _chunk_record(point: int, version: str, id_: str, position: int, chunk: Chunk) -> ChunkRecord:
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
    )


def _chunk_columns(record: ChunkRecord) -> dict[str, Any]:
    columns = {name: getattr(record, name) for name in _chunks.c.keys()}  # noqa: SIM118
    columns["locator"] = plain_locator(record.locator)
    return columns


def plain_locator(locator: Locator) -> dict[str, int | str]:
    """What is known of a place, without the rest."""
    return {name: value for name, value in asdict(locator).items() if value is not None}


def save(connection: sa.Connection, records: Sequence[DocumentRecord]) -> None:
    """Writes document rows, new or replaced, and the string values that filters look up."""
    if not records:
        return
    replaced = [{"document": record.id} for record in records]
    for table, column in (
        (_documents, _documents.c.id),
        (schema.field_value, schema.field_value.c.document_id),
    ):
        connection.execute(table.delete().where(column == sa.bindparam("document")), replaced)
    connection.execute(_documents.insert(), [_document_columns(record) for record in records])
    values = [row for record in records for row in _string_values(record)]
    if values:
        connection.execute(schema.field_value.insert(), values)


def _document_columns(record: DocumentRecord) -> dict[str, Any]:
    columns = {name: getattr(record, name) for name in _documents.c.keys()}  # noqa: SIM118
    columns["metadata"] = plain_metadata(record.metadata)
    return columns


def _string_values(record: DocumentRecord) -> Iterator[dict[str, str]]:
    for name, value in record.metadata.items():
        for text in set(value if isinstance(value, tuple) else (value,)):
            if isinstance(text, str):
                yield {
                    "knowledge_base_id": record.knowledge_base_id,
                    "name": name,
                    "value": text,
                    "document_id": record.id,
                }


def remove(connection: sa.Connection, record: DocumentRecord) -> None:
    """Removes a document; its points follow through the outbox."""
    if record.active_version:
        retire(connection, record.knowledge_base_id, [record.active_version])
    connection.execute(schema.field_value.delete().where(schema.field_value.c.document_id == record.id))
    connection.execute(_documents.delete().where(_documents.c.id == record.id))


def retire(connection: sa.Connection, base_id: str, versions: Iterable[str]) -> None:
    """Removes versions from SQL and tells the index to do the same."""
    rows = [{"version": version} for version in versions]
    if not rows:
        return
    connection.execute(_chunks.delete().where(_chunks.c.version_id == sa.bindparam("version")), rows)
    connection.execute(_versions.delete().where(_versions.c.id == sa.bindparam("version")), rows)
    announce(connection, base_id, "delete", [row["version"] for row in rows])


def announce(
    connection: sa.Connection, base_id: str, action: Literal["delete", "payload"], versions: Sequence[str]
) -> None:
    """Writes outbox rows for versions whose points must change."""
    connection.execute(
        schema.outbox.insert(),
        [{"knowledge_base_id": base_id, "action": action, "version_id": version} for version in versions],
    )


def pending(connection: sa.Connection, base_id: str) -> list[tuple[int, str, str]]:
    """(outbox id, action, version) in the order they were written."""
    outbox = schema.outbox
    query = sa.select(outbox.c.id, outbox.c.action, outbox.c.version_id)
    rows = connection.execute(query.where(outbox.c.knowledge_base_id == base_id).order_by(outbox.c.id))
    return [(id_, action, version) for id_, action, version in rows]


def settle(connection: sa.Connection, base_id: str, last: int) -> None:
    """Removes the outbox rows up to `last`: the index has them on disk."""
    outbox = schema.outbox
    connection.execute(outbox.delete().where(outbox.c.knowledge_base_id == base_id, outbox.c.id <= last))


def unfinished(connection: sa.Connection, base_id: str) -> list[str]:
    """Versions that were being written when their process ended."""
    active = sa.select(_documents.c.active_version).where(
        _documents.c.knowledge_base_id == base_id, _documents.c.active_version.is_not(None)
    )
    query = sa.select(_versions.c.id).where(
        _versions.c.knowledge_base_id == base_id, _versions.c.id.not_in(active)
    )
    return list(connection.execute(query).scalars())


def metadata_of_versions(connection: sa.Connection, versions: Sequence[str]) -> dict[str, dict[str, Value]]:
    """The metadata that the points of each active version carry."""
    found = {}
    for group in batched(versions, IN_LIST):
        query = sa.select(_documents.c.active_version, _documents.c.metadata).where(
            _documents.c.active_version.in_(group)
        )
        found.update({version: metadata_from(plain) for version, plain in connection.execute(query)})
    return found


def text_of(connection: sa.Connection, version: str) -> str:
    """The cleaned text that a version's chunks are spans of."""
    packed = connection.execute(sa.select(_versions.c.text).where(_versions.c.id == version)).scalar_one()
    return zlib.decompress(packed).decode()


def chunks_of(connection: sa.Connection, version: str) -> list[ChunkRecord]:
    """In order of position."""
    query = sa.select(_chunks).where(_chunks.c.version_id == version).order_by(_chunks.c.position)
    return [_chunk(row._mapping) for row in connection.execute(query)]


def active_points(connection: sa.Connection, base_id: str) -> set[int]:
    """The points that the index must hold: the chunks of every active version."""
    query = (
        sa.select(_chunks.c.point)
        .join(_documents, _documents.c.active_version == _chunks.c.version_id)
        .where(_documents.c.knowledge_base_id == base_id)
    )
    return set(connection.execute(query).scalars())


def passages(
    connection: sa.Connection, base_id: str, points: Sequence[int]
) -> dict[int, tuple[ChunkRecord, DocumentRecord]]:
    """Those of the points that may be shown: active version, document and chunk enabled, not archived."""
    found = {}
    for group in batched(points, IN_LIST):
        query = (
            sa.select(_chunks, _documents)
            .join(_documents, _documents.c.active_version == _chunks.c.version_id)
            .where(
                _documents.c.knowledge_base_id == base_id,
                _chunks.c.point.in_(group),
                _chunks.c.enabled,
                _documents.c.enabled,
                sa.not_(_documents.c.archived),
            )
        )
        width = len(_chunks.c)
        for row in connection.execute(query):
            chunk = _chunk(dict(zip(_chunks.c.keys(), row[:width], strict=True)))
            document = dict(zip(_documents.c.keys(), row[width:], strict=True))
            document["warnings"] = tuple(document["warnings"])
            document["metadata"] = metadata_from(document["metadata"])
            found[chunk.point] = (chunk, DocumentRecord(**document))
    return found


def _chunk(columns: Mapping[str, Any]) -> ChunkRecord:
    values = dict(columns)
    values["headings"] = tuple(values["headings"])
    values["locator"] = Locator(**values["locator"])
    return ChunkRecord(**values)


def batched(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Lists of up to `size` items, in order."""
    iterator = iter(items)
    while group := list(islice(iterator, size)):
        yield group
