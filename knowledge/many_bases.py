"""One question to several knowledge bases: one ranking by score, whatever their kinds and models."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from typing import TYPE_CHECKING, Final

from knowledge.errors import EmbeddingError, InputError, KnowledgeError, OutgoingError
from knowledge.types import Hits

if TYPE_CHECKING:
    from knowledge.knowledge_base import KnowledgeBase
    from knowledge.searching import Shown

_ELSEWHERE: Final = (OutgoingError, EmbeddingError)
"""What another server may do to a search: the other bases answer without it."""


Asked = tuple["KnowledgeBase", "Shown"]
"""A knowledge base, and how it is to be searched."""


def search_bases(query: str, asked: Sequence[Asked], *, timeout_s: float) -> Hits:
    """The best passages of all bases, best first; equal scores in the order of `asked`.

    Each is searched as its own settings say where its options do not. External ones are asked side by side while the
    others are searched. One that fails, or is not done `timeout_s` after the beginning, is left out with a warning;
    when that is so of all, the first error is raised, as it is of a base that is asked alone. Scores compare between
    bases as far as they are calibrated: `calibrated` says whether all are, a warning names those that are not.
    """
    if not asked:
        raise InputError("no knowledge base is given; name at least one")
    if len(asked) == 1:
        base, options = asked[0]
        return base.search(query, **options)
    started = time.perf_counter()
    waiting = {base.name: _in_background(base, query, options) for base, options in asked if base.is_external}
    found = {
        base.name: _searched(base, query, options) for base, options in asked if base.name not in waiting
    }
    for name, future in waiting.items():
        left_s = max(0.0, timeout_s - (time.perf_counter() - started))
        found[name] = _awaited(name, future, left_s, timeout_s)
    return _merged(query, asked, found, time.perf_counter() - started)


def _in_background(base: KnowledgeBase, query: str, options: Shown) -> Future[Hits]:
    """In a thread that nobody waits for at the end of the process."""
    future: Future[Hits] = Future()

    def ask() -> None:
        try:
            future.set_result(base.search(query, **options))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=ask, name=f"search {base.name}", daemon=True).start()
    return future


def _searched(base: KnowledgeBase, query: str, options: Shown) -> Hits | KnowledgeError:
    try:
        return base.search(query, **options)
    except _ELSEWHERE as error:
        return error


def _awaited(name: str, future: Future[Hits], left_s: float, timeout_s: float) -> Hits | KnowledgeError:
    try:
        return future.result(left_s)
    except TooLate:
        return OutgoingError(f"{name!r} did not answer within {timeout_s:g} s")
    except _ELSEWHERE as error:
        return error


def _merged(
    query: str, asked: Sequence[Asked], found: Mapping[str, Hits | KnowledgeError], seconds: float
) -> Hits:
    answers = {name: hits for name, hits in found.items() if isinstance(hits, Hits)}
    if not answers:
        raise next(error for error in found.values() if isinstance(error, KnowledgeError))
    hits = [hit for base, _ in asked for hit in answers.get(base.name, ())]
    hits.sort(key=lambda hit: -hit.score)
    wanted = max(options.get("top_k") or int(base.settings["top_k"] or 0) for base, options in asked)
    modes = {answer.mode for answer in answers.values()}
    return Hits(
        query,
        modes.pop() if len(modes) == 1 else None,
        tuple(hits[:wanted]),
        all(answer.calibrated for answer in answers.values()),
        tuple(_warnings(found)),
        seconds,
        "rank" if all(answer.score_kind == "rank" for answer in answers.values()) else "absolute",
    )


def _warnings(found: Mapping[str, Hits | KnowledgeError]) -> Iterator[str]:
    for name, answer in found.items():
        if isinstance(answer, KnowledgeError):
            yield f"the passages of {name!r} are missing: {answer}"
            continue
        yield from (f"{name}: {warning}" for warning in answer.warnings)
        if answer.score_kind == "rank":
            yield f"the scores of {name!r} are of ranks: their places among those of other bases mean little"
        elif not answer.calibrated:
            yield f"the scores of {name!r} are not calibrated: their places among those of other bases mean little"
