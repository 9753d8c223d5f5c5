"""The SQL database of a workspace: opening it, and reading and writing transactions."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from knowledge import schema
from knowledge.errors import KnowledgeError, WorkspaceError, WorkspaceLocked
from knowledge.types import Value

FILE_NAME: Final = "knowledge.db"
BUSY_TIMEOUT_MS: Final = 5000


class Store:
    """SQLite in WAL mode: readers never wait, one writer at a time, a commit is on disk when it returns."""

    def __init__(self, folder: Path, *, is_read_only: bool = False) -> None:
        self.is_read_only = is_read_only
        self._path = folder / FILE_NAME
        self._engine = sa.create_engine(
            sa.URL.create("sqlite", database=str(self._path)),
            json_serializer=partial(json.dumps, ensure_ascii=False),
            json_deserializer=parsed,
        )
        sa.event.listen(self._engine, "connect", _configure)
        sa.event.listen(self._engine, "begin", _begin)
        try:
            self._prepare()
        except BaseException:
            self._engine.dispose()
            raise

    def _prepare(self) -> None:
        with self.read() as connection:
            is_current = schema.is_current(connection)
        if is_current:
            return
        if self.is_read_only:
            raise WorkspaceError(
                f"{self._path} was made by an older version; search or ingest once to bring it up to date"
            )
        with self.write() as connection:
            schema.migrate(connection)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A consistent view; nothing in it is written."""
        with self._translated(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction: all of it is on disk at the end, or, after an error, none."""
        with self._translated(), self._engine.connect() as connection:
            immediate = connection.execution_options(immediate=True)
            with immediate.begin():
                yield immediate

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DatabaseError as error:
            raise self._meant(error.orig) from error
        except sqlite3.Error as error:  # of `fetched`
            raise self._meant(error) from error

    def _meant(self, error: BaseException | None) -> KnowledgeError:
        if not isinstance(error, sqlite3.OperationalError):
            return WorkspaceError(
                f"{self._path} does not work as a database ({error}); restore it from a backup, or use "
                "another --workspace"
            )
        if "locked" in str(error):
            return WorkspaceLocked(f"{self._path} is being written by another process; try again in a moment")
        return WorkspaceError(f"{self._path} cannot be used ({error}); check the disk and the permissions")


def fetched(connection: sa.Connection, statement: str, *parameters: object) -> list[Any]:
    """The rows of a statement in SQLite's own words: for what every question asks, where SQLAlchemy takes longer to
    build a statement and its rows than SQLite to answer. Its errors are those of `Store.read`."""
    cursor = connection.connection.cursor()
    cursor.execute(statement, parameters)
    return list(cursor.fetchall())


def parsed(text: str) -> Any:
    """What stored JSON says. Most lists and objects are empty, and every search reads dozens of them."""
    if text == "[]":
        return []
    return {} if text == "{}" else json.loads(text)


def _configure(connection: Any, _record: object) -> None:
    # The driver's own transactions would begin late and deferred; `_begin` says what is meant.
    connection.isolation_level = None
    for pragma in (f"busy_timeout = {BUSY_TIMEOUT_MS}", "journal_mode = WAL", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    immediate = connection.get_execution_options().get("immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def plain_metadata(values: Mapping[str, Value]) -> dict[str, Any]:
    """Metadata as JSON holds it: lists for tuples."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def metadata_from(plain: Mapping[str, Any]) -> dict[str, Value]:
    """Metadata as the types have it: tuples for lists."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
