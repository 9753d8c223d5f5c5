"""A pipeline at work on one document: its nodes in order, the branches that are taken, and what became of each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from knowledge.errors import InputError, KnowledgeError
from knowledge.pipeline import graph
from knowledge.pipeline.checking import check
from knowledge.pipeline.dsl import Node, Pipeline
from knowledge.pipeline.entrances import Entered, form_of
from knowledge.pipeline.failing import ErrorRule, Pause
from knowledge.pipeline.forms import filled_form
from knowledge.pipeline.node_types import BRANCH, ENTRANCE, STORE, Run, Table, kind_of, loaded
from knowledge.pipeline.references import references_in
from knowledge.pipeline.tools import NO_TOOLS, Tools
from knowledge.pipeline.variables import Values, shown

NodeStatus = Literal["succeeded", "failed", "exception", "skipped"]
"""`exception`: it failed, and its error strategy took over; `skipped`: no branch led to it."""
RunStatus = Literal["succeeded", "partial-succeeded", "failed", "not-run"]
"""`not-run`: it was not begun, because a run before it showed that it would fail."""

_NONE_REPLACED: Final[Table] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRun:
    """What became of one node."""

    node: str
    title: str
    type: str
    status: NodeStatus
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """The values that its settings refer to, by their selectors."""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    tries: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineRun:
    """What became of one run. `outputs` are those of its last node."""

    status: RunStatus
    nodes: tuple[NodeRun, ...]
    outputs: Mapping[str, Any]
    error: str | None = None
    """Begins with the node that failed."""
    warnings: tuple[str, ...] = ()
    """Of its document, when it was stored."""
    started_at: float = 0.0
    seconds: float = 0.0

    def node(self, node_id: str) -> NodeRun | None:
        return next((run for run in self.nodes if run.node == node_id), None)


def run_pipeline(
    pipeline: Pipeline,
    begin: Entered,
    *,
    inputs: Mapping[str, Any] | None = None,
    system: Mapping[str, Any] | None = None,
    tools: Tools = NO_TOOLS,
    until: str | None = None,
    functions: Table = _NONE_REPLACED,
    pause: Pause = time.sleep,
    is_checked: bool = False,
) -> PipelineRun:
    """Runs the nodes that `begin` leads to, in order; the first error that no node handles ends it.

    `inputs` are the values of the form by name, `system` those of `sys`. `until` is a node: only what it needs is
    run, and itself. `functions` replace the node functions of their kind. A pipeline that `is_checked` is known to
    have no problems. Raises `BrokenPipeline`, and `InputError` for the form, before anything runs; what goes wrong
    later is in the result.
    """
    if not is_checked:
        check(pipeline)
    check_node(pipeline, until)
    values = Values(
        {
            "rag": form_values(pipeline, begin.node, inputs or {}),
            "sys": dict(system or {}),
            "env": dict(pipeline.environment),
        }
    )
    return _Running(pipeline, values, tools, functions, pause).run(begin, until)


def check_node(pipeline: Pipeline, node_id: str | None) -> None:
    """Raises `InputError` for one that is not there."""
    if node_id is not None and pipeline.node(node_id) is None:
        raise InputError(f"the pipeline has no node {node_id!r}; it has: {', '.join(graph.order(pipeline))}")


def form_values(pipeline: Pipeline, entrance: str, inputs: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What the form gives to a run that begins at this entrance. Raises `InputError`."""
    return filled_form(form_of(pipeline), entrance, inputs, needless=_asked_by(pipeline, entrance))


def _asked_by(pipeline: Pipeline, entrance: str) -> set[str]:
    """The fields of the form that only say what an entrance is to fetch: a run begins with what was fetched."""
    node = pipeline.node(entrance)
    found = references_in(node.data) if node else []
    return {
        part.selector[2]
        for part in found
        if part.selector[:2] == ("rag", entrance) and len(part.selector) > 2
    }


def run_node(
    node: Node,
    values: Values,
    tools: Tools = NO_TOOLS,
    functions: Table = _NONE_REPLACED,
    pause: Pause = time.sleep,
) -> NodeRun:
    """Runs one node alone, with these values before it. What goes wrong is in the result."""
    started = time.perf_counter()
    function, rule = _function(node, functions), ErrorRule.of(node.data)
    found, tries = rule.tried(lambda: function(node.data, values, tools), pause)
    run = NodeRun(
        node=node.id,
        title=node.title,
        type=kind_of(node),
        status="succeeded",
        inputs=_inputs(node, values),
        tries=tries,
        seconds=time.perf_counter() - started,
    )
    if not isinstance(found, KnowledgeError):
        return replace(run, outputs=found)
    outputs = rule.outputs(found)
    status: NodeStatus = "failed" if outputs is None else "exception"
    return replace(run, status=status, outputs=outputs or {}, error=str(found))


def after_storing(
    run: PipelineRun, *, seconds: float, error: str | None, warnings: tuple[str, ...] = ()
) -> PipelineRun:
    """A run whose document was stored after its nodes had run, together with others: that took `seconds` more and
    gave `warnings`, or failed with this error, and then so did the node that made the document."""
    store = next(node for node in run.nodes if node.type == STORE)
    after = replace(store, seconds=store.seconds + seconds)
    if error is not None:
        after = replace(after, status="failed", outputs={}, error=error)
    return replace(
        run,
        status=run.status if error is None else "failed",
        nodes=tuple(after if node is store else node for node in run.nodes),
        outputs=run.outputs if error is None else {},
        error=run.error if error is None else _told(after),
        warnings=warnings,
        seconds=run.seconds + seconds,
    )


def _function(node: Node, functions: Table) -> Run:
    kind = kind_of(node)
    return functions[kind] if kind in functions else loaded(kind)


def _inputs(node: Node, values: Values) -> dict[str, Any]:
    """What a person sees as the input of a node; environment variables may be secrets."""
    selectors = [one.selector for one in references_in(node.data) if one.selector[0] != "env"]
    return {shown(selector): values.get(selector) for selector in selectors if values.has(selector)}


class _Running:
    """One run: what is known so far, and which branches were taken."""

    def __init__(
        self, pipeline: Pipeline, values: Values, tools: Tools, functions: Table, pause: Pause
    ) -> None:
        self._pipeline = pipeline
        self._values = values
        self._tools = tools
        self._functions = functions
        self._pause = pause
        self._branches: dict[str, tuple[str, ...]] = {}

    def run(self, begin: Entered, until: str | None) -> PipelineRun:
        started_at, started = time.time(), time.perf_counter()
        nodes = tuple(self._nodes(begin, until))
        ran = [node for node in nodes if node.status != "skipped"]
        error = self._error(ran, until)
        handled = any(node.status == "exception" for node in ran)
        return PipelineRun(
            status="failed" if error else "partial-succeeded" if handled else "succeeded",
            nodes=nodes,
            outputs=ran[-1].outputs if ran else {},
            error=error,
            started_at=started_at,
            seconds=time.perf_counter() - started,
        )

    def _nodes(self, begin: Entered, until: str | None) -> Iterator[NodeRun]:
        """Each node in turn, to the end or the first failure."""
        needed = None if until is None else graph.ancestors(self._pipeline)[until] | {until}
        for node_id in graph.order(self._pipeline):
            node = self._pipeline.node(node_id)
            if node is None or (needed is not None and node_id not in needed):
                continue
            run = self._node(node, begin)
            yield run
            if run.status == "failed":
                return

    def _node(self, node: Node, begin: Entered) -> NodeRun:
        if node.id == begin.node:
            run = NodeRun(
                node=node.id, title=node.title, type=node.type, status="succeeded", outputs=begin.outputs
            )
        elif node.type == ENTRANCE or not graph.is_reached(node.id, self._pipeline.edges, self._branches):
            return NodeRun(node=node.id, title=node.title, type=kind_of(node), status="skipped")
        else:
            run = run_node(node, self._values, self._tools, self._functions, self._pause)
        self._values = self._values.with_outputs(node.id, run.outputs)
        self._branches[node.id] = _branches(node, run)
        return run

    def _error(self, ran: list[NodeRun], until: str | None) -> str | None:
        failed = next((node for node in ran if node.status == "failed"), None)
        if failed is not None:
            return _told(failed)
        if until is not None:
            is_there = any(node.node == until for node in ran)
            return None if is_there else f"no branch led to the node {until}"
        is_stored = any(node.type == STORE for node in ran)
        return None if is_stored else f"no branch led to the node of type {STORE}; nothing was stored"


def _told(failed: NodeRun) -> str:
    return f"node {failed.title or failed.node} ({failed.node}): {failed.error}"


def _branches(node: Node, run: NodeRun) -> tuple[str, ...]:
    if node.type == BRANCH:
        return (str(run.outputs.get("selected_case_id", "false")),)
    return ErrorRule.of(node.data).branches(run.status == "exception")
