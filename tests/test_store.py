"""The database of a workspace: whatever goes wrong in it is one clear error, however it was asked."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from knowledge import Workspace
from knowledge.errors import WorkspaceError, WorkspaceLocked
from knowledge.store import FILE_NAME, Store, fetched

Ask = Callable[[sa.Connection, str], object]
ASKED: list[Ask] = [fetched, lambda connection, statement: connection.exec_driver_sql(statement)]


@pytest.fixture(params=ASKED, ids=["fetched", "sqlalchemy"])
def ask(request: pytest.FixtureRequest) -> Ask:
    asked: Ask = request.param
    return asked


def test_what_sqlite_refuses(workspace: Workspace, ask: Ask) -> None:
    with (
        pytest.raises(WorkspaceError, match=r"no such table: nowhere.*check the disk"),
        workspace.store.read() as it,
    ):
        ask(it, "SELECT * FROM nowhere")


def test_another_writer(workspace: Workspace, tmp_path: Path, ask: Ask) -> None:
    other = sqlite3.connect(tmp_path / "workspace" / FILE_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    def write_without_waiting() -> None:
        with workspace.store.read() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 0")
            ask(connection, "DELETE FROM counter")

    with pytest.raises(WorkspaceLocked, match="being written by another process"):
        write_without_waiting()
    other.close()


def test_a_damaged_file(tmp_path: Path, ask: Ask) -> None:
    Store(tmp_path).close()
    path = tmp_path / FILE_NAME
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'knowledge_base'"
        ).fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    store = Store(tmp_path)
    with pytest.raises(WorkspaceError, match=r"does not work as a database .*malformed"), store.read() as it:
        ask(it, "SELECT * FROM knowledge_base")
    store.close()
