"""The command `knowledge pipeline`: check, import, export, run, look back, publish."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
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
from knowledge.pipeline.environment import without_secrets
from knowledge.pipeline.filling import Filling
from knowledge.pipeline.problems import problems
from knowledge.pipeline.rendering import moment, plain_record, plain_run, show_record, show_run
from knowledge.pipeline.sources import DataSource, source_of
from knowledge.pipeline.stored_templates import add_template, check_free, remove_template, templates

Options = argparse.Namespace


def pipeline(options: Options) -> int:
    return ACTIONS[options.action](options)


def check(options: Options) -> int:
    drawn = _drawn(options.file, options)
    found, remarks = problems(drawn), publishing.general_remarks(drawn)
    if options.json:
        told = {"name": drawn.name, "problems": found, "remarks": remarks}
        emit({**told, "dependencies": list(drawn.dependencies)})
    else:
        for line in found or [f"{drawn.name}: no problems"]:
            rendering.line(line)
        for line in [] if options.quiet else remarks:
            rendering.note(line)
    return FAILED if found else DONE


def import_(options: Options) -> int:
    drawn = _drawn(options.file, options)
    with knowledge.Workspace(options.workspace, index=options.index) as workspace:
        kb = publishing.import_pipeline(workspace, options.kb, drawn, embedding=options.embedding)
        record = kb.record
    found, remarks = problems(drawn), publishing.remarks(drawn, record.embedding)
    if options.json:
        told = {"knowledge_base": record.name, "pipeline": drawn.name}
        emit({**told, "problems": found, "remarks": remarks})
        return DONE
    rendering.line(f"{drawn.name} is the draft of {record.name} ({record.structure}, {record.indexing})")
    if not options.quiet:
        for line in [*found, *remarks]:
            rendering.note(line)
    return DONE


def export(options: Options) -> int:
    with existing(options, lock=False) as workspace:
        kb = workspace.open(options.name)
        find = publishing.published if options.published else publishing.draft
        text = write_pipeline(without_secrets(find(workspace.store, kb).pipeline))
    if options.json:
        emit({"knowledge_base": options.name, "dsl": text})
    else:
        rendering.line(text.rstrip("\n"))
    return DONE


def publish(options: Options) -> int:
    with existing(options) as workspace:
        if options.template:
            check_free(workspace.store, options.template)
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
    if options.remove:
        return _remove_template(options)
    with _looking(options) as workspace:
        found = templates(workspace.store if workspace else None)
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


def _remove_template(options: Options) -> int:
    with existing(options) as workspace:
        remove_template(workspace.store, options.remove)
    if options.json:
        emit({"removed": options.remove})
    else:
        rendering.line(f"removed the template {options.remove}")
    return DONE


def _described(drawn: Pipeline) -> dict[str, Any]:
    return {"description": " ".join(drawn.description.split()), "inputs": [one.name for one in drawn.inputs]}


def run(options: Options) -> int:
    sources = [
        source_of(path, name=options.name or "", key_variable=options.api_key_env) for path in options.paths
    ]
    with _filling(options) as filling:
        if options.sync:
            return _synchronize(filling, sources, options)
        done = []
        for one in filling.runs(sources):
            done.append(one)
            if not options.json:
                show_run(one, options.node, is_preview=filling.is_preview)
    if options.json:
        emit({"runs": [plain_run(one, options.node) for one in done]})
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


@contextmanager
def _filling(options: Options) -> Iterator[Filling]:
    """Of the pipeline of a knowledge base, or of one that is given; that becomes what the base named by --kb runs."""
    preview = options.preview or options.node is not None
    made = partial(
        Filling,
        inputs=dict(_assignment(text) for text in options.input),
        entrance=options.entrance,
        until=options.node,
        preview=preview,
        llm=str(setting("llm", options.llm) or "") or None,
    )
    drawn = _drawn_for_run(options)
    if drawn is None:
        with existing(options) as workspace:
            kb = workspace.open(options.pipeline)
            find = publishing.draft if preview else publishing.published
            yield made(pipeline=find(workspace.store, kb).pipeline, kb=kb, workspace=workspace)
    elif options.kb is None or (preview and not _is_there(options)):
        if not preview:
            raise InputError(
                f"{options.pipeline} is no knowledge base; name one to fill with --kb, or add --preview"
            )
        yield made(pipeline=drawn)
    elif preview:
        with existing(options) as workspace:
            yield made(pipeline=drawn, kb=workspace.open(options.kb), workspace=workspace)
    else:
        made(pipeline=drawn).check()  # before a workspace is made
        with knowledge.Workspace(options.workspace, index=options.index) as workspace:
            kb = publishing.import_and_publish(workspace, options.kb, drawn, embedding=options.embedding)
            yield made(pipeline=drawn, kb=kb, workspace=workspace)


def _is_there(options: Options) -> bool:
    """Whether the base named by --kb exists: a preview stores nothing and does not need it."""
    with _looking(options) as workspace:
        return workspace is not None and workspace.has(options.kb)


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InputError(f"--input is {text!r}; allowed: NAME=VALUE")
    return name, value


def show_history(options: Options) -> int:
    with existing(options, lock=False) as workspace:
        kb = workspace.open(options.name)
        if options.run_id:
            found = [history.run_of(workspace.store, kb.id, options.run_id)]
        else:
            found = history.runs(workspace.store, kb.id)
    if options.json:
        emit({"runs": [plain_record(one) for one in found]})
    elif options.run_id:
        show_record(found[0])
    else:
        rows = [(one.id[:8], moment(one), one.status, one.document_key, one.error or "") for one in found]
        rendering.table([("RUN", "STARTED", "STATUS", "DOCUMENT", "ERROR"), *rows])
    return DONE


def _drawn_for_run(options: Options) -> Pipeline | None:
    """The pipeline of a file, None for a knowledge base, or the pipeline of a template; in this order."""
    if Path(options.pipeline).is_file():
        return _drawn(options.pipeline, options)
    with _looking(options) as workspace:
        bases = [] if workspace is None else [record.name for record in workspace.knowledge_bases()]
    return None if options.pipeline in bases else _drawn(options.pipeline, options, bases)


def _drawn(wanted: str, options: Options, bases: Sequence[str] | None = None) -> Pipeline:
    """That of a file, or of a template. Raises `BrokenPipeline`, and `NotFound`, which tells of `bases` too."""
    path = Path(wanted)
    if path.is_file():
        return read_pipeline(path.read_bytes())
    with _looking(options) as workspace:
        known = {one.name: one.pipeline for one in templates(workspace.store if workspace else None)}
    if wanted in known:
        return known[wanted]
    if bases is None:
        raise NotFound(f"no file and no template {wanted!r}; the templates are: {', '.join(known)}")
    raise NotFound(
        f"no file, no knowledge base and no template {wanted!r}; the knowledge bases are: "
        f"{', '.join(bases) or 'none'}; the templates are: {', '.join(known)}"
    )


@contextmanager
def _looking(options: Options) -> Iterator[knowledge.Workspace | None]:
    """The workspace, if there is one, for looking."""
    folder = Path(setting("workspace", options.workspace))
    if not has_workspace(folder):
        yield None
        return
    with knowledge.Workspace(folder, lock=False) as workspace:
        yield workspace


ACTIONS: Final[Mapping[str, Callable[[Options], int]]] = {
    "check": check,
    "import": import_,
    "export": export,
    "run": run,
    "history": show_history,
    "publish": publish,
    "templates": show_templates,
}
