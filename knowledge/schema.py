"""The tables, and how an older database becomes a current one.

SQL holds the truth; the index is derived from it. A row of `chunk` belongs to a version, and only a document's
`active_version` is visible: switching that one column is what makes an ingestion happen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from knowledge.errors import WorkspaceError

metadata = sa.MetaData()

knowledge_base = sa.Table(
    "knowledge_base",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("name", sa.String, nullable=False, unique=True),
    sa.Column("description", sa.String, nullable=False),
    sa.Column("structure", sa.String, nullable=False),
    sa.Column("indexing", sa.String, nullable=False),
    sa.Column("embedding", sa.String),
    sa.Column("settings", sa.JSON, nullable=False),
    sa.Column("generation", sa.String, nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
)

generation = sa.Table(
    "generation",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("knowledge_base_id", sa.String, nullable=False, index=True),
    sa.Column("signature", sa.JSON, nullable=False),
    sa.Column("dirty", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
)
"""One build of the index. `dirty` from the first write until a clean close: then its points are compared."""

document = sa.Table(
    "document",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("knowledge_base_id", sa.String, nullable=False, index=True),
    sa.Column("key", sa.String, nullable=False),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("error", sa.String),
    sa.Column("warnings", sa.JSON, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("archived", sa.Boolean, nullable=False),
    sa.Column("active_version", sa.String, index=True),
    sa.Column("content_sha256", sa.String, nullable=False),
    sa.Column("process_signature", sa.String, nullable=False),
    sa.Column("source", sa.String),
    sa.Column("uploader", sa.String),
    sa.Column("parent_id", sa.String, index=True),
    sa.Column("chunks", sa.Integer, nullable=False),
    sa.Column("characters", sa.Integer, nullable=False),
    sa.Column("metadata", sa.JSON, nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("updated_at", sa.Float, nullable=False),
    sa.UniqueConstraint("knowledge_base_id", "key"),
)
"""`content_sha256` and `process_signature` are of the last attempt, successful or not. `uploader` is null in rows
from before it was noted. `parent_id` is the document of the file that this one was found in."""

version = sa.Table(
    "version",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("document_id", sa.String, nullable=False, index=True),
    sa.Column("knowledge_base_id", sa.String, nullable=False, index=True),
    sa.Column("text", sa.LargeBinary, nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
)
"""One processing of a document, with the whole cleaned text, compressed."""

chunk = sa.Table(
    "chunk",
    metadata,
    sa.Column("point", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("version_id", sa.String, nullable=False, index=True),
    sa.Column("id", sa.String, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("end", sa.Integer, nullable=False),
    sa.Column("content", sa.String, nullable=False),
    sa.Column("context", sa.String, nullable=False),
    sa.Column("headings", sa.JSON, nullable=False),
    sa.Column("locator", sa.JSON, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("keywords", sa.JSON(none_as_null=True)),
    sa.Column("answer", sa.String),
    sa.Column("origin", sa.String),
    sa.Index("chunk_id", "id"),
)
"""`point` is the id in the index, taken from `counter`, so that a new version never overwrites an old one. A chunk
with children is not in the index itself. `keywords` are those that a person gave the chunk; `answer` is that of a
question. `origin` is null in rows from before questions were generated."""

child = sa.Table(
    "child",
    metadata,
    sa.Column("point", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("version_id", sa.String, nullable=False, index=True),
    sa.Column("chunk_point", sa.Integer, nullable=False, index=True),
    sa.Column("id", sa.String, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("end", sa.Integer, nullable=False),
    sa.Column("content", sa.String, nullable=False),
    sa.Column("context", sa.String, nullable=False),
    sa.Column("headings", sa.JSON(none_as_null=True)),
    sa.Column("locator", sa.JSON(none_as_null=True)),
)
"""What a parent, the chunk of `chunk_point`, is found by. `point` is from the same `counter`, `position` is counted
within the parent. `headings` and `locator` are null in rows from before they were noted."""

image = sa.Table(
    "image",
    metadata,
    sa.Column("version_id", sa.String, primary_key=True),
    sa.Column("name", sa.String, primary_key=True),
)
"""The pictures of a version: files in the workspace's folder of pictures."""

api_key = sa.Table(
    "api_key",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("sha256", sa.String, nullable=False, unique=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("knowledge_bases", sa.JSON),
    sa.Column("conditions", sa.JSON, nullable=False),
    sa.Column("rate_per_minute", sa.Integer),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("expires_at", sa.Float),
    sa.Column("revoked_at", sa.Float),
    sa.Column("last_used_at", sa.Float),
)
"""Keys of the HTTP API. The key itself is nowhere; `knowledge_bases` are ids, null means all."""

counter = sa.Table(
    "counter",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("next", sa.Integer, nullable=False),
)
"""Numbers that are never given out twice, whatever is deleted or rolled back."""

field = sa.Table(
    "field",
    metadata,
    sa.Column("knowledge_base_id", sa.String, primary_key=True),
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("type", sa.String, nullable=False),
)

field_value = sa.Table(
    "field_value",
    metadata,
    sa.Column("knowledge_base_id", sa.String, primary_key=True),
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.String, primary_key=True),
    sa.Column("document_id", sa.String, primary_key=True, index=True),
)
"""The string values of every document: what `contains` is resolved against before the index is asked."""

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("knowledge_base_id", sa.String, nullable=False, index=True),
    sa.Column("action", sa.String, nullable=False),
    sa.Column("version_id", sa.String, nullable=False),
    sqlite_autoincrement=True,
)
"""What the index has yet to be told: written in the transaction that changes SQL, removed once it is durable.

`delete` removes the points of a version, `payload` rewrites the metadata that they carry from SQL, `points` writes
them anew. Each may run twice.
"""

pipeline = sa.Table(
    "pipeline",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("knowledge_base_id", sa.String, nullable=False, index=True),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("text", sa.String, nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sqlite_autoincrement=True,
)
"""The YAML of a knowledge base's pipelines: one `draft` at most, and every version that was `published`."""

pipeline_template = sa.Table(
    "pipeline_template",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("text", sa.String, nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
)

pipeline_run = sa.Table(
    "pipeline_run",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("knowledge_base_id", sa.String, nullable=False, index=True),
    sa.Column("document_key", sa.String, nullable=False),
    sa.Column("preview", sa.Boolean, nullable=False),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("error", sa.String),
    sa.Column("inputs", sa.JSON, nullable=False),
    sa.Column("nodes", sa.JSON, nullable=False),
    sa.Column("started_at", sa.Float, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
)
"""What became of every node of a run, big values cut."""


search_history = sa.Table(
    "search_history",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("knowledge_base_id", sa.String, nullable=False, index=True),
    sa.Column("asked_at", sa.Float, nullable=False),
    sa.Column("query", sa.String, nullable=False),
    sa.Column("mode", sa.String),
    sa.Column("hits", sa.Integer, nullable=False),
    sa.Column("best_score", sa.Float),
    sa.Column("documents", sa.JSON, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
)
"""Questions of the bases whose setting `history` is on; `documents` are the ids of those found, best first."""


def _create_first_schema(connection: sa.Connection) -> None:
    metadata.create_all(connection)
    connection.execute(counter.insert().values(name="point", next=1))


def _note_uploaders(connection: sa.Connection) -> None:
    _add_column(connection, document.c.uploader)


def _add_column(connection: sa.Connection, column: sa.Column[Any]) -> None:
    """Adds a nullable column, unless the table was only just made, as it is now."""
    if column.name not in {known["name"] for known in sa.inspect(connection).get_columns(column.table.name)}:
        kind = column.type.compile(connection.dialect)
        connection.exec_driver_sql(f"ALTER TABLE {column.table.name} ADD COLUMN {column.name} {kind}")


def _add_api_keys(connection: sa.Connection) -> None:
    api_key.create(connection, checkfirst=True)


def _keep_keywords(connection: sa.Connection) -> None:
    _add_column(connection, chunk.c.keywords)


def _keep_children_and_answers(connection: sa.Connection) -> None:
    child.create(connection, checkfirst=True)
    _add_column(connection, chunk.c.answer)


def _keep_places_of_children(connection: sa.Connection) -> None:
    _add_column(connection, child.c.headings)
    _add_column(connection, child.c.locator)


def _keep_origins(connection: sa.Connection) -> None:
    _add_column(connection, chunk.c.origin)


def _keep_images_and_containers(connection: sa.Connection) -> None:
    image.create(connection, checkfirst=True)
    _add_column(connection, document.c.parent_id)


def _keep_pipelines(connection: sa.Connection) -> None:
    for table in (pipeline, pipeline_template, pipeline_run):
        table.create(connection, checkfirst=True)


def _keep_search_history(connection: sa.Connection) -> None:
    search_history.create(connection, checkfirst=True)


def _index_containers(connection: sa.Connection) -> None:
    connection.exec_driver_sql("CREATE INDEX IF NOT EXISTS ix_document_parent_id ON document (parent_id)")


MIGRATIONS: tuple[Callable[[sa.Connection], None], ...] = (
    _create_first_schema,
    _note_uploaders,
    _add_api_keys,
    _keep_keywords,
    _keep_children_and_answers,
    _keep_places_of_children,
    _keep_origins,
    _keep_images_and_containers,
    _keep_pipelines,
    _keep_search_history,
    _index_containers,
)
"""Number n brings a database from version n to n + 1. Never edited once released, only appended to."""


def is_current(connection: sa.Connection) -> bool:
    """Whether no migration is due. Raises `WorkspaceError` when a newer program wrote the database."""
    found = _schema_version(connection)
    if found > len(MIGRATIONS):
        raise WorkspaceError(
            f"the workspace has schema {found}, this program knows up to {len(MIGRATIONS)}; upgrade the program"
        )
    return found == len(MIGRATIONS)


def migrate(connection: sa.Connection) -> None:
    """Brings the database to the current schema, in the transaction of `connection`."""
    for number in range(_schema_version(connection), len(MIGRATIONS)):
        MIGRATIONS[number](connection)
        connection.exec_driver_sql(f"PRAGMA user_version = {number + 1}")


def _schema_version(connection: sa.Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
