"""Children are found, parents are shown: from the ranking of the children to that of their parents.

Parents are the chunks of a parent-child base, and questions that have several spellings. A parent has the score of
its best child. It is taken after the legs are fused, not in each of them: then it is the score of a text that is
there to be read, a threshold means what it means for chunks, and the ranking of the children, which is exact, read
until there are enough parents, is exact for these too. Only where ranks make the score do they count parents
(`retrieval.fusion.rrf`): a parent with many children must not push the others down.

The price: nDCG@10 of hybrid search, whole documents as parents, MiniLM, is .363 for cranfield and .986 for xquad_en;
with the best child of each leg, which may be two different ones, it would be .374 and .989.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from knowledge import versions
from knowledge.types import ChildHit
from retrieval.scoring import is_enough, shown
from retrieval.search import ParentsOf, Question, is_by_ranks, scores

if TYPE_CHECKING:
    from knowledge.generations import Generation
    from knowledge.versions import ChildRecord
    from retrieval.fusion import Fused, Ranking


def parents_of_base(generation: Generation) -> ParentsOf | None:
    """How parents are found in one search, which asks for the same points again as it reads on; None where no chunk
    has children."""
    if generation.base.structure == "general":
        return None
    known: dict[int, int] = {}

    def parents_of(points: Sequence[int]) -> dict[int, int]:
        if unknown := [point for point in points if point not in known]:
            with generation.store.read() as connection:
                found = versions.parents_of(connection, unknown)
            known.update((point, found.get(point, point)) for point in unknown)
        return known

    return parents_of


def collapsed(points: Sequence[Fused], parents_of: ParentsOf) -> list[Fused]:
    """The parents of these points, which are the best there are in order, each with its best child's score."""
    parents = parents_of([point.id for point in points])
    best: dict[int, Fused] = {}
    for point in points:
        parent = parents.get(point.id, point.id)
        best.setdefault(parent, replace(point, id=parent))
    return list(best.values())


def answering_children(
    generation: Generation,
    question: Question,
    ranking: Ranking,
    found: Sequence[Fused],
    threshold: float | None,
) -> dict[int, tuple[ChildHit, ...]]:
    """Of each parent found the children that answer, best first: all of them, however deep the ranking was read."""
    with generation.store.read() as connection:
        families = versions.children_of(connection, [parent.id for parent in found])
    if is_by_ranks(question):
        known = {point.id: point.score for point in ranking.points}
    else:
        ids = [child.point for children in families.values() for child in children]
        known = scores(generation.index, question, ids)
    return {
        parent.id: tuple(_answering(families.get(parent.id, ()), known, shown(parent.score), threshold))
        for parent in found
    }


def _answering(
    children: Sequence[ChildRecord], known: Mapping[int, float], best: float, threshold: float | None
) -> Iterator[ChildHit]:
    """Scores come out some 1e-7 apart from one call of the engine to the next: the first child has its parent's."""
    ordered = sorted(children, key=lambda child: (-known.get(child.point, 0.0), child.position))
    for number, child in enumerate(ordered):
        score = min(shown(known.get(child.point, 0.0)), best) if number else best
        if is_enough(score, threshold):
            yield ChildHit(
                id=child.id,
                content=child.content,
                score=score,
                start=child.start,
                end=child.end,
                headings=child.headings,
                locator=child.locator,
            )
