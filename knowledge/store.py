"""The SQL database of a workspace: opening it, and reading and writing transactions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from knowledge import schema
from knowledge.errors import WorkspaceError
from knowledge.types import Value

FILE_NAME: Final = "knowledge.db"
BUSY_TIMEOUT_MS: Final = 5000


class Store:
    """SQLite in WAL mode: readers never wait, one writer at a time, a commit is on disk when it returns."""

    def __init__(self, folder: Path) -> None:
        self._engine = sa.create_engine(
            f"sqlite:///{folder / FILE_NAME}", json_serializer=partial(json.dumps, ensure_ascii=False)
        )
        sa.event.listen(self._engine, "connect", _configure)
        sa.event.listen(self._engine, "begin", _begin)
        try:
            schema.migrate(self._engine)
        except sa.exc.DatabaseError as error:
            self._engine.dispose()
            raise WorkspaceError(
                f"{folder / FILE_NAME} cannot be read ({error.orig}); restore it from a backup or use another "
                "--workspace"
            ) from error

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A consistent view; nothing in it is written."""
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction: all of it is on disk at the end, or, after an error, none."""
        with self._engine.connect() as connection:
            connection = connection.execution_options(immediate=True)
            with connection.begin():
                yield connection

    def close(self) -> None:
        self._engine.dispose()


def _configure(connection: Any, _record: object) -> None:
    # The driver's own transactions would begin late and deferred; `_begin` says what is meant.
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = FULL", f"busy_timeout = {BUSY_TIMEOUT_MS}"):
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
