"""What every run did, kept in the workspace: inputs, outputs, time and error of each node, big values cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import sqlalchemy as sa

from knowledge import identity, schema
from knowledge.errors import NotFound
from knowledge.pipeline.running import NodeRun, PipelineRun
from knowledge.pipeline.variables import plain
from knowledge.store import Store

TEXT_LIMIT: Final = 1000
"""Characters that are kept of one text: enough to recognise it by, and to see how it was cut."""
ENTRIES_LIMIT: Final = 20
"""Entries that are kept of one list or object."""
RUNS_KEPT: Final = 200
"""Of one knowledge base; older ones go."""

_runs: Final = schema.pipeline_run


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
    document_key: str,
    inputs: Mapping[str, Any],
    run: PipelineRun,
    *,
    preview: bool,
) -> RecordedRun:
    """Keeps a run, and the last `RUNS_KEPT` of its knowledge base."""
    kept = RecordedRun(
        id=identity.new_version(),
        knowledge_base_id=base_id,
        document_key=document_key,
        preview=preview,
        status=run.status,
        error=run.error,
        inputs=shortened(dict(inputs)),
        nodes=[_node(node) for node in run.nodes],
        started_at=run.started_at,
        seconds=run.seconds,
    )
    with store.write() as connection:
        connection.execute(_runs.insert().values(asdict(kept)))
        last = _newest(base_id).with_only_columns(_runs.c.id).limit(RUNS_KEPT)
        connection.execute(
            _runs.delete().where(_runs.c.knowledge_base_id == base_id, _runs.c.id.not_in(last))
        )
    return kept


def runs(store: Store, base_id: str, limit: int = 20) -> list[RecordedRun]:
    """The last runs of a knowledge base, newest first."""
    with store.read() as connection:
        rows = connection.execute(_newest(base_id).limit(limit)).mappings()
        return [RecordedRun(**{str(name): value for name, value in row.items()}) for row in rows]


def run_of(store: Store, base_id: str, run_id: str) -> RecordedRun:
    """The run whose id begins so. Raises `NotFound`."""
    found = [one for one in runs(store, base_id, RUNS_KEPT) if one.id.startswith(run_id)]
    if len(found) != 1:
        raise NotFound(f"{len(found)} runs have an id that begins with {run_id!r}; list them without it")
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
