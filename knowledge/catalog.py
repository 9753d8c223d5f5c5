"""Rows of knowledge bases, their index generations and their metadata fields."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import sqlalchemy as sa

from knowledge import schema
from knowledge.built_in_fields import BUILT_IN_FIELDS
from knowledge.errors import AlreadyExists, FilterError, NotFound
from knowledge.filters import Condition, Operator, matches
from knowledge.types import FieldType, Indexing, Structure

_bases = schema.knowledge_base
_generations = schema.generation
_fields = schema.field
_NEWS = sa.select(
    _bases.c.settings, sa.exists().where(schema.outbox.c.knowledge_base_id == _bases.c.id)
).where(_bases.c.id == sa.bindparam("base"))


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseRecord:
    """A knowledge base as stored, with the sums over its documents."""

    id: str
    name: str
    description: str
    structure: Structure
    indexing: Indexing
    embedding: str | None
    settings: Mapping[str, Any]
    generation: str
    created_at: float = field(default_factory=time.time)
    documents: int = 0
    chunks: int = 0
    characters: int = 0

    @property
    def has_built_in_fields(self) -> bool:
        """Whether document_name, uploader … are switched on."""
        return bool(self.settings.get("built_in_fields"))


def add(connection: sa.Connection, record: BaseRecord, signature: Mapping[str, Any]) -> None:
    """Raises `AlreadyExists` when the name is taken."""
    if connection.execute(sa.select(_bases.c.id).where(_bases.c.name == record.name)).first():
        raise AlreadyExists(
            f"a knowledge base {record.name!r} exists already; choose another name or drop it first"
        )
    columns = {name: getattr(record, name) for name in _bases.c.keys()}  # noqa: SIM118
    connection.execute(_bases.insert().values(columns))
    connection.execute(
        _generations.insert().values(
            id=record.generation,
            knowledge_base_id=record.id,
            signature=dict(signature),
            dirty=False,
            created_at=time.time(),
        )
    )


def all_records(connection: sa.Connection) -> list[BaseRecord]:
    """Every knowledge base, by name."""
    rows = connection.execute(sa.select(_bases).order_by(_bases.c.name)).all()
    return [with_sums(connection, _record(row)) for row in rows]


def names(connection: sa.Connection) -> list[str]:
    return list(connection.execute(sa.select(_bases.c.name).order_by(_bases.c.name)).scalars())


def by_name(connection: sa.Connection, name: str) -> BaseRecord:
    """Without the sums. Raises `NotFound` naming those that exist."""
    row = connection.execute(sa.select(_bases).where(_bases.c.name == name)).first()
    if row is None:
        known = ", ".join(names(connection)) or "none yet; make one with `knowledge create NAME`"
        raise NotFound(f"no knowledge base {name!r}; there are: {known}")
    return _record(row)


def with_sums(connection: sa.Connection, record: BaseRecord) -> BaseRecord:
    """The record with the counts of documents, chunks and characters as they are now."""
    documents = schema.document
    query = sa.select(
        sa.func.count(),
        sa.func.coalesce(sa.func.sum(documents.c.chunks), 0),
        sa.func.coalesce(sa.func.sum(documents.c.characters), 0),
    ).where(documents.c.knowledge_base_id == record.id, documents.c.active_version.is_not(None))
    count, chunks, characters = connection.execute(query).one()
    return replace(record, documents=count, chunks=chunks, characters=characters)


def _record(row: sa.Row[Any]) -> BaseRecord:
    return BaseRecord(**row._mapping)


def remove(connection: sa.Connection, base_id: str) -> None:
    """Removes a knowledge base and everything in it from SQL."""
    versions = sa.select(schema.version.c.id).where(schema.version.c.knowledge_base_id == base_id)
    for table in (schema.child, schema.chunk, schema.image):
        connection.execute(table.delete().where(table.c.version_id.in_(versions)))
    owned = (
        schema.version,
        schema.document,
        schema.field,
        schema.field_value,
        schema.outbox,
        schema.search_history,
        schema.pipeline,
        schema.pipeline_run,
        schema.generation,
    )
    for table in owned:
        connection.execute(table.delete().where(table.c.knowledge_base_id == base_id))
    connection.execute(_bases.delete().where(_bases.c.id == base_id))


def generation_ids(connection: sa.Connection) -> set[str]:
    return set(connection.execute(sa.select(_generations.c.id)).scalars())


def generation_signature(connection: sa.Connection, generation: str) -> Mapping[str, Any]:
    query = sa.select(_generations.c.signature).where(_generations.c.id == generation)
    return cast("Mapping[str, Any]", connection.execute(query).scalar_one())


def replace_generation(
    connection: sa.Connection, base_id: str, old: str, new: str, signature: Mapping[str, Any]
) -> None:
    """Makes a finished new index the one that is searched."""
    connection.execute(_generations.delete().where(_generations.c.id == old))
    connection.execute(
        _generations.insert().values(
            id=new, knowledge_base_id=base_id, signature=dict(signature), dirty=False, created_at=time.time()
        )
    )
    connection.execute(_bases.update().where(_bases.c.id == base_id).values(generation=new))


def is_dirty(connection: sa.Connection, generation: str) -> bool:
    query = sa.select(_generations.c.dirty).where(_generations.c.id == generation)
    return bool(connection.execute(query).scalar_one())


def mark_dirty(connection: sa.Connection, generation: str, dirty: bool) -> None:
    connection.execute(_generations.update().where(_generations.c.id == generation).values(dirty=dirty))


def settings_of(connection: sa.Connection, base_id: str) -> Mapping[str, Any]:
    query = sa.select(_bases.c.settings).where(_bases.c.id == base_id)
    return cast("Mapping[str, Any]", connection.execute(query).scalar_one())


def news(connection: sa.Connection, base_id: str) -> tuple[Mapping[str, Any], bool]:
    """The settings as they are now, and whether the index has anything yet to be told: one query, as searches ask."""
    settings, is_pending = connection.execute(_NEWS, {"base": base_id}).one()
    return settings, is_pending


def store_settings(connection: sa.Connection, base_id: str, settings: Mapping[str, Any]) -> None:
    connection.execute(_bases.update().where(_bases.c.id == base_id).values(settings=dict(settings)))


def fields(connection: sa.Connection, base: BaseRecord) -> dict[str, FieldType]:
    """The metadata fields that conditions can name, and their types: built-in ones too where they are on."""
    declared = declared_fields(connection, base.id)
    return {**declared, **BUILT_IN_FIELDS} if base.has_built_in_fields else declared


def declared_fields(connection: sa.Connection, base_id: str) -> dict[str, FieldType]:
    """The fields that documents were given values of, now or once."""
    query = sa.select(_fields.c.name, _fields.c.type).where(_fields.c.knowledge_base_id == base_id)
    return {row.name: row.type for row in connection.execute(query)}


def declare_fields(
    connection: sa.Connection, base_id: str, wanted: Mapping[str, FieldType]
) -> dict[str, FieldType]:
    """Adds the new ones; returns all. The first use fixes a field's type: raises `FilterError` on another."""
    known = declared_fields(connection, base_id)
    for name, kind in wanted.items():
        if name not in known:
            connection.execute(_fields.insert().values(knowledge_base_id=base_id, name=name, type=kind))
        elif known[name] != kind:
            raise FilterError(
                f"metadata field {name!r} holds {known[name]} values, not {kind}; rename one of them"
            )
    return {**known, **wanted}


def values_that(connection: sa.Connection, base_id: str, condition: Condition) -> tuple[str, ...]:
    """The distinct values of a string field that a condition, no negation, holds for.

    SQL decides contains, starts-with and ends-with; where case is ignored, `matches` does.
    """
    value = schema.field_value.c.value
    query = (
        sa.select(value)
        .distinct()
        .where(
            schema.field_value.c.knowledge_base_id == base_id, schema.field_value.c.name == condition.field
        )
        .order_by(value)
    )
    if not condition.ignore_case:
        decided = query.where(_holds(value, condition.op, str(condition.value)))
        return tuple(connection.execute(decided).scalars())
    return tuple(
        text for text in connection.execute(query).scalars() if matches(condition, {condition.field: text})
    )


def _holds(value: sa.ColumnElement[str], op: Operator, part: str) -> sa.ColumnElement[bool]:
    """Compares bytes: LIKE takes upper for lower case, and text functions stop at a zero character."""
    if not part:
        # The engine of SQL takes a part of an empty value for NULL.
        return sa.true()
    stored, wanted = sa.cast(value, sa.LargeBinary), part.encode()
    match op:
        case "contains":
            return sa.func.instr(stored, wanted) > 0
        case "starts-with":
            return sa.func.substr(stored, 1, len(wanted)) == wanted
        case "ends-with":
            return sa.func.substr(stored, sa.func.length(stored) - len(wanted) + 1) == wanted
    raise FilterError(
        f"{op!r} is not decided by looking at values; allowed: contains, starts-with, ends-with"
    )
