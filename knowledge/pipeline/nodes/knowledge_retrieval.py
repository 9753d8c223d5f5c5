"""The passages of knowledge bases that answer a question, as Dify's node puts them out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from knowledge.errors import InputError, NotFound
from knowledge.filters import And, Condition, Filter, Or, operator_named, takes_values
from knowledge.pipeline.tools import Tools
from knowledge.pipeline.variables import Values, as_text
from knowledge.query import parse_list
from retrieval.dify_result import as_dify_result

if TYPE_CHECKING:
    from knowledge.workspace import Workspace

_TOP_K: Final = 4
"""Dify's, where a node does not say."""


def retrieve(
    workspace: Workspace,
    knowledge_bases: Iterable[str],
    query: str,
    *,
    top_k: int = _TOP_K,
    threshold: float | None = None,
    where: Filter | None = None,
) -> list[dict[str, Any]]:
    """The best passages of all these knowledge bases (names or ids) together, best first; scores in [0, 1].

    An empty query finds nothing. Raises `NotFound`, and what `Workspace.search` raises.
    """
    names = [name_of(workspace, wanted) for wanted in knowledge_bases]
    if not query.strip():
        return []
    return as_dify_result(
        workspace.search(query, knowledge_bases=names, top_k=top_k, threshold=threshold, where=where)
    )


def name_of(workspace: Workspace, wanted: str) -> str:
    """Raises `NotFound`: the ids in a pipeline are those of the server that it was drawn on."""
    records = workspace.knowledge_bases()
    for record in records:
        if wanted in (record.id, record.name):
            return record.name
    there = ", ".join(record.name for record in records) or "none"
    raise NotFound(
        f"no knowledge base {wanted!r}; there are: {there}; put a name into dataset_ids of the pipeline"
    )


def condition_of(data: Mapping[str, Any], values: Values) -> Filter | None:
    """The metadata filter of a node. Raises `FilterError`, and `InputError` for the automatic mode."""
    mode = data.get("metadata_filtering_mode") or "disabled"
    if mode == "disabled":
        return None
    if mode != "manual":
        raise InputError(
            f"metadata_filtering_mode is {mode!r}; allowed: disabled, manual; choose one of these"
        )
    written = data.get("metadata_filtering_conditions") or {}
    conditions = tuple(_condition(entry, values) for entry in written.get("conditions") or ())
    if not conditions:
        return None
    return Or(conditions) if written.get("logical_operator") == "or" else And(conditions)


def _condition(entry: Mapping[str, Any], values: Values) -> Condition:
    op = operator_named(entry["comparison_operator"])
    takes, value = takes_values(op), entry.get("value")
    if isinstance(value, str):
        value = values.render(value)
    if takes == "nothing":
        return Condition(entry["name"], op)
    if takes == "several":
        return Condition(entry["name"], op, _several(value))
    if value is None or value == "":
        raise InputError(
            f"the condition on {entry['name']!r} has no value; give one, or use empty or not empty"
        )
    return Condition(entry["name"], op, value)


def _several(value: Any) -> tuple[Any, ...]:
    """The values of a list, also of one that is written on a line; a value alone is a list of one."""
    if isinstance(value, str):
        return parse_list(value)
    if value is None:
        return ()
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def run(data: Mapping[str, Any], values: Values, tools: Tools) -> dict[str, Any]:
    if tools.workspace is None:
        raise InputError("the run has no workspace to search in; name one")
    chosen = data.get("multiple_retrieval_config") or {}
    threshold = chosen.get("score_threshold") if chosen.get("score_threshold_enabled", True) else None
    found = retrieve(
        tools.workspace,
        map(str, data.get("dataset_ids") or ()),
        as_text(values.get(data["query_variable_selector"])),
        top_k=int(float(chosen.get("top_k") or _TOP_K)),
        threshold=None if threshold is None else float(threshold),
        where=condition_of(data, values),
    )
    return {"result": found}
