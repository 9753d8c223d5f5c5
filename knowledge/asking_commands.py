"""`knowledge search` with many questions from a file, or with the help of a language model."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from knowledge import plain, rendering
from knowledge.chat import Message
from knowledge.cli import DONE, FAILED
from knowledge.errors import InputError, NotFound
from knowledge.looking import emit
from knowledge.types import Hits

if TYPE_CHECKING:
    from knowledge import KnowledgeBase, Workspace
    from knowledge.assistance.record import Assistance
    from knowledge.search_options import Shown

Options = argparse.Namespace


def search_many(workspace: Workspace, options: Options, asked: Shown) -> int:
    """A line of JSON for each line of the file, in its order, also for those that failed."""
    queries = _lines(options.queries)
    if len(options.kb) > 1:
        outcomes = workspace.search_many(queries, knowledge_bases=options.kb, **asked)
    else:
        outcomes = workspace.open(options.kb[0]).search_many(queries, **asked)
    for query, found in zip(queries, outcomes, strict=True):
        if isinstance(found, Hits):
            emit(plain.hits(found))
        else:
            emit({"query": query, "error": {"type": type(found).__name__, "message": str(found)}})
    return DONE if all(isinstance(found, Hits) for found in outcomes) else FAILED


def _lines(file: str) -> list[str]:
    """Of a file, or of standard input for -. An empty line is a question that finds nothing."""
    text = _bytes(file).decode("utf-8-sig", "surrogateescape")
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return lines if lines[-1] else lines[:-1]


def _bytes(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    path = Path(file)
    if not path.is_file():
        raise NotFound(f"no file {file!r}")
    return path.read_bytes()


def assisted(kb: KnowledgeBase, options: Options, asked: Shown) -> int:
    found = kb.assisted_search(
        options.query,
        llm=options.llm,
        history=_history(options.rewrite) if options.rewrite else (),
        variants=options.variants or 0,
        auto_filter=options.auto_filter,
        **asked,
    )
    if options.json:
        emit(plain.hits(found))
        return DONE
    if options.explain and found.assistance is not None:
        _show(found.assistance)
    rendering.hits(found)
    return DONE


def _history(file: str) -> list[Message]:
    """The turns of a file of JSON Lines with role and content. Raises `InputError` naming the line."""
    turns = []
    for number, line in enumerate(_lines(file), 1):
        if line.strip():
            turns.append(_turn(line, f"line {number} of {file!r}"))
    if not turns:
        raise InputError(f"{file!r} holds no turn of a conversation; write JSON Lines with role and content")
    return turns


def _turn(line: str, where: str) -> Message:
    try:
        value: Any = json.loads(line)
        role, content = value["role"], value["content"]
    except (KeyError, TypeError, ValueError, RecursionError):
        role, content = None, None
    if role not in ("user", "assistant") or not isinstance(content, str):
        raise InputError(f'{where} is no turn; write {{"role": "user" or "assistant", "content": "…"}}')
    return Message(role=role, content=content)


def _show(given: Assistance) -> None:
    rendering.line(f"asked: {given.question}")
    for query in given.queries:
        rendering.line(f"searched: {query}")
    rendering.line(f"filter by the model: {given.filter or 'none'}")
    usage = given.usage
    tokens = [count for count in (usage.prompt_tokens, usage.completion_tokens) if count is not None]
    counted = f", {' + '.join(map(str, tokens))} tokens" if tokens else ""
    rendering.line(f"model: {usage.calls} calls{counted}, {usage.seconds:.1f} s")


def check_forms(options: Options, given: Sequence[tuple[str, object]]) -> None:
    """Raises `InputError` for options that do not go together; `given` are those of one plain question."""
    if options.queries is not None:
        others = [("QUERY", options.query), ("--llm", options.llm), *_helps(options), *given]
        _refuse(others, "goes without --queries; leave one of them out")
    elif is_assisted(options):
        several = [("a second --kb", options.kb[1:] or None)]
        _refuse(
            [*several, *given], "goes without --rewrite, --variants and --auto-filter; leave one of them out"
        )
    elif options.llm is not None:
        raise InputError("--llm has nothing to do; say --rewrite FILE, --variants N or --auto-filter")


def is_assisted(options: Options) -> bool:
    return any(value is not None for _, value in _helps(options))


def _helps(options: Options) -> list[tuple[str, object]]:
    names = ("rewrite", "variants", "auto_filter")
    return [(f"--{name.replace('_', '-')}", getattr(options, name)) for name in names]


def _refuse(options: Sequence[tuple[str, object]], why: str) -> None:
    for flag, value in options:
        if value is not None:
            raise InputError(f"{flag} {why}")
