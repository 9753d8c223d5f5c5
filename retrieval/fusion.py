"""One ranking of several: by true scores, or by ranks.

By scores it is exact: a hit of one leg gets the other legs' true scores, and the legs are read deeper until no
point that was never seen could still enter (the threshold algorithm: Fagin, Lotem & Naor, JCSS 2003).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum, inf
from typing import Final, Protocol

from knowledge.types import Scored

FIRST_DEPTH: Final = 32
DEEPER: Final = 4
TIE: Final = 1e-6
"""Scores this near to each other are ties. An engine adds the terms of a question as 32-bit floats, in an order that
may differ from one segment to the next: the scores of equal passages come out some 1e-7 apart."""

RRF_K: Final = 60
"""The constant of reciprocal rank fusion, as in its paper: the larger, the less the first ranks stand out."""


class Leg(Protocol):
    """One way of scoring points."""

    @property
    def least(self) -> float:
        """The score of a point that this leg does not return."""
        ...

    def best(self, limit: int) -> list[Scored]:
        """The best `limit` points, best first; fewer when there are no more."""
        ...

    def scores(self, ids: Sequence[int]) -> list[Scored]:
        """The scores of these points; points with the least score may be left out."""
        ...


Combine = Callable[[tuple[float, ...]], float]
"""Final score of the legs' scores, in the legs' order. Monotone in each."""


@dataclass(frozen=True, slots=True)
class Fused:
    """A point with its final score, the same for points that tie, and the score of each leg."""

    id: int
    score: float
    legs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """The best points, best first. No other point of the index scores as high as the last of them."""

    points: tuple[Fused, ...]
    complete: bool
    """Whether these are all points that any leg returns."""


def exact_top(legs: Sequence[Leg], combine: Combine, wanted: int, first_depth: int = FIRST_DEPTH) -> Ranking:
    """At least `wanted` points (or all there are), exactly as if every point had been scored.

    Points that tie with the last wanted one are all there, so that the caller can order ties by what it knows.
    """
    depth = max(first_depth, 2 * wanted)
    while True:
        found = [leg.best(depth) for leg in legs]
        exhausted = [len(points) < depth for points in found]
        fused = _fuse(legs, found, exhausted, combine)
        bound = combine(_next_best(legs, found, exhausted))
        complete = all(exhausted)
        certain = fused if complete else [point for point in fused if point.score - TIE > bound]
        if complete or len(certain) >= wanted:
            return Ranking(tuple(certain), complete)
        depth *= DEEPER


def exact_scores(legs: Sequence[Leg], combine: Combine, ids: Sequence[int]) -> dict[int, float]:
    """The final scores of these points."""
    columns = [({point.id: point.score for point in leg.scores(ids)}, leg.least) for leg in legs]
    return {id_: combine(tuple(known.get(id_, least) for known, least in columns)) for id_ in ids}


def _fuse(
    legs: Sequence[Leg], found: Sequence[list[Scored]], exhausted: Sequence[bool], combine: Combine
) -> list[Fused]:
    seen = {point.id for points in found for point in points}
    columns = []
    for leg, points, all_read in zip(legs, found, exhausted, strict=True):
        known = {point.id: point.score for point in points}
        if not all_read and (missing := seen.difference(known)):
            known.update((point.id, point.score) for point in leg.scores(sorted(missing)))
        columns.append((known, leg.least))
    scored = []
    for id_ in seen:
        scores = tuple(known.get(id_, least) for known, least in columns)
        scored.append((combine(scores), id_, scores))
    return _tied(sorted(scored, reverse=True))


def _tied(scored: Sequence[tuple[float, int, tuple[float, ...]]]) -> list[Fused]:
    """The points, best first; each that is near the first of its group gets the score of that one."""
    fused = []
    first = inf
    for score, id_, legs in scored:
        if first - score > TIE:
            first = score
        fused.append(Fused(id_, first, legs))
    return fused


def _next_best(
    legs: Sequence[Leg], found: Sequence[list[Scored]], exhausted: Sequence[bool]
) -> tuple[float, ...]:
    """The most that a point which no leg has shown yet could score in each leg."""
    return tuple(
        leg.least if all_read else points[-1].score
        for leg, points, all_read in zip(legs, found, exhausted, strict=True)
    )


def rrf(
    rankings: Sequence[Sequence[Scored]], k: int = RRF_K, parents: Mapping[int, int] | None = None
) -> list[Scored]:
    """Reciprocal rank fusion, Σ 1 / (k + rank), best first (Cormack, Clarke & Büttcher, SIGIR 2009).

    Each ranking is in order of its scores. Ranks count from 1; points of equal score share the best of their
    ranks, so that the result does not depend on how ties were put. A ranking that lacks a point adds nothing.
    With `parents` ranks count these: however many children a parent has before a point, it is one.
    """
    above = parents or {}
    shares: dict[int, list[float]] = {}
    for ranking in rankings:
        rank, last = 0, None
        seen: set[int] = set()
        for point in ranking:
            if point.score != last:
                rank, last = len(seen) + 1, point.score
            seen.add(above.get(point.id, point.id))
            shares.setdefault(point.id, []).append(1 / (k + rank))
    fused = [Scored(id_, fsum(parts)) for id_, parts in shares.items()]
    return sorted(fused, key=lambda point: (-point.score, point.id))
