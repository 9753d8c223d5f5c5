"""Rows of documents: what is known of each, and which of their passages may be shown."""

from __future__ import annotations

import time
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import sqlalchemy as sa

from knowledge import catalog, outbox, schema, versions
from knowledge.batches import IN_LIST, batched
from knowledge.built_in_fields import check_free, searchable, user_name
from knowledge.errors import InputError, NotFound
from knowledge.store import metadata_from, plain_metadata
from knowledge.types import Value

Status = Literal["completed", "error"]

_documents = schema.document
_SEARCHABLE: Final = [
    _documents.c[name] for name in ("key", "name", "uploader", "created_at", "updated_at", "metadata")
]
"""What the searchable metadata of a document is made of."""


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
    uploader: str | None = field(default_factory=user_name)
    parent_id: str | None = None
    """The document of the file that this one was found in."""
    chunks: int = 0
    characters: int = 0
    metadata: Mapping[str, Value] = field(default_factory=dict)
    created_at: float = field(default_factory=time.time)
    updated_at: float = field(default_factory=time.time)

    def searchable(self, has_built_in_fields: bool) -> DocumentRecord:
        """Itself with the metadata that conditions see; `metadata` as stored is the document's own alone."""
        if not has_built_in_fields:
            return self
        return replace(self, metadata=searchable(self, self.metadata, has_built_in_fields))


def of_base(connection: sa.Connection, base_id: str) -> list[DocumentRecord]:
    """Every document, by key."""
    query = sa.select(_documents).where(_documents.c.knowledge_base_id == base_id).order_by(_documents.c.key)
    return [_record(row._asdict()) for row in connection.execute(query)]


def by_keys(connection: sa.Connection, base_id: str, keys: Iterable[str]) -> dict[str, DocumentRecord]:
    """Those of the keys that are known, with their documents."""
    found = {}
    for group in batched(keys, IN_LIST):
        query = sa.select(_documents).where(
            _documents.c.knowledge_base_id == base_id, _documents.c.key.in_(group)
        )
        found.update({row.key: _record(row._asdict()) for row in connection.execute(query)})
    return found


def find(connection: sa.Connection, base_id: str, wanted: str) -> DocumentRecord:
    """By id, key or name. Raises `NotFound`, or `InputError` listing the ids when a name is ambiguous."""
    same_base = _documents.c.knowledge_base_id == base_id
    for column in (_documents.c.id, _documents.c.key, _documents.c.name):
        found = [
            _record(row._asdict())
            for row in connection.execute(sa.select(_documents).where(same_base, column == wanted))
        ]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(f"{record.id} ({record.key})" for record in found)
            raise InputError(f"{wanted!r} names {len(found)} documents; use one of the ids {ids}")
    raise NotFound(f"no document {wanted!r}; `knowledge docs` lists them")


def save(connection: sa.Connection, records: Sequence[DocumentRecord]) -> None:
    """Writes rows of documents of one knowledge base, new or replaced, and the string values that filters look up.

    A row that changes changes its built-in fields: where they are on, the index is told.
    """
    if not records:
        return
    settings = catalog.settings_of(connection, records[0].knowledge_base_id)
    has_built_in = bool(settings.get("built_in_fields"))
    replaced = [{"document": record.id} for record in records]
    for table, column in (
        (_documents, _documents.c.id),
        (schema.field_value, schema.field_value.c.document_id),
    ):
        connection.execute(table.delete().where(column == sa.bindparam("document")), replaced)
    connection.execute(_documents.insert(), [_document_columns(record) for record in records])
    values = [row for record in records for row in _string_values(record.searchable(has_built_in))]
    if values:
        connection.execute(schema.field_value.insert(), values)
    if has_built_in:
        announce(connection, records)


def switch_built_in_fields(connection: sa.Connection, base_id: str, is_on: bool) -> None:
    """Brings what filters look up of every document in line with the setting, which is stored already.

    Raises `InputError` when documents have metadata of the same names.
    """
    records = of_base(connection, base_id)
    if is_on:
        check_free(record.metadata for record in records)
    save(connection, records)
    announce(connection, records)


def announce(connection: sa.Connection, records: Sequence[DocumentRecord]) -> None:
    """Lets the index rewrite what it knows of the metadata of these documents of one knowledge base."""
    active = [record.active_version for record in records if record.active_version]
    if active:
        outbox.announce(connection, records[0].knowledge_base_id, "payload", active)


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


def containers(connection: sa.Connection, base_id: str) -> set[str]:
    """The ids of the documents in whose files others were found."""
    query = sa.select(_documents.c.parent_id).where(
        _documents.c.knowledge_base_id == base_id, _documents.c.parent_id.is_not(None)
    )
    return set(connection.execute(query.distinct()).scalars())


def attached(connection: sa.Connection, document_id: str) -> list[DocumentRecord]:
    """The documents that were found inside another, by key."""
    query = sa.select(_documents).where(_documents.c.parent_id == document_id).order_by(_documents.c.key)
    return [_record(row._asdict()) for row in connection.execute(query).all()]


def remove(connection: sa.Connection, record: DocumentRecord) -> None:
    """Removes a document with those that were found inside of it; their points follow through the outbox.

    The file that it was found in itself counts as changed from then on, so that another ingestion brings it back.
    """
    for inside in attached(connection, record.id):
        _remove(connection, inside)
    _remove(connection, record)
    if record.parent_id is not None:
        container = _documents.c.id == record.parent_id
        connection.execute(_documents.update().where(container).values(content_sha256=""))


def remove_attached(connection: sa.Connection, document_id: str, kept: Container[str]) -> None:
    """Removes what was found inside a document before and is there no more: all but the keys `kept`."""
    for inside in attached(connection, document_id):
        if inside.key not in kept:
            _remove(connection, inside)


def _remove(connection: sa.Connection, record: DocumentRecord) -> None:
    if record.active_version:
        versions.retire(connection, record.knowledge_base_id, [record.active_version])
    connection.execute(schema.field_value.delete().where(schema.field_value.c.document_id == record.id))
    connection.execute(_documents.delete().where(_documents.c.id == record.id))


def metadata_of_versions(
    connection: sa.Connection, versions: Sequence[str], has_built_in_fields: bool
) -> dict[str, Mapping[str, Value]]:
    """The metadata that the points of each active version carry."""
    found = {}
    for group in batched(versions, IN_LIST):
        query = sa.select(_documents.c.active_version, *_SEARCHABLE).where(
            _documents.c.active_version.in_(group)
        )
        for row in connection.execute(query):
            found[row.active_version] = searchable(row, metadata_from(row.metadata), has_built_in_fields)
    return found


def _record(columns: Mapping[str, Any]) -> DocumentRecord:
    values = {"warnings": tuple(columns["warnings"]), "metadata": metadata_from(columns["metadata"])}
    return DocumentRecord(**{**columns, **values})
