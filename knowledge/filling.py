"""The commands that make a knowledge base and put documents in, or show how these would be cut."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import knowledge
from knowledge import plain, rendering
from knowledge.cli import DONE, FAILED
from knowledge.configuration import setting
from knowledge.cut_options import CUT_OPTIONS
from knowledge.errors import InputError
from knowledge.looking import cut_options, emit, has_workspace

if TYPE_CHECKING:
    from knowledge import KnowledgeBase, Workspace
    from knowledge.processing import ProcessRule

Options = argparse.Namespace


def create(options: Options) -> int:
    with knowledge.Workspace(options.workspace, index=options.index) as workspace:
        if options.external is None:
            _check_only_external(options)
        make = _create if options.external is None else _create_external
        record = make(workspace, options.name, options, options.description).record
    if options.json:
        emit(plain.base(record))
    else:
        rendering.base(record)
    return DONE


def _check_only_external(options: Options) -> None:
    for option in ("external_id", "api_key_env", "external_timeout"):
        if getattr(options, option) is not None:
            raise InputError(
                f"--{option.replace('_', '-')} is for an external knowledge base; add --external URL"
            )


def _create_external(
    workspace: Workspace, name: str, options: Options, description: str = ""
) -> KnowledgeBase:
    """Raises `InputError` for options that say how documents are stored: those are at the other server."""
    own = {name: f"--{name}" for name in ("structure", "indexing", "embedding")} | CUT_OPTIONS
    given = [flag for option, flag in own.items() if getattr(options, option) is not None]
    if given:
        raise InputError(
            f"{given[0]} is not for an external knowledge base, whose documents are at its "
            "server; leave it out"
        )
    return workspace.create_external(
        name,
        url=options.external,
        knowledge_id=options.external_id or "",
        key_variable=options.api_key_env,
        timeout_s=options.external_timeout,
        description=description,
    )


def _create(workspace: Workspace, name: str, options: Options, description: str = "") -> KnowledgeBase:
    kb = workspace.create(
        name,
        structure=options.structure or "general",
        indexing=options.indexing,
        embedding=options.embedding,
        description=description,
        **cut_options(options),
        **word_options(options),
    )
    if kb.record.embedding == "local" and not options.quiet:
        rendering.note(
            "the local embedding model is English; for mostly Chinese text use --embedding openai:MODEL@BASE_URL "
            "with a multilingual model, or --indexing economy"
        )
    return kb


def word_options(options: Options) -> dict[str, Any]:
    """The words of a knowledge base that were given, by the names of the library."""
    from knowledge.word_lists import read_dictionary, read_synonyms

    given: dict[str, Any] = {}
    if options.dictionary:
        given["dictionary"] = read_dictionary(options.dictionary)
    if options.synonyms:
        given["synonyms"] = read_synonyms(options.synonyms)
    if options.keyword_number is not None:
        given["keyword_number"] = options.keyword_number
    return given


def ingest(options: Options) -> int:
    from knowledge.metadata import parse_assignments

    sources = _sources(options)
    parse_assignments(options.metadata, {})
    if options.preview:
        return _preview(sources, options)
    with knowledge.Workspace(options.workspace, index=options.index) as workspace:
        if workspace.has(options.kb):
            kb = workspace.open(options.kb)
            _check_same(kb, options)
        else:
            kb = _create(workspace, options.kb, options)
        progress = rendering.ProgressLine(len(sources), options.quiet or options.json)
        try:
            report = kb.ingest_sources(
                sources,
                metadata=parse_assignments(options.metadata, kb.fields),
                workers=options.workers,
                force=options.force,
                retry=options.retry,
                progress=progress,
                password=options.password,
            )
        finally:
            progress.close()
    if options.json:
        emit(plain.report(report))
    else:
        rendering.report(report)
    return FAILED if report.failed else DONE


def _preview(sources: list[Any], options: Options) -> int:
    from knowledge.previewing import preview

    found = preview(sources, _rule(options), setting("workers", options.workers), options.password)
    if options.json:
        emit(plain.preview(options.kb, found))
    else:
        from knowledge import chunk_rendering

        chunk_rendering.preview(found)
    return FAILED if found.failed else DONE


def _rule(options: Options) -> ProcessRule:
    """That of the knowledge base if it is there, else the one that it would be made with."""
    from knowledge.processing import ProcessRule

    folder = Path(setting("workspace", options.workspace))
    if has_workspace(folder):
        with knowledge.Workspace(folder, lock=False) as workspace:
            if workspace.has(options.kb):
                kb = workspace.open(options.kb)
                _check_same(kb, options)
                return kb.rule
    return ProcessRule.chosen(options.structure or "general", **cut_options(options))


def _sources(options: Options) -> list[Any]:
    from knowledge.sources import Source, discover

    if options.paths != ["-"]:
        if options.name:
            raise InputError("--name names standard input; give - as the only PATH, or leave --name out")
        return list(discover(options.paths))
    if not options.name:
        raise InputError("standard input has no name; give one with --name, its suffix tells the format")
    return [Source(key=options.name, name=options.name, data=sys.stdin.buffer.read())]


def _check_same(kb: KnowledgeBase, options: Options) -> None:
    """Options of `create` given for an existing base must be what it has. Raises `InputError` naming both."""
    record, rule = kb.record, kb.rule
    _compare(kb.name, "indexing", record.indexing, options.indexing)
    _compare(kb.name, "embedding", record.embedding, options.embedding)
    _compare(kb.name, "structure", record.structure, options.structure)
    for option, given in cut_options(options).items():
        has = rule.in_force(option)
        _compare(kb.name, option, list(has) if isinstance(has, tuple) else has, given)
    for option, given in word_options(options).items():
        _compare(kb.name, option, getattr(kb.analysis, option) or type(given)(), given)


def _compare(name: str, option: str, has: object, given: object) -> None:
    if given is not None and has != given:
        raise InputError(
            f"knowledge base {name!r} has {option} {has!r}, {given!r} was given; leave the option out or use another "
            "base"
        )
