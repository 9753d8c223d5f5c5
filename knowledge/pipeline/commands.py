"""The command `knowledge pipeline`: check, import, export, publish, look back; running is a module of its own."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any, Final

import knowledge
from knowledge import rendering
from knowledge.cli import DONE, FAILED
from knowledge.looking import emit, existing
from knowledge.pipeline import history, publishing
from knowledge.pipeline.checking import problems
from knowledge.pipeline.choosing import drawn_of, looking
from knowledge.pipeline.dsl import Pipeline, write_pipeline
from knowledge.pipeline.entrances import form_of
from knowledge.pipeline.environment import without_secrets
from knowledge.pipeline.form_schema import form_schemas
from knowledge.pipeline.rendering import (
    moment,
    outcome,
    plain_record,
    show_record,
)
from knowledge.pipeline.run_command import run
from knowledge.pipeline.stored_templates import add_template, check_free, remove_template, templates

Options = argparse.Namespace


def pipeline(options: Options) -> int:
    return ACTIONS[options.action](options)


def check(options: Options) -> int:
    drawn = drawn_of(options.file, options)
    found, remarks = problems(drawn), publishing.general_remarks(drawn)
    if options.json:
        told = {"name": drawn.name, "problems": found, "remarks": remarks}
        emit({**told, "dependencies": list(drawn.dependencies), "forms": form_schemas(drawn)})
    else:
        for line in found or [f"{drawn.name}: no problems"]:
            rendering.line(line)
        for line in [] if options.quiet else remarks:
            rendering.note(line)
    return FAILED if found else DONE


def import_(options: Options) -> int:
    drawn = drawn_of(options.file, options)
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
        if options.version is not None:
            stored = publishing.version(workspace.store, kb, options.version)
        elif options.published:
            stored = publishing.published(workspace.store, kb)
        else:
            stored = publishing.draft(workspace.store, kb)
        text = write_pipeline(without_secrets(stored.pipeline))
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
        searched = publishing.search_settings(done.pipeline, workspace.open(options.name).record.indexing)
        if options.template:
            add_template(workspace.store, options.template, done.pipeline)
    if options.json:
        told = {"knowledge_base": options.name, "version": done.number, "template": options.template}
        emit({**told, "settings": searched})
        return DONE
    rendering.line(f"published {done.pipeline.name} as version {done.number} of {options.name}")
    taken = ", ".join(f"{name} {value}" for name, value in searched.items() if value is not None)
    rendering.line(f"settings of {options.name} from now on: {taken or 'the defaults'}")
    if options.template:
        rendering.line(f"kept as the template {options.template}")
    return DONE


def show_templates(options: Options) -> int:
    if options.remove:
        return _remove_template(options)
    with looking(options) as workspace:
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
    return {
        "description": " ".join(drawn.description.split()),
        "inputs": [one.name for one in form_of(drawn)],
    }


def show_history(options: Options) -> int:
    with existing(options, lock=False) as workspace:
        kb = workspace.open(options.name)
        if options.run_id:
            found = [history.run_of(workspace.store, kb.id, options.run_id)]
        else:
            found = history.runs(workspace.store, kb.id, options.limit, failed=options.failed)
    if options.json:
        emit({"runs": [plain_record(one) for one in found]})
    elif options.run_id:
        show_record(found[0])
    else:
        rows = [_row(one) for one in found]
        rendering.table([("RUN", "STARTED", "SECONDS", "STATUS", "DOCUMENT", "ERROR"), *rows])
    return DONE


def _row(one: history.RecordedRun) -> tuple[str, ...]:
    seconds = f"{one.seconds:.2f}"
    return one.id[:8], moment(one), seconds, outcome(one), one.document_key, one.error or ""


ACTIONS: Final[Mapping[str, Callable[[Options], int]]] = {
    "check": check,
    "import": import_,
    "export": export,
    "run": run,
    "history": show_history,
    "publish": publish,
    "templates": show_templates,
}
