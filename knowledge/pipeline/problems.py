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
    STORE,
    cases_of,
    kind_of,
    outputs_of,
)
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
    for edge in pipeline.edges:
        where = f"edge {edge.source or '?'} → {edge.target or '?'}"
        for end, name in ((edge.source, "source"), (edge.target, "target")):
            if pipeline.node(end) is None:
                yield f"{where}: {name}: there is no node {end!r}; lead it to a node, or take it away"
        source = pipeline.node(edge.source)
        if source is not None and edge.handle not in (allowed := _handles(source)):
            yield f"{where}: sourceHandle: {source.label} has no branch {edge.handle!r}; it has: {', '.join(allowed)}"
        target = pipeline.node(edge.target)
        if target is not None and target.type == ENTRANCE:
            yield f"{where}: target: {target.label} is an entrance; nothing leads there"


def _handles(node: Node) -> list[str]:
    if node.type == BRANCH:
        cases = [case for case in cases_of(node) if isinstance(case, Mapping)]
        return [*(str(case.get("case_id")) for case in cases), "false"]
    fails = node.data.get("error_strategy") == "fail-branch"
    return [graph.ALWAYS, *([graph.SUCCEEDED, graph.FAILED] if fails else [])]


def _of_order(pipeline: Pipeline) -> Iterator[str]:
    try:
        before = graph.ancestors(pipeline)
    except BrokenPipeline as error:
        yield from error.problems
        return
    entrances = {node.id for node in pipeline.of_type(ENTRANCE)}
    for node in pipeline.nodes:
        if node.id not in entrances and not before[node.id] & entrances:
            yield f"node {node.label}: no entrance leads to it; connect it, or take it away"
        for reference in references_in(node.data):
            wrong = _wrong(pipeline, reference, before[node.id] | {node.id} & entrances)
            wrong = wrong or _wrong_type(pipeline, node, reference)
            if wrong:
                yield f"node {node.label}: {reference.field}: {shown(reference.selector)}: {wrong}"


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
    node = pipeline.node(scope)
    if node is None:
        return f"there is no node {scope!r}"
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
    if node.type == STORE and made and made.structure not in (None, node.data.get("chunk_structure")):
        return f"{source.label} makes {made.structure}, the chunk_structure is {node.data.get('chunk_structure')}"
    outputs = outputs_of(source) or {}
    found = outputs.get(reference.selector[1], "any") if len(reference.selector) == 2 else "any"
    if found.partition("[")[0] in (*kind.takes[name].split("|"), "any"):
        return None
    return f"its type is {found}; allowed: {kind.takes[name].replace('|', ', ')}"


def _wrong_input(pipeline: Pipeline, names: list[str], before: frozenset[str] | set[str]) -> str | None:
    owner, name = names[0], names[1] if len(names) > 1 else ""
    if owner != SHARED and owner not in before:
        return "this entrance does not lead here; allowed: shared, or an entrance before"
    known = [variable.name for variable in pipeline.inputs if variable.belongs_to == owner]
    return None if name in known else f"the form has no such field; it has: {', '.join(known) or 'none'}"
