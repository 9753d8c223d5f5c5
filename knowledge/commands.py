"""What each command does: read the options, call the library, show the result."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge import plain, rendering
from knowledge.changing import keywords, set, settings
from knowledge.cli import DONE, FAILED
from knowledge.errors import InputError
from knowledge.filling import create, ingest, word_options
from knowledge.looking import chunk, chunks, docs, emit, existing, extract, fields, ls, show

if TYPE_CHECKING:
    from knowledge import Workspace
    from knowledge.contexts import Context
    from knowledge.explaining import WhyNot
    from knowledge.filters import Filter
    from knowledge.search_options import Searched, Shown

Options = argparse.Namespace

__all__ = [
    "chunk", "chunks", "conformance", "create", "demo", "docs", "drop", "eval", "extract", "fields", "history",
    "ingest", "keys", "keywords", "ls", "models", "pipeline", "rebuild", "rm", "search", "serve", "set",
    "settings", "show", "tune",
]  # fmt: skip
"""One function for each command of `knowledge.cli`, by its name."""


def search(options: Options) -> int:
    with ExitStack() as at_end:
        workspace = existing(options)
        if not options.ends_process:
            at_end.callback(workspace.close)
        code = _search(workspace, options)
        for name in options.kb:
            workspace.open(name).write_history()
    return code


def _search(workspace: Workspace, options: Options) -> int:
    asked = _asked(options)
    if _is_special(options):
        return _special(workspace, options, asked)
    if len(options.kb) > 1:
        _check_one_base(options)
        found = workspace.search(
            options.query,
            knowledge_bases=options.kb,
            **asked,
            highlight=options.highlight,
            explain=options.explain,
        )
    else:
        kb = workspace.open(options.kb[0])
        if options.why_not:
            return _why_not(kb.why_not(options.query, options.why_not, **asked), options)
        if options.context is not None:
            return _context(kb.context(options.query, max_tokens=options.context, **asked), options)
        found = kb.search(options.query, **asked, highlight=options.highlight, explain=options.explain)
    if options.json:
        emit(plain.hits(found))
    else:
        rendering.hits(found)
    return DONE


def _is_special(options: Options) -> bool:
    """Whether it is more than one question that is asked as it stands."""
    return options.query is None or any(
        value is not None
        for value in (options.queries, options.llm, options.rewrite, options.variants, options.auto_filter)
    )


def _special(workspace: Workspace, options: Options, asked: Searched) -> int:
    from knowledge import asking_commands

    if options.query is None and options.queries is None:
        raise InputError("there is no question; give QUERY, or --queries FILE with one a line")
    asking_commands.check_forms(options, [("--why-not", options.why_not), ("--context", options.context)])
    shown: Shown = {**asked, "highlight": options.highlight, "explain": options.explain}
    if options.queries is not None:
        return asking_commands.search_many(workspace, options, shown)
    return asking_commands.assisted(workspace.open(options.kb[0]), options, shown)


def _check_one_base(options: Options) -> None:
    for flag, given in (("--why-not", options.why_not), ("--context", options.context)):
        if given is not None:
            raise InputError(f"{flag} is of one knowledge base; give --kb once")


def _asked(options: Options) -> Searched:
    return {
        "mode": options.mode,
        "top_k": options.top_k,
        "threshold": options.threshold,
        "vector_weight": options.vector_weight,
        "fusion": options.fusion,
        "rerank": options.rerank,
        "rerank_pool": options.rerank_pool,
        "where": _conditions(options),
        "ignore_case": options.ignore_case,
    }


def _why_not(found: WhyNot, options: Options) -> int:
    if options.json:
        emit(plain.why_not(found))
    else:
        from knowledge import evidence_rendering

        evidence_rendering.why_not(found)
    return DONE


def _context(found: Context, options: Options) -> int:
    if options.json:
        emit(plain.context(found))
        return DONE
    rendering.line(found.text or "no passage found")
    if found.left_out or found.cut:
        rendering.note(f"about {found.tokens} tokens; {found.left_out} hits left out, {found.cut} cut")
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
        done = kb.rebuild(**word_options(options))
        record = kb.record
    if options.json:
        emit({**plain.base(record), **plain.rebuilt(done)})
    else:
        rendering.rebuilt(done)
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
    from knowledge.evaluation_commands import eval

    return eval(options)


def tune(options: Options) -> int:
    from knowledge.tuning_commands import tune

    return tune(options)


def history(options: Options) -> int:
    from knowledge.history_commands import history

    return history(options)


def conformance(options: Options) -> int:
    from knowledge.conformance import check_server
    from knowledge.outgoing import shown

    if not options.key.strip():
        raise InputError("--key is empty; give the API key of the server")
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


def models(options: Options) -> int:
    from knowledge.model_commands import models

    return models(options)


def pipeline(options: Options) -> int:
    from knowledge.pipeline.commands import pipeline

    return pipeline(options)


def keys(options: Options) -> int:
    from knowledge.server.commands import keys

    keys(options)
    return DONE
