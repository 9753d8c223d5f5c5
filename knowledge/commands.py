"""What each command does: read the options, call the library, show the result."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import knowledge
from knowledge import plain, rendering
from knowledge.changing import keywords, set, settings
from knowledge.cli import BASE_OPTIONS, DONE, FAILED
from knowledge.errors import InputError
from knowledge.looking import chunk, chunks, docs, emit, existing, extract, fields, ls, show

if TYPE_CHECKING:
    from knowledge import KnowledgeBase, Workspace
    from knowledge.filters import Filter

Options = argparse.Namespace

__all__ = [
    "chunk", "chunks", "conformance", "create", "demo", "docs", "drop", "eval", "extract", "fields", "ingest",
    "keys", "keywords", "ls", "rebuild", "rm", "search", "serve", "set", "settings", "show",
]  # fmt: skip
"""One function for each command of `knowledge.cli`, by its name."""


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
    own = ("structure", "indexing", "embedding", "delimiter", *BASE_OPTIONS)
    given = [option for option in own if getattr(options, option) is not None]
    if given:
        raise InputError(
            f"--{given[0].replace('_', '-')} is not for an external knowledge base, whose documents are at its "
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
        delimiters=options.delimiter,
        **{option: getattr(options, option) for option in BASE_OPTIONS},
        **_analysis(options),
    )
    if kb.record.embedding == "local" and not options.quiet:
        rendering.note(
            "the local embedding model is English; for mostly Chinese text use --embedding openai:MODEL@BASE_URL "
            "with a multilingual model, or --indexing economy"
        )
    return kb


def _analysis(options: Options) -> dict[str, Any]:
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
            )
        finally:
            progress.close()
    if options.json:
        emit(plain.report(report))
    else:
        rendering.report(report)
    return FAILED if report.failed else DONE


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
    for option in BASE_OPTIONS:
        _compare(kb.name, option, getattr(rule, option), getattr(options, option))
    _compare(kb.name, "delimiter", list(rule.delimiters), options.delimiter)
    for option, given in _analysis(options).items():
        _compare(kb.name, option, getattr(kb.analysis, option) or type(given)(), given)


def _compare(name: str, option: str, has: object, given: object) -> None:
    if given is not None and has != given:
        raise InputError(
            f"knowledge base {name!r} has {option} {has!r}, {given!r} was given; leave the option out or use another "
            "base"
        )


def search(options: Options) -> int:
    with ExitStack() as at_end:
        workspace = existing(options)
        if not options.ends_process:
            at_end.callback(workspace.close)
        found = workspace.open(options.kb).search(
            options.query,
            mode=options.mode,
            top_k=options.top_k,
            threshold=options.threshold,
            vector_weight=options.vector_weight,
            fusion=options.fusion,
            highlight=options.highlight,
            where=_conditions(options),
            ignore_case=options.ignore_case,
        )
    if options.json:
        emit(plain.hits(found))
    else:
        rendering.hits(found)
    return DONE


def _conditions(options: Options) -> list[Filter | str]:
    """All of `--where` and one of `--where-any`."""
    from knowledge.filters import Or
    from knowledge.query import parse_condition

    any_of = tuple(parse_condition(text) for text in options.where_any)
    return [*options.where, Or(any_of)] if any_of else options.where


def rm(options: Options) -> int:
    removed, missing = [], []
    with existing(options) as workspace:
        kb = workspace.open(options.kb)
        for wanted in options.documents:
            try:
                removed.append(kb.remove(wanted))
            except InputError as error:
                missing.append(str(error))
    if options.json:
        emit({"removed": [plain.stored_document(record) for record in removed], "errors": missing})
    else:
        for record in removed:
            rendering.line(f"removed {record.key} ({record.chunks} chunks)")
        for message in missing:
            sys.stderr.write(f"knowledge: {message}\n")
    return FAILED if missing else DONE


def drop(options: Options) -> int:
    with existing(options) as workspace:
        record = workspace.open(options.kb).record
        if not options.yes:
            raise InputError(
                f"this removes {record.name!r} with {record.documents} documents for ever; add --yes to do it"
            )
        workspace.drop(record.name)
    if options.json:
        emit(plain.base(record))
    else:
        rendering.line(f"dropped {record.name} ({record.documents} documents, {record.chunks} chunks)")
    return DONE


def rebuild(options: Options) -> int:
    with existing(options) as workspace:
        kb = workspace.open(options.kb)
        kb.rebuild(**_analysis(options))
        record = kb.record
    if options.json:
        emit(plain.base(record))
    else:
        rendering.line(f"rebuilt {record.name}: {record.chunks} chunks")
    return DONE


def demo(options: Options) -> int:
    import shutil
    import tempfile

    from knowledge.demo import run_demo

    with ExitStack() as stack:
        if options.keep:
            folder = options.keep
        else:
            folder = tempfile.mkdtemp(prefix="knowledge-demo-")
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        result = run_demo(Path(folder), show=not options.json)
    if options.json:
        emit(result)
    return DONE if all(answer["found"] for answer in result["answers"]) else FAILED


def eval(options: Options) -> int:
    from knowledge.evaluation_run import evaluate

    result = evaluate(options)
    if options.json:
        emit(result)
        return DONE
    columns = ("mode", "ndcg@10", "recall@10", "recall@100", "mrr@10", "p50_ms", "p99_ms")
    rendering.line(
        f"{result['data']}: {result['corpus']} entries, {result['queries']} queries, "
        f"indexed in {result['index_seconds']:.1f} s"
    )
    rendering.table([columns, *([str(row[column]) for column in columns] for row in result["results"])])
    return DONE


def conformance(options: Options) -> int:
    from knowledge.conformance import check_server
    from knowledge.outgoing import shown

    results = check_server(options.url, options.key, options.kb, options.query)
    failed = sum(result.outcome == "fail" for result in results)
    if options.json:
        emit(
            {
                "url": shown(options.url),
                "points": [plain.conformance(result) for result in results],
                "failed": failed,
            }
        )
    else:
        rendering.conformance(results)
    return FAILED if failed else DONE


def serve(options: Options) -> int:
    from knowledge.registry import is_installed, missing

    if not is_installed("server"):
        raise missing("server", "the HTTP server")
    from knowledge.server.commands import serve

    serve(options)
    return DONE


def keys(options: Options) -> int:
    from knowledge.server.commands import keys

    keys(options)
    return DONE
