"""The exact best of several ranked lists: a hit of one leg gets the other legs' true scores, and the legs are
read deeper until no point that was never seen could still enter (the threshold algorithm: Fagin, Lotem & Naor,
JCSS 2003).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from knowledge.types import Scored

FIRST_DEPTH: Final = 64
DEEPER: Final = 4
DECIMALS: Final = 4
"""Scores that are equal to this many decimals are ties. The engine adds the terms of a question as 32-bit floats in
no fixed order: the seventh decimal is noise, and with six kept, one score in twenty changed between two searches."""


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
    """A point with its final score, rounded so that ties are ties, and the score of each leg."""

    id: int
    score: float
    legs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """The best points, best first. No other point of the index scores as high as the last of them."""

    points: tuple[Fused, ...]
    complete: bool
    """Whether these are all points that any leg returns."""


def exact_top(legs: Sequence[Leg], combine: Combine, wanted: int) -> Ranking:
    """At least `wanted` points (or all there are), exactly as if every point had been scored.

    Points that tie with the last wanted one are all there, so that the caller can order ties by what it knows.
    """
    depth = max(FIRST_DEPTH, 2 * wanted)
    while True:
        found = [leg.best(depth) for leg in legs]
        exhausted = [len(points) < depth for points in found]
        fused = _fuse(legs, found, exhausted, combine)
        bound = round(combine(_next_best(legs, found, exhausted)), DECIMALS)
        complete = all(exhausted)
        certain = fused if complete else [point for point in fused if point.score > bound]
        if complete or len(certain) >= wanted:
            return Ranking(tuple(certain), complete)
        depth *= DEEPER


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
    fused = []
    for id_ in seen:
        scores = tuple(known.get(id_, least) for known, least in columns)
        fused.append(Fused(id_, round(combine(scores), DECIMALS), scores))
    fused.sort(key=lambda point: -point.score)
    return fused


def _next_best(
    legs: Sequence[Leg], found: Sequence[list[Scored]], exhausted: Sequence[bool]
) -> tuple[float, ...]:
    """The most that a point which no leg has shown yet could score in each leg."""
    return tuple(
        leg.least if all_read else points[-1].score
        for leg, points, all_read in zip(legs, found, exhausted, strict=True)
    )
