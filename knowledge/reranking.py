"""Hits in the order of a reranker: asked with a time limit, and done without where it fails.

The pool is a search for `rerank_pool` hits, whatever top_k is, so the filter, what may be shown and ties are those of
every search. The threshold is on the reranker's score alone. Judged is what is read: a passage with its headings, a
question with its answer, of a parent that is too long what is around its best child. The child alone would lack what
it refers to, and the beginning of a long parent need not answer.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from knowledge.configuration import setting
from knowledge.errors import KnowledgeError, RerankError
from knowledge.evidence import RerankEvidence
from knowledge.registry import load_reranker
from knowledge.types import Hit, Hits, Scored
from retrieval.reranking import excerpt, rerank
from retrieval.scoring import is_enough

if TYPE_CHECKING:
    from knowledge.explaining import WhyNot
    from knowledge.outgoing import HttpClient
    from knowledge.protocols import Reranker
    from knowledge.search_options import Rerank

_log: Final = logging.getLogger(__name__)
_LOADED: Final = 4
"""Models that are kept at most: they are large, and all knowledge bases of the process share them."""
_loading: Final = threading.Lock()


def rerank_client() -> HttpClient:
    """For servers that the operator names. Somebody waits for the hits: one repetition, within the time limit."""
    from knowledge.outgoing import HttpClient

    longest_s = setting("rerank_timeout_s")
    return HttpClient.configured(public_only=False, total_s=longest_s, read_s=longest_s, retries=1)


def reranker_of(wanted: Rerank) -> Reranker:
    """The reranker of a spec, the same for all who ask, or one that calls a function. Raises `InputError`."""
    if not isinstance(wanted, str):
        return _Function(wanted)
    with _loading:
        return _kept(wanted)


def check_reranker(spec: str) -> None:
    """Raises `InputError`, and `MissingDependency`, for a spec that names no reranker; none is loaded."""
    load_reranker(spec, http=rerank_client)


@lru_cache(maxsize=_LOADED)
def _kept(spec: str) -> Reranker:
    made: Reranker = load_reranker(spec, http=rerank_client)
    return made


@dataclass(frozen=True, slots=True)
class _Function:
    """A function of the caller as a reranker."""

    function: Callable[[str, Sequence[str]], Sequence[float | None]]

    @property
    def fingerprint(self) -> str:
        return str(getattr(self.function, "__qualname__", type(self.function).__name__))

    def scores(self, query: str, texts: Sequence[str]) -> Sequence[float | None]:
        return self.function(query, texts)


def reranked(
    query: str,
    wanted: Rerank,
    *,
    find: Callable[[int], Hits],
    without: Callable[[], Hits],
    pool: int,
    top_k: int,
    threshold: float | None,
) -> Hits:
    """The hits of `find(pool)` in the reranker's order, at most `top_k`, those that score at least `threshold`.

    Where it gives no usable scores in time, the hits of `without`, a search that is not reranked, and a warning. Hits
    with evidence get that of the reranker too. Raises `InputError` and `MissingDependency` for one that there is not.
    """
    started = time.perf_counter()
    reranker = reranker_of(wanted)
    found = find(pool)
    try:
        model = reranker.fingerprint
        order = _in_time(reranker, query, found, threshold)
    except RerankError as error:
        return _finished(without(), started, f"not reranked: {error}")
    judged = (_judged(found[at.id], at, rank, model) for rank, at in enumerate(order[:top_k], 1))
    hits = replace(found, hits=tuple(judged), calibrated=False, score_kind="rerank")
    if len(found) < pool or top_k <= pool:
        return _finished(hits, started)
    return _finished(hits, started, f"only {pool} passages were reranked; for {top_k} raise rerank_pool")


def _finished(found: Hits, started: float, *warnings: str) -> Hits:
    return replace(found, warnings=(*found.warnings, *warnings), seconds=time.perf_counter() - started)


def _in_time(reranker: Reranker, query: str, found: Hits, threshold: float | None) -> list[Scored]:
    """What `rerank` gives, in a thread that nobody waits for when it takes too long: no model can be stopped.

    The code is a vendor's or the caller's: whatever it raises, the search goes on without it.
    """
    future: Future[list[Scored]] = Future()
    length, longest_s = setting("rerank_length"), setting("rerank_timeout_s")
    texts = [_text(hit, length) for hit in found]

    def judge() -> None:
        try:
            future.set_result(rerank(reranker, query, texts, threshold))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=judge, name="rerank", daemon=True).start()
    try:
        return future.result(longest_s)
    except TooLate:
        raise RerankError(
            f"{reranker.fingerprint} gave no scores within {longest_s:g} s; allow more time with rerank_timeout_s, "
            "or give it less to read with rerank_pool or rerank_length"
        ) from None
    except KnowledgeError:
        raise
    except Exception as error:
        _log.exception("the reranker %s has failed", reranker.fingerprint)
        raise RerankError(f"{reranker.fingerprint} raised {type(error).__name__}: {error}") from error


def _text(hit: Hit, length: int) -> str:
    """What is judged of a hit: at most `length` characters after the headings."""
    if hit.answer is not None:
        content = excerpt(f"{hit.content}\n{hit.answer}", length)
    elif hit.children:
        best, start = hit.children[0], hit.chunk.start or 0
        content = excerpt(hit.content, length, best.start - start, best.end - start)
    else:
        content = excerpt(hit.content, length)
    return f"{hit.context}\n{content}" if hit.context else content


def _judged(hit: Hit, found: Scored, rank: int, model: str) -> Hit:
    """A hit of the pool with its new score; `found.id` is its place there, from 0."""
    if hit.evidence is None:
        return replace(hit, score=found.score)
    part = RerankEvidence(
        model=model, score=found.score, rank=rank, score_before=hit.score, rank_before=found.id + 1
    )
    return replace(hit, score=found.score, evidence=replace(hit.evidence, rerank=part))


def why_not(before: WhyNot, ranked: Hits, *, pool: int, top_k: int, threshold: float | None) -> WhyNot:
    """What keeps a passage from being a hit of a reranked search: what did so `before`, in the search of the pool, or
    else its place or score in `ranked`, the pool in the reranker's order without a threshold."""
    if before.reasons and before.place is not None:
        too_deep = (
            f"it is at place {before.place} before reranking; the first {pool} are reranked (rerank_pool)"
        )
        return replace(before, reasons=(too_deep,))
    places = {hit.chunk.id: (place, hit) for place, hit in enumerate(ranked, 1)}
    if before.reasons:
        return before
    if before.chunk.id not in places:
        return replace(before, reasons=("the reranker gave it no score, or 0",), place=None, score=None)
    place, hit = places[before.chunk.id]
    reasons = []
    if not is_enough(hit.score, threshold):
        reasons.append(f"its reranked score {hit.score:.3f} is below the threshold {threshold:g}")
    elif place > top_k:
        reasons.append(f"it is at place {place} after reranking; asked for were {top_k}")
    evidence = hit.evidence or before.evidence
    return replace(before, reasons=tuple(reasons), place=place, score=hit.score, evidence=evidence)
