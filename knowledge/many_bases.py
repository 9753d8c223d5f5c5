"""One question to several knowledge bases: one ranking by score, whatever their kinds and models."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from dataclasses import replace
from functools import partial
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any, Final, TypeVar

from knowledge.configuration import setting
from knowledge.errors import EmbeddingError, InputError, KnowledgeError, OutgoingError
from knowledge.queries import readable
from knowledge.types import Hit, Hits

if TYPE_CHECKING:
    from knowledge.knowledge_base import KnowledgeBase
    from knowledge.search_options import Shown

ELSEWHERE: Final = (OutgoingError, EmbeddingError)
"""What another server may do to a search: the other bases, and other questions, are answered without it."""


_Answer = TypeVar("_Answer")
Asked = tuple["KnowledgeBase", "Shown"]
"""A knowledge base, and how it is to be searched."""


def search_bases(query: str, asked: Sequence[Asked], *, timeout_s: float) -> Hits:
    """The best passages of all bases, best first; equal scores in the order of `asked`.

    Each is searched as its own settings say where its options do not. External ones are asked side by side while the
    others are searched. One that fails, or is not done `timeout_s` after the beginning, is left out with a warning;
    when that is so of all, the first error is raised, as it is of a base that is asked alone. Scores compare between
    bases as far as they are calibrated: `calibrated` says whether all are, a warning names those that are not.

    A `rerank` among the options is of the passages of all bases together, which makes them comparable. A threshold is
    then on its scores, and where the options give none there is none: those of the bases belong to other scores.
    """
    if not asked:
        raise InputError("no knowledge base is given; name at least one")
    if len(asked) == 1:
        base, options = asked[0]
        return base.search(query, **options)
    text, warnings = readable(query)
    search = _reranked_together if is_reranked(asked) else _searched_together
    found = search(text, asked, timeout_s)
    return replace(found, warnings=(*warnings, *found.warnings)) if warnings else found


def is_reranked(asked: Sequence[Asked]) -> bool:
    """Whether the passages of all bases together are."""
    return asked[0][1].get("rerank") not in (None, "none", "off")


def _reranked_together(query: str, asked: Sequence[Asked], timeout_s: float) -> Hits:
    from knowledge.reranking import reranked

    for base, options in asked:
        if not base.is_external:
            base.check_search(
                mode=options.get("mode"), fusion=options.get("fusion"), threshold=options.get("threshold")
            )
    first = asked[0][1]
    search = partial(_searched_together, query, timeout_s=timeout_s)
    return reranked(
        query,
        first["rerank"] or "",
        find=lambda pool: search(_each(asked, rerank="none", top_k=pool, threshold=0.0), in_turns=True),
        without=lambda: search(_each(asked, rerank="none")),
        pool=setting("rerank_pool", first.get("rerank_pool")),
        top_k=_wanted(asked),
        threshold=setting("threshold", first.get("threshold")),
    )


def _each(asked: Sequence[Asked], **changed: Any) -> list[Asked]:
    return [(base, {**options, **changed}) for base, options in asked]  # type: ignore[typeddict-item]


def _wanted(asked: Sequence[Asked]) -> int:
    return max(options.get("top_k") or int(base.settings["top_k"] or 0) for base, options in asked)


def _searched_together(query: str, asked: Sequence[Asked], timeout_s: float, in_turns: bool = False) -> Hits:
    started = time.perf_counter()
    waiting = {
        base.name: _in_background(base.name, partial(base.search, query, **options))
        for base, options in asked
        if base.is_external
    }
    found = {
        base.name: _searched(base, query, options) for base, options in asked if base.name not in waiting
    }
    for name, future in waiting.items():
        answer = _awaited(name, future, started, timeout_s)
        found[name] = answer
    return _merged(query, asked, found, time.perf_counter() - started, in_turns)


def answers_of_each(
    queries: Sequence[str], asked: Sequence[Asked], timeout_s: float
) -> list[dict[str, Hits | KnowledgeError]]:
    """For each question what each base finds, by name. An external one has `timeout_s` for each question."""
    started, longest_s = time.perf_counter(), timeout_s * len(queries)
    asking = {base.name: partial(base.search_many, queries, **options) for base, options in asked}
    waiting = {
        base.name: _in_background(base.name, asking[base.name]) for base, _ in asked if base.is_external
    }
    found: dict[str, Sequence[Hits | KnowledgeError]] = {
        name: ask() for name, ask in asking.items() if name not in waiting
    }
    for name, future in waiting.items():
        answers = _awaited(name, future, started, longest_s)
        found[name] = [answers] * len(queries) if isinstance(answers, KnowledgeError) else answers
    return [{name: answers[at] for name, answers in found.items()} for at in range(len(queries))]


def merged(
    query: str,
    asked: Sequence[Asked],
    found: Mapping[str, Hits | KnowledgeError],
    warnings: Sequence[str] = (),
) -> Hits:
    """One ranking of what each base has found. Raises the first error where all have one."""
    seconds = sum(answer.seconds for answer in found.values() if isinstance(answer, Hits))
    hits = _merged(query, asked, found, seconds, in_turns=False)
    return replace(hits, warnings=(*warnings, *hits.warnings))


def _in_background(name: str, ask: Callable[[], _Answer]) -> Future[_Answer]:
    """In a thread that nobody waits for at the end of the process."""
    future: Future[_Answer] = Future()

    def answer() -> None:
        try:
            future.set_result(ask())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=answer, name=f"search {name}", daemon=True).start()
    return future


def _searched(base: KnowledgeBase, query: str, options: Shown) -> Hits | KnowledgeError:
    try:
        return base.search(query, **options)
    except ELSEWHERE as error:
        return error


def _awaited(
    name: str, future: Future[_Answer], started: float, timeout_s: float
) -> _Answer | KnowledgeError:
    try:
        return future.result(max(0.0, timeout_s - (time.perf_counter() - started)))
    except TooLate:
        return OutgoingError(f"{name!r} did not answer within {timeout_s:g} s")
    except ELSEWHERE as error:
        return error


def _merged(
    query: str,
    asked: Sequence[Asked],
    found: Mapping[str, Hits | KnowledgeError],
    seconds: float,
    in_turns: bool,
) -> Hits:
    """`in_turns`: where scores do not compare, the place of a hit among those of its base decides."""
    answers = {name: hits for name, hits in found.items() if isinstance(hits, Hits)}
    if not answers:
        raise next(error for error in found.values() if isinstance(error, KnowledgeError))
    rankings = [answers[base.name].hits for base, _ in asked if base.name in answers]
    calibrated = all(answer.calibrated for answer in answers.values())
    by_score = calibrated or not in_turns
    hits = sorted(chain(*rankings), key=lambda hit: -hit.score) if by_score else _in_turns(rankings)
    modes = {answer.mode for answer in answers.values()}
    kinds = {answer.score_kind for answer in answers.values()}
    is_one_scale = kinds == {"rerank"} and len({base.settings["rerank"] for base, _ in asked}) == 1
    return Hits(
        query,
        modes.pop() if len(modes) == 1 else None,
        tuple(hits[: _wanted(asked)]),
        calibrated,
        tuple(_warnings(found, compare=is_one_scale or in_turns)),
        seconds,
        kinds.pop() if len(kinds) == 1 else "absolute",
    )


def _in_turns(rankings: Sequence[Sequence[Hit]]) -> list[Hit]:
    """The first of each, the second of each …"""
    return [hit for turn in zip_longest(*rankings) for hit in turn if hit is not None]


def _warnings(found: Mapping[str, Hits | KnowledgeError], *, compare: bool) -> Iterator[str]:
    """`compare`: the scores do, or need not."""
    for name, answer in found.items():
        if isinstance(answer, KnowledgeError):
            yield f"the passages of {name!r} are missing: {answer}"
            continue
        yield from (f"{name}: {warning}" for warning in answer.warnings)
        if compare:
            continue
        if answer.score_kind == "rank":
            yield f"the scores of {name!r} are of ranks: their places among those of other bases mean little"
        elif answer.score_kind == "rerank":
            yield f"the scores of {name!r} are of its reranker: their places among those of other bases mean little"
        elif not answer.calibrated:
            yield f"the scores of {name!r} are not calibrated: their places among those of other bases mean little"
