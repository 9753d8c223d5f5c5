"""What every run did, kept in the workspace: inputs, outputs, time and error of each node, big values cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from knowledge import identity, schema
from knowledge.errors import InputError, NotFound
from knowledge.pipeline.running import NodeRun, PipelineRun
from knowledge.pipeline.variables import plain
from knowledge.store import Store

TEXT_LIMIT: Final = 1000
"""Characters that are kept of one text: enough to recognise it by, and to see how it was cut."""
ENTRIES_LIMIT: Final = 20
"""Entries that are kept of one list or object."""
RUNS_KEPT: Final = 200
"""Of one knowledge base, and as many that failed; older ones go."""

_runs: Final = schema.pipeline_run
_FAILED: Final = _runs.c.status == "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRun:
    """One run as it is kept. `nodes` are as `NodeRun`, their values as JSON."""

    id: str
    knowledge_base_id: str
    document_key: str
    preview: bool
    status: str
    error: str | None
    inputs: Mapping[str, Any]
    nodes: Sequence[Mapping[str, Any]]
    started_at: float
    seconds: float


def record(
    store: Store,
    base_id: str,
    inputs: Mapping[str, Any],
    runs: Sequence[tuple[str, PipelineRun]],
    *,
    preview: bool,
) -> list[str]:
    """Keeps runs with these inputs, each with the key of its document, and returns their ids. Of a knowledge base the
    last `RUNS_KEPT` that failed and the last that did not stay."""
    given = shortened(dict(inputs))
    rows = [
        {
            "id": identity.new_version(),
            "knowledge_base_id": base_id,
            "document_key": key,
            "preview": preview,
            "status": run.status,
            "error": run.error,
            "inputs": given,
            "nodes": [_node(node) for node in run.nodes],
            "started_at": run.started_at,
            "seconds": run.seconds,
        }
        for key, run in runs
    ]
    with store.write() as connection:
        connection.execute(_runs.insert(), rows)
        for which in (_FAILED, sa.not_(_FAILED)):
            last = _newest(base_id).where(which).with_only_columns(_runs.c.id).limit(RUNS_KEPT)
            old = sa.and_(_runs.c.knowledge_base_id == base_id, which, _runs.c.id.not_in(last))
            connection.execute(_runs.delete().where(old))
    return [str(row["id"]) for row in rows]


def runs(store: Store, base_id: str, limit: int = 20, *, failed: bool = False) -> list[RecordedRun]:
    """The last runs of a knowledge base, newest first; those that failed alone if asked for."""
    query = _newest(base_id).where(_FAILED) if failed else _newest(base_id)
    with store.read() as connection:
        rows = connection.execute(query.limit(limit)).mappings()
        return [RecordedRun(**{str(name): value for name, value in row.items()}) for row in rows]


def run_of(store: Store, base_id: str, run_id: str) -> RecordedRun:
    """The run whose id begins so. Raises `NotFound`, and `InputError` when several do."""
    found = [one for one in runs(store, base_id, 2 * RUNS_KEPT) if one.id.startswith(run_id)]
    if not found:
        raise NotFound(
            f"no run has an id that begins with {run_id!r}; without an id the last ones are listed"
        )
    if len(found) > 1:
        raise InputError(f"{len(found)} runs have an id that begins with {run_id!r}; give more of it")
    return found[0]


def _newest(base_id: str) -> sa.Select[Any]:
    return (
        sa.select(_runs)
        .where(_runs.c.knowledge_base_id == base_id)
        .order_by(_runs.c.started_at.desc(), _runs.c.id)
    )


def _node(run: NodeRun) -> dict[str, Any]:
    return {
        "node": run.node,
        "title": run.title,
        "type": run.type,
        "status": run.status,
        "inputs": shortened(run.inputs),
        "outputs": shortened(run.outputs),
        "error": run.error,
        "tries": run.tries,
        "seconds": run.seconds,
    }


def shortened(value: Any) -> Any:
    """A value as JSON, with the first characters of long texts and the first entries of long lists and objects."""
    return _shortened(plain(value))


def _shortened(value: Any) -> Any:
    if isinstance(value, str) and len(value) > TEXT_LIMIT:
        return f"{value[:TEXT_LIMIT]}… ({len(value)} characters)"
    if isinstance(value, dict):
        kept = {name: _shortened(inner) for name, inner in list(value.items())[:ENTRIES_LIMIT]}
        return kept if len(value) <= ENTRIES_LIMIT else {**kept, "…": f"({len(value)} entries)"}
    if isinstance(value, list):
        first = [_shortened(inner) for inner in value[:ENTRIES_LIMIT]]
        return first if len(value) <= ENTRIES_LIMIT else [*first, f"… ({len(value)} entries)"]
    return value
