"""What the index has yet to be told: a row goes in with its change, and out when the index has it on disk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import sqlalchemy as sa

from knowledge import schema

_outbox = schema.outbox

Action = Literal["delete", "payload", "points"]
"""Remove a version's points, rewrite the metadata that they carry from SQL, or write them anew. Each may be done
twice."""


def announce(connection: sa.Connection, base_id: str, action: Action, versions: Sequence[str]) -> None:
    """Writes outbox rows for versions whose points must change."""
    if not versions:
        return
    connection.execute(
        _outbox.insert(),
        [{"knowledge_base_id": base_id, "action": action, "version_id": version} for version in versions],
    )


def pending(connection: sa.Connection, base_id: str) -> list[tuple[int, str, str]]:
    """(outbox id, action, version) in the order they were written."""
    query = sa.select(_outbox.c.id, _outbox.c.action, _outbox.c.version_id)
    rows = connection.execute(query.where(_outbox.c.knowledge_base_id == base_id).order_by(_outbox.c.id))
    return [(id_, action, version) for id_, action, version in rows]


def settle(connection: sa.Connection, base_id: str, last: int) -> None:
    """Removes the outbox rows up to `last`: the index has them on disk."""
    connection.execute(_outbox.delete().where(_outbox.c.knowledge_base_id == base_id, _outbox.c.id <= last))
