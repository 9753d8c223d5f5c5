"""The order of the nodes, and which of them run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Final

from knowledge.errors import BrokenPipeline
from knowledge.pipeline.dsl import Edge, Pipeline

ALWAYS: Final = "source"
SUCCEEDED: Final = "success-branch"
FAILED: Final = "fail-branch"


def order(pipeline: Pipeline) -> list[str]:
    """The ids of all nodes, each after those that lead to it; else as they stand. Raises `BrokenPipeline`."""
    try:
        return list(TopologicalSorter(_predecessors(pipeline)).static_order())
    except CycleError as error:
        labels = {node.id: node.label for node in pipeline.nodes}
        around = " → ".join(labels[node_id] for node_id in reversed(error.args[1]))
        raise BrokenPipeline([f"the nodes {around} lead in a circle; take one of the edges away"]) from None


def ancestors(pipeline: Pipeline) -> dict[str, frozenset[str]]:
    """For every node those that may have run before it. Raises `BrokenPipeline` for a circle."""
    direct = _predecessors(pipeline)
    found: dict[str, frozenset[str]] = {}
    for node in order(pipeline):
        found[node] = frozenset(direct[node]).union(*(found[before] for before in direct[node]))
    return found


def _predecessors(pipeline: Pipeline) -> dict[str, list[str]]:
    known: dict[str, list[str]] = {node.id: [] for node in pipeline.nodes}
    for edge in pipeline.edges:
        if edge.source in known and edge.target in known:
            known[edge.target].append(edge.source)
    return known


def is_reached(node: str, edges: Collection[Edge], branches: Mapping[str, Collection[str]]) -> bool:
    """Whether a node that ran leads to this one by a branch that was taken; `branches` are those, by node."""
    return any(edge.target == node and edge.handle in branches.get(edge.source, ()) for edge in edges)
