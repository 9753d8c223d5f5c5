"""Runs as a person reads them in a terminal, and as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from knowledge import rendering
from knowledge.pipeline.changes import Synchronized
from knowledge.pipeline.filling import DocumentRun
from knowledge.pipeline.history import RecordedRun, shortened
from knowledge.pipeline.variables import plain


def show_run(one: DocumentRun, node_id: str | None, *, is_preview: bool) -> None:
    """A line; of a preview what the last node puts out, or `node_id`, long values cut."""
    done = one.run
    if done.error is not None:
        rendering.line(f"{done.status} {one.key}: {done.error}")
    elif is_preview:
        rendering.line(f"{one.key}:\n{_indented(shortened(_outputs(one, node_id)))}")
    else:
        rendering.line(f"{done.status} {one.key} in {done.seconds:.1f} s")
    for node in done.nodes:
        if node.status == "exception":
            name = node.title or node.node
            rendering.note(f"node {name} failed and its error strategy took over: {node.error}")
    for warning in done.warnings:
        rendering.note(f"{one.key}: {warning}")
    sys.stdout.flush()  # the next run may take minutes


def show_synchronized(name: str, found: Synchronized) -> None:
    """What became of a source, after its runs."""
    for key in found.removed:
        rendering.line(f"removed {key}")
    counts = {what: len(keys) for what, keys in asdict(found).items()}
    rendering.line(f"{name}: {', '.join(f'{count} {what}' for what, count in counts.items())}")


def plain_run(one: DocumentRun, node_id: str | None) -> dict[str, Any]:
    return {
        "id": one.run_id,
        "key": one.key,
        "status": one.run.status,
        "error": one.run.error,
        "warnings": list(one.run.warnings),
        "outputs": plain(_outputs(one, node_id)),
        "seconds": round(one.run.seconds, 3),
    }


def _outputs(one: DocumentRun, node_id: str | None) -> Mapping[str, Any]:
    node = one.run.node(node_id) if node_id else None
    return node.outputs if node else one.run.outputs


def show_record(one: RecordedRun) -> None:
    """Every node with its values."""
    rendering.line(f"{outcome(one)} {one.document_key} {moment(one)} ({one.seconds:.2f} s)")
    if one.inputs:
        rendering.line(f"inputs {_indented(one.inputs)}")
    if one.error:
        rendering.line(f"error {one.error}")
    for node in one.nodes:
        name = f"{node['title'] or node['node']} ({node['type']} {node['node']})"
        tries = f", {node['tries']} tries" if node["tries"] > 1 else ""
        rendering.line(f"\n{name}: {node['status']}, {node['seconds']:.3f} s{tries}")
        for what in ("inputs", "outputs"):
            if node[what]:
                rendering.line(f"{what} {_indented(node[what])}")
        if node["error"]:
            rendering.line(f"error {node['error']}")


def plain_record(one: RecordedRun) -> dict[str, Any]:
    return {
        "id": one.id,
        "document": one.document_key,
        "status": one.status,
        "preview": one.preview,
        "error": one.error,
        "started_at": moment(one),
        "seconds": round(one.seconds, 3),
        "inputs": one.inputs,
        "nodes": list(one.nodes),
    }


def outcome(one: RecordedRun) -> str:
    return f"{one.status} (preview)" if one.preview else one.status


def moment(one: RecordedRun) -> str:
    """When it began, UTC."""
    return datetime.fromtimestamp(one.started_at, UTC).isoformat(timespec="seconds")


def _indented(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
