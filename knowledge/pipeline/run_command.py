"""The command `knowledge pipeline run`: files into a knowledge base, or looked at on their way there."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial

import knowledge
from knowledge import rendering
from knowledge.cli import DONE, FAILED
from knowledge.configuration import setting
from knowledge.errors import InputError
from knowledge.looking import emit, existing
from knowledge.pipeline import publishing
from knowledge.pipeline.choosing import drawn_for_run, looking
from knowledge.pipeline.environment import secret_remarks
from knowledge.pipeline.filling import DocumentRun, Filling
from knowledge.pipeline.rendering import plain_run, show_run, show_synchronized
from knowledge.pipeline.sources import DataSource, source_of

Options = argparse.Namespace


def run(options: Options) -> int:
    sources = [
        source_of(path, name=options.name or "", key_variable=options.api_key_env) for path in options.paths
    ]
    with _filling(options) as filling:
        for line in [] if options.quiet else secret_remarks(filling.pipeline):
            rendering.note(line)
        if options.sync:
            return _synchronize(filling, sources, options)
        return _run_all(filling, sources, options)


def _run_all(filling: Filling, sources: Sequence[DataSource], options: Options) -> int:
    statuses: Counter[str] = Counter()
    told = []
    for one in filling.runs(sources):
        statuses[one.run.status] += 1
        if options.json:
            told.append(plain_run(one, options.node))
        else:
            _tell(filling, options, one)
    if options.json:
        emit({"runs": told})
    elif statuses.total() > 1:
        rendering.line(", ".join(f"{count} {status}" for status, count in statuses.items()))
    return FAILED if statuses["failed"] else DONE


def _tell(filling: Filling, options: Options, one: DocumentRun) -> None:
    """A run as soon as it is over; quietly, one that failed and what was asked for."""
    if filling.is_preview or one.run.error is not None or not options.quiet:
        show_run(one, options.node, is_preview=filling.is_preview)


def _synchronize(filling: Filling, sources: Sequence[DataSource], options: Options) -> int:
    progress = None if options.json else partial(_tell, filling, options)
    done = []
    synchronized = filling.synchronize_all(sources, allow_empty=options.allow_empty, progress=progress)
    for source, found in zip(sources, synchronized, strict=True):
        done.append((source.name, found))
        if not options.json:
            show_synchronized(source.name, found)
    if options.json:
        emit({"sources": [{"source": name, **asdict(found)} for name, found in done]})
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
        workers=options.workers,
        password=options.password,
    )
    drawn = drawn_for_run(options)
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
    with looking(options) as workspace:
        return workspace is not None and workspace.has(options.kb)


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InputError(f"--input is {text!r}; allowed: NAME=VALUE")
    return name, value
