"""The command `knowledge pipeline`: check, import, export, run, look back, publish."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import knowledge
from knowledge import rendering
from knowledge.cli import DONE, FAILED
from knowledge.configuration import setting
from knowledge.errors import InputError, NotFound
from knowledge.knowledge_base import KnowledgeBase
from knowledge.looking import emit, existing, has_workspace
from knowledge.pipeline import history, publishing
from knowledge.pipeline.dsl import Pipeline, read_pipeline, write_pipeline
from knowledge.pipeline.filling import Filling
from knowledge.pipeline.problems import problems
from knowledge.pipeline.rendering import moment, plain_record, plain_run, show_record, show_run
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
    if not options.quiet:
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


def _workspace(options: Options) -> AbstractContextManager[knowledge.Workspace | None]:
    """None where a file is only tried out."""
    if Path(options.pipeline).is_file() and not _is_preview(options):
        if options.kb is None:
            raise InputError(
                f"{options.pipeline} is a file; name a knowledge base with --kb, or add --preview"
            )
        return knowledge.Workspace(options.workspace, index=options.index)
    if Path(options.pipeline).is_file() and options.kb is None:
        return nullcontext()
    return existing(options)


def _is_preview(options: Options) -> bool:
    return options.preview or options.node is not None


def _filling(options: Options, workspace: knowledge.Workspace | None, inputs: Mapping[str, Any]) -> Filling:
    drawn, kb = (_of_file if Path(options.pipeline).is_file() else _of_base)(options, workspace)
    return Filling(
        pipeline=drawn,
        kb=kb,
        workspace=workspace,
        inputs=inputs,
        entrance=options.entrance,
        until=options.node,
        preview=_is_preview(options),
        llm=str(setting("llm", options.llm) or "") or None,
    )


def _of_file(
    options: Options, workspace: knowledge.Workspace | None
) -> tuple[Pipeline, KnowledgeBase | None]:
    """The pipeline of a file, and the knowledge base that it fills, made and published when it is not there."""
    drawn = _drawn(options.pipeline, options)
    if workspace is None:
        return drawn, None
    if not workspace.has(options.kb) and not _is_preview(options):
        publishing.import_pipeline(workspace, options.kb, drawn, embedding=options.embedding)
        publishing.publish(workspace, options.kb)
    return drawn, workspace.open(options.kb)


def _of_base(
    options: Options, workspace: knowledge.Workspace | None
) -> tuple[Pipeline, KnowledgeBase | None]:
    """The published pipeline of a knowledge base; its draft to try it out."""
    if workspace is None:
        raise NotFound(f"no workspace with a knowledge base {options.pipeline!r}")
    kb = workspace.open(options.pipeline)
    find = publishing.draft if _is_preview(options) else publishing.published
    return find(workspace.store, kb).pipeline, kb


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
