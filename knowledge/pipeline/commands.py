"""The command `knowledge pipeline`: check, import, export, run, look back, publish."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import knowledge
from knowledge import rendering
from knowledge.cli import DONE, FAILED
from knowledge.configuration import setting
from knowledge.errors import InputError, NotFound
from knowledge.looking import emit, existing, has_workspace
from knowledge.pipeline import history, publishing
from knowledge.pipeline.dsl import Pipeline, read_pipeline, write_pipeline
from knowledge.pipeline.filling import DocumentRun, Filling
from knowledge.pipeline.history import RecordedRun, shortened
from knowledge.pipeline.problems import problems
from knowledge.pipeline.sources import DataSource, source_of
from knowledge.pipeline.stored_templates import add_template, template, templates
from knowledge.store import Store

Options = argparse.Namespace


def pipeline(options: Options) -> int:
    return ACTIONS[options.action](options)


def check(options: Options) -> int:
    drawn = _drawn(options.file, options)
    found = problems(drawn)
    if options.json:
        emit({"name": drawn.name, "problems": found, "dependencies": list(drawn.dependencies)})
    else:
        for line in found:
            rendering.line(line)
        if not found:
            rendering.line(f"{drawn.name}: no problems")
        _note_dependencies(drawn, options)
    return FAILED if found else DONE


def import_(options: Options) -> int:
    drawn = _drawn(options.file, options)
    with knowledge.Workspace(options.workspace, index=options.index) as workspace:
        kb = publishing.import_pipeline(workspace, options.kb, drawn, embedding=options.embedding)
        record = kb.record
    found = problems(drawn)
    if options.json:
        emit({"knowledge_base": record.name, "pipeline": drawn.name, "problems": found})
        return DONE
    rendering.line(f"{drawn.name} is the draft of {record.name} ({record.structure}, {record.indexing})")
    for line in [*found, *publishing.remarks(drawn, record.embedding)]:
        rendering.note(line)
    return DONE


def export(options: Options) -> int:
    with existing(options, lock=False) as workspace:
        kb = workspace.open(options.name)
        find = publishing.published if options.published else publishing.draft
        text = write_pipeline(find(workspace.store, kb).pipeline)
    if options.json:
        emit({"knowledge_base": options.name, "dsl": text})
    else:
        rendering.line(text.rstrip("\n"))
    return DONE


def publish(options: Options) -> int:
    with existing(options) as workspace:
        done = publishing.publish(workspace, options.name)
        if options.template:
            add_template(workspace.store, options.template, done.pipeline)
    if options.json:
        emit({"knowledge_base": options.name, "version": done.number, "template": options.template})
        return DONE
    rendering.line(f"published {done.pipeline.name} as version {done.number} of {options.name}")
    if options.template:
        rendering.line(f"kept as the template {options.template}")
    return DONE


def show_templates(options: Options) -> int:
    with _store(options) as store:
        found = templates(store)
    if options.json:
        emit(
            {
                "templates": [
                    {
                        "name": one.name,
                        "title": one.pipeline.name,
                        "built_in": one.is_built_in,
                        **_described(one.pipeline),
                    }
                    for one in found
                ]
            }
        )
        return DONE
    rows = [(one.name, _described(one.pipeline)["description"]) for one in found]
    rendering.table([("NAME", "DESCRIPTION"), *rows])
    return DONE


def _described(drawn: Pipeline) -> dict[str, Any]:
    return {"description": " ".join(drawn.description.split()), "inputs": [one.name for one in drawn.inputs]}


def run(options: Options) -> int:
    inputs = dict(_assignment(text) for text in options.input)
    with _workspace(options) as workspace:
        filling = _filling(options, workspace, inputs)
        sources = [source_of(path, name=options.name or "") for path in options.paths]
        if options.sync:
            return _synchronize(filling, sources, options)
        done = []
        for one in filling.runs(sources):
            done.append(one)
            if not options.json:
                _show(one, filling.is_preview, options)
    if options.json:
        emit({"runs": [_plain_run(one, options.node) for one in done]})
    return FAILED if any(one.run.status == "failed" for one in done) else DONE


def _synchronize(filling: Filling, sources: Sequence[DataSource], options: Options) -> int:
    done = [(source.name, filling.synchronize(source)) for source in sources]
    if options.json:
        emit({"sources": [{"source": name, **asdict(found)} for name, found in done]})
    else:
        for name, found in done:
            counts = {what: len(keys) for what, keys in asdict(found).items()}
            rendering.line(f"{name}: {', '.join(f'{count} {what}' for what, count in counts.items())}")
            for key, error in found.failed.items():
                rendering.line(f"failed {key}: {error}")
    return FAILED if any(found.failed for _, found in done) else DONE


def _workspace(options: Options) -> Any:
    """None where a file is only tried out."""
    is_file = Path(options.pipeline).is_file()
    if is_file and options.kb is None:
        if not (options.preview or options.node):
            raise InputError(
                f"{options.pipeline} is a file; name the knowledge base with --kb, or add --preview"
            )
        return nullcontext(None)
    if is_file and not options.preview and not options.node:
        return knowledge.Workspace(options.workspace, index=options.index)
    return existing(options)


def _filling(options: Options, workspace: knowledge.Workspace | None, inputs: Mapping[str, Any]) -> Filling:
    is_file = Path(options.pipeline).is_file()
    is_preview = options.preview or options.node is not None
    drawn = _drawn(options.pipeline, options) if is_file else None
    kb = None
    if workspace is not None:
        name = options.kb if is_file else options.pipeline
        if drawn is not None and not workspace.has(name) and not is_preview:
            publishing.import_pipeline(workspace, name, drawn, embedding=options.embedding)
            publishing.publish(workspace, name)
        kb = workspace.open(name)
        if drawn is None:
            find = publishing.draft if is_preview else publishing.published
            drawn = find(workspace.store, kb).pipeline
    if drawn is None:
        raise NotFound(f"no file {options.pipeline!r}")
    return Filling(
        pipeline=drawn,
        kb=kb,
        workspace=workspace,
        inputs=inputs,
        entrance=options.entrance,
        until=options.node,
        preview=is_preview,
        llm=str(setting("llm", options.llm) or "") or None,
    )


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InputError(f"--input is {text!r}; allowed: NAME=VALUE")
    return name, value


def _show(one: DocumentRun, is_preview: bool, options: Options) -> None:
    done = one.run
    if done.error is not None:
        rendering.line(f"failed {one.key}: {done.error}")
        return
    if is_preview:
        rendering.line(f"{one.key}:")
        rendering.line(_indented(shortened(_shown_outputs(one, options.node))))
    else:
        rendering.line(f"{done.status} {one.key} in {done.seconds:.1f} s")
    for node in done.nodes:
        if node.status == "exception":
            rendering.note(
                f"node {node.title or node.node} failed and its error strategy took over: {node.error}"
            )


def _shown_outputs(one: DocumentRun, node_id: str | None) -> Mapping[str, Any]:
    node = one.run.node(node_id) if node_id else None
    return node.outputs if node else one.run.outputs


def _indented(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False, indent=2)


def _plain_run(one: DocumentRun, node_id: str | None) -> dict[str, Any]:
    from knowledge.pipeline.variables import plain

    return {
        "id": one.run_id,
        "key": one.key,
        "status": one.run.status,
        "error": one.run.error,
        "outputs": plain(_shown_outputs(one, node_id)),
        "seconds": round(one.run.seconds, 3),
    }


def show_history(options: Options) -> int:
    with existing(options, lock=False) as workspace:
        kb = workspace.open(options.name)
        if options.run_id:
            found = [history.run_of(workspace.store, kb.id, options.run_id)]
        else:
            found = history.runs(workspace.store, kb.id)
    if options.json:
        emit({"runs": [_plain_record(one) for one in found]})
    elif options.run_id:
        _show_record(found[0])
    else:
        rows = [(one.id[:8], _moment(one), one.status, one.document_key, one.error or "") for one in found]
        rendering.table([("RUN", "STARTED", "STATUS", "DOCUMENT", "ERROR"), *rows])
    return DONE


def _show_record(one: RecordedRun) -> None:
    rendering.line(f"{one.status} {one.document_key} {_moment(one)} ({one.seconds:.2f} s)")
    for node in one.nodes:
        rendering.line(
            f"\n{node['title'] or node['node']} ({node['type']}): {node['status']}, {node['seconds']:.3f} s"
        )
        for name in ("inputs", "outputs"):
            if node[name]:
                rendering.line(f"{name} {_indented(node[name])}")
        if node["error"]:
            rendering.line(f"error {node['error']}")


def _plain_record(one: RecordedRun) -> dict[str, Any]:
    return {
        "id": one.id,
        "document": one.document_key,
        "status": one.status,
        "preview": one.preview,
        "error": one.error,
        "started_at": _moment(one),
        "seconds": round(one.seconds, 3),
        "inputs": one.inputs,
        "nodes": list(one.nodes),
    }


def _moment(one: RecordedRun) -> str:
    return datetime.fromtimestamp(one.started_at, UTC).isoformat(timespec="seconds")


def _drawn(wanted: str, options: Options) -> Pipeline:
    """The pipeline of a file, or of a template. Raises `NotFound` and `BrokenPipeline`."""
    path = Path(wanted)
    if path.is_file():
        return read_pipeline(path.read_bytes())
    with _store(options) as store:
        known = [one.name for one in templates(store)]
        if wanted in known:
            return template(wanted, store).pipeline
    raise NotFound(f"no file and no template {wanted!r}; the templates are: {', '.join(known) or 'none'}")


@contextmanager
def _store(options: Options) -> Iterator[Store | None]:
    """The SQL of the workspace, if there is one, for looking."""
    folder = Path(setting("workspace", options.workspace))
    if not has_workspace(folder):
        yield None
        return
    with knowledge.Workspace(folder, lock=False) as workspace:
        yield workspace.store


def _note_dependencies(drawn: Pipeline, options: Options) -> None:
    if drawn.dependencies and not options.quiet:
        rendering.note(f"drawn with the plugins {', '.join(drawn.dependencies)}, which are not needed here")


ACTIONS: Final[Mapping[str, Callable[[Options], int]]] = {
    "check": check,
    "import": import_,
    "export": export,
    "run": run,
    "history": show_history,
    "publish": publish,
    "templates": show_templates,
}
