"""All that keeps a pipeline from running, at once: a line for each problem, with its node and field."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from knowledge.errors import BrokenPipeline
from knowledge.pipeline import graph
from knowledge.pipeline.dsl import VERSION, Node, Pipeline
from knowledge.pipeline.form_problems import problems_of_inputs
from knowledge.pipeline.node_problems import problems_of_node
from knowledge.pipeline.node_types import (
    BRANCH,
    ENTRANCE,
    FILE_FIELDS,
    NODES,
    PARTS,
    STORE,
    cases_of,
    kind_of,
    outputs_of,
)
from knowledge.pipeline.nodes.structures import STRUCTURES
from knowledge.pipeline.references import Reference, references_in
from knowledge.pipeline.variables import shown

SHARED: Final = "shared"
SYSTEM: Final = frozenset(
    (
        "dataset_id document_id original_document_id batch datasource_type datasource_info invoke_from user_id"
    ).split()
)


def problems(pipeline: Pipeline) -> list[str]:
    """Every problem, in the order of the file. Empty: the pipeline can run."""
    found = [*pipeline.malformed, *_of_version(pipeline.version), *_of_ids(pipeline), *_of_ends(pipeline)]
    found += _of_edges(pipeline)
    found += problems_of_inputs(pipeline)
    for node in pipeline.nodes:
        if node.type in PARTS:
            continue
        found += [f"node {node.label}: {line}" for line in problems_of_node(node)]
    return [*found, *_of_order(pipeline)]


def check(pipeline: Pipeline) -> None:
    """Raises `BrokenPipeline` with all problems."""
    if found := problems(pipeline):
        raise BrokenPipeline(found)


def _of_version(version: Any) -> Iterator[str]:
    """A newer patch is read too: it only adds fields."""
    ours = VERSION.split(".")[:2]
    if not isinstance(version, str) or not re.fullmatch(r"\d+(\.\d+){1,2}", version):
        yield f"version: {version!r} was given; allowed: a text such as {VERSION!r}"
    elif version.split(".")[:2] != ours:
        yield f"version: {version} was given; allowed: {'.'.join(ours)}.x"


def _of_ids(pipeline: Pipeline) -> Iterator[str]:
    for node_id, count in Counter(node.id for node in pipeline.nodes).items():
        if count > 1:
            yield f"node {node_id}: id: {count} nodes have it; give each its own"
        if node_id in {"rag", "sys", "env", "conversation", SHARED}:
            yield f"node {node_id}: id: this word has a meaning of its own; choose another"


def _of_ends(pipeline: Pipeline) -> Iterator[str]:
    if not pipeline.of_type(ENTRANCE):
        yield f"workflow.graph.nodes: there is no entrance; add a node of type {ENTRANCE}"
    stores = len(pipeline.of_type(STORE))
    if stores != 1:
        yield f"workflow.graph.nodes: {stores} nodes have the type {STORE}; allowed: one"


def _of_edges(pipeline: Pipeline) -> Iterator[str]:
    missing: dict[str, list[str]] = {}
    for edge in pipeline.edges if pipeline.nodes else ():
        source, target = pipeline.node(edge.source), pipeline.node(edge.target)
        where = f"{_label(source, edge.source)} → {_label(target, edge.target)}"
        for end, node in ((edge.source, source), (edge.target, target)):
            if node is None:
                missing.setdefault(end, []).append(where)
        allowed = _handles(source) if source else None
        if allowed is not None and edge.handle not in allowed:
            yield f"edge {where}: sourceHandle: there is no branch {edge.handle!r}; there are: {', '.join(allowed)}"
        if target is not None and target.type == ENTRANCE:
            yield f"edge {where}: target: this is an entrance; nothing leads there"
    for end, edges in missing.items():
        yield f"edge {_and_more(edges, 'edge')}: there is no node {end!r}; lead it to a node, or take it away"


def _label(node: Node | None, node_id: str) -> str:
    return node.label if node else node_id or "?"


def _and_more(found: list[str], what: str) -> str:
    """The first, and how many others."""
    others = len(found) - 1
    return f"{found[0]} (and {others} more {what}{'s' if others > 1 else ''})" if others else found[0]


def _handles(node: Node) -> list[str] | None:
    """The branches of a node; None for a kind that is not known here."""
    if not _is_known(node):
        return None
    if node.type == BRANCH:
        cases = [case for case in cases_of(node) if isinstance(case, Mapping)]
        return [*(str(case.get("case_id")) for case in cases), "false"]
    fails = node.data.get("error_strategy") == "fail-branch"
    return [graph.ALWAYS, *([graph.SUCCEEDED, graph.FAILED] if fails else [])]


def _is_known(node: Node) -> bool:
    return node.type == ENTRANCE or kind_of(node) in NODES


def _of_order(pipeline: Pipeline) -> Iterator[str]:
    try:
        before = graph.ancestors(pipeline)
    except BrokenPipeline as error:
        yield from error.problems
        return
    entrances = {node.id for node in pipeline.of_type(ENTRANCE)}
    for node in pipeline.nodes:
        if node.data.get("isInIteration") or node.data.get("isInLoop"):
            continue  # What leads to it is the node around it, which does not run here.
        if entrances and node.id not in entrances and not before[node.id] & entrances:
            yield f"node {node.label}: no entrance leads to it; connect it, or take it away"
        if not _is_known(node):
            continue
        for (selector, wrong), places in _wrong_references(
            pipeline, node, before[node.id], entrances
        ).items():
            yield f"node {node.label}: {_and_more(places, 'field')}: {selector}: {wrong}"


def _wrong_references(
    pipeline: Pipeline, node: Node, before: frozenset[str], entrances: set[str]
) -> dict[tuple[str, str], list[str]]:
    """The fields of a node by the selector in them and what is wrong with that."""
    found: dict[tuple[str, str], list[str]] = {}
    for reference in references_in(node.data):
        wrong = _wrong(pipeline, reference, before | {node.id} & entrances)
        wrong = wrong or _wrong_type(pipeline, node, reference)
        if wrong:
            found.setdefault((shown(reference.selector), wrong), []).append(reference.field)
    return found


def _wrong(pipeline: Pipeline, reference: Reference, before: frozenset[str] | set[str]) -> str | None:
    """What is wrong with a reference of a node that comes after `before`."""
    scope, *names = reference.selector
    if scope == "rag":
        return _wrong_input(pipeline, names, before)
    if scope == "sys":
        return (
            None
            if names[0] in SYSTEM
            else f"there is no such variable; there are: {', '.join(sorted(SYSTEM))}"
        )
    if scope == "env":
        known = pipeline.environment
        return (
            None
            if names[0] in known
            else f"there is no such variable; there are: {', '.join(known) or 'none'}"
        )
    if scope == "conversation":
        return "a pipeline has no conversation; choose another variable"
    node = pipeline.node(scope)
    if node is None:
        return f"there is no node {scope!r}; choose another variable"
    if scope not in before:
        return f"{node.label} does not run before; connect it, or choose another variable"
    return _wrong_output(node, names)


def _wrong_output(node: Node, names: list[str]) -> str | None:
    outputs = outputs_of(node)
    if outputs is None:
        return None
    if names[0] not in outputs:
        return f"{node.label} does not put out {names[0]!r}; it has: {', '.join(outputs) or 'nothing'}"
    if outputs[names[0]] == "file" and len(names) > 1 and names[1] not in FILE_FIELDS:
        return f"a file has no {names[1]!r}; it has: {', '.join(sorted(FILE_FIELDS))}"
    return None


def _wrong_type(pipeline: Pipeline, node: Node, reference: Reference) -> str | None:
    """What is wrong with the kind of value that a field refers to, as far as it is known before a run."""
    name = reference.field.removeprefix("tool_parameters.").removesuffix(".value")
    kind, source = NODES.get(kind_of(node)), pipeline.node(reference.selector[0])
    if kind is None or source is None or reference.is_in_text or name not in kind.takes:
        return None
    made = NODES.get(kind_of(source))
    wanted = node.data.get("chunk_structure")
    if node.type == STORE and made and wanted in list(STRUCTURES) and made.structure not in (None, wanted):
        return f"{source.label} makes {made.structure}, the chunk_structure is {wanted}"
    outputs = outputs_of(source) or {}
    found = outputs.get(reference.selector[1], "any") if len(reference.selector) == 2 else "any"
    if found.partition("[")[0] in (*kind.takes[name].split("|"), "any"):
        return None
    return f"its type is {found}; allowed: {kind.takes[name].replace('|', ', ')}"


def _wrong_input(pipeline: Pipeline, names: list[str], before: frozenset[str] | set[str]) -> str | None:
    owner, name = names[0], names[1] if len(names) > 1 else ""
    if owner != SHARED and owner not in before:
        return "this entrance does not lead here; allowed: shared, or an entrance before"
    known = [one.name for one in pipeline.inputs if one.belongs_to == owner and one.name]
    return None if name in known else f"the form has no such field; it has: {', '.join(known) or 'none'}"
