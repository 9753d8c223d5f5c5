"""One question against one index: which legs are read, and how their raw scores become the final score."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import inf
from operator import mul
from typing import TYPE_CHECKING, Final

from knowledge.filters import Filter
from knowledge.types import Fusion, Mode, Scored, Vector
from retrieval.fusion import (
    DEEPER,
    FIRST_DEPTH,
    Combine,
    Fused,
    Leg,
    Ranking,
    exact_scores,
    exact_top,
    rrf,
)
from retrieval.scoring import (
    UNSEEN,
    FieldTerms,
    count_weight,
    keyword_score,
    semantic_score,
    text_raw,
    text_scale,
    weighted,
)

if TYPE_CHECKING:
    from knowledge.protocols import Index, TextField

RRF_DEPTH: Final = 1_000
"""How many points of each ranking reciprocal rank fusion reads, whatever is wanted: a longer search then begins
with the shorter one."""

RRF_PARENTS: Final = 200
"""Of how many parents at least, where points are children: twice as many as a search may want."""

HYBRID_DEPTH: Final = 128
"""How deep a hybrid search reads at first: the best by text and by vector are seldom the same, and reading on costs
a second comparison with every vector."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question, analysed and embedded as far as its mode needs."""

    mode: Mode
    words: Mapping[str, int] = field(default_factory=dict)
    """Term → how often the question says it."""
    bigrams: Mapping[str, int] = field(default_factory=dict)
    background: Mapping[str, float] = field(default_factory=dict)
    """Term → its rarity in the language at large, in nats; a term left out is as rare as can be."""
    vector: Vector | None = None
    floor: float = 0.0
    """Cosine of unrelated texts for the question's script."""
    fusion: Fusion = "weighted"
    """Of hybrid search: by true scores, or by ranks; the other modes ignore it, and the weight."""
    vector_weight: float = 0.5
    where: Filter | None = None


@dataclass(frozen=True, slots=True)
class TextLeg:
    index: Index
    field: TextField
    terms: Sequence[str]
    share: float
    """Of this leg in the raw full-text score."""
    where: Filter | None
    least: float = UNSEEN

    def best(self, limit: int) -> list[Scored]:
        return self.index.search_text(self.field, self.terms, limit, self.where)

    def scores(self, ids: Sequence[int]) -> list[Scored]:
        return self.index.search_text(self.field, self.terms, len(ids), ids=ids)


@dataclass(frozen=True, slots=True)
class VectorLeg:
    index: Index
    vector: Vector
    where: Filter | None
    least: float = -1.0

    def best(self, limit: int) -> list[Scored]:
        return self.index.search_vector(self.vector, limit, self.where)

    def scores(self, ids: Sequence[int]) -> list[Scored]:
        return self.index.search_vector(self.vector, len(ids), ids=ids)


ParentsOf = Callable[[Sequence[int]], Mapping[int, int]]
"""The parents of points, at least of those that are children; others may be left out or be their own."""


def rank(index: Index, question: Question, wanted: int, parents_of: ParentsOf | None = None) -> Ranking:
    """The best `wanted` points or more, with final scores (negative ones possible below the vector floor).

    Children are ranked like any points; `parents_of` is asked where the ranks themselves make the score.
    """
    if is_by_ranks(question):
        return _rank_by_ranks(index, question, parents_of)
    depth = HYBRID_DEPTH if question.mode == "hybrid" and question.vector is not None else FIRST_DEPTH
    return exact_top(*_scorer(index, question), wanted, depth)


def scores(index: Index, question: Question, ids: Sequence[int]) -> dict[int, float]:
    """The final scores of these points, of a question that is not fused by ranks."""
    return exact_scores(*_scorer(index, question), ids)


def is_by_ranks(question: Question) -> bool:
    """Whether its scores are those of ranks."""
    return question.mode == "hybrid" and question.vector is not None and question.fusion == "rrf"


def _scorer(index: Index, question: Question) -> tuple[Sequence[Leg], Combine]:
    """The legs that are read for a question, and the final score of what they say."""
    if question.vector is None or question.mode not in ("vector", "hybrid"):
        text_legs = _text_legs(index, question)
        return text_legs, _keyword(index, question, text_legs)
    vector_leg = VectorLeg(index, question.vector, question.where)
    if question.mode == "vector":
        return [vector_leg], lambda raw: semantic_score(raw[0], question.floor)
    text_legs = _text_legs(index, question)
    keyword = _keyword(index, question, text_legs)

    def combine(raw: tuple[float, ...]) -> float:
        semantic = max(0.0, semantic_score(raw[-1], question.floor))
        return weighted(semantic, keyword(raw), question.vector_weight)

    return [*text_legs, vector_leg], combine


def _rank_by_ranks(index: Index, question: Question, parents_of: ParentsOf | None) -> Ranking:
    """All points that either ranking has in its first part, see `_deep`; `legs` are (keyword, semantic)."""
    modes: tuple[Mode, ...] = ("full-text", "vector")
    rankings = [_deep(index, replace(question, mode=mode), parents_of) for mode in modes]
    keyword, semantic = ({point.id: point.score for point in ranking} for ranking in rankings)
    parents = parents_of([*keyword, *semantic]) if parents_of else {}
    points = (
        Fused(point.id, point.score, (keyword.get(point.id, 0.0), semantic.get(point.id, 0.0)))
        for point in rrf(rankings, parents=parents)
    )
    return Ranking(tuple(points), complete=True)


def _deep(index: Index, question: Question, parents_of: ParentsOf | None) -> list[Scored]:
    """The ranking of one mode down to `RRF_DEPTH` points, and further to `RRF_PARENTS` parents, with all that tie."""
    depth = RRF_DEPTH
    while True:
        ranking = exact_top(*_scorer(index, question), depth)
        first = _first(ranking, depth)
        if parents_of is None or len(first) < depth:
            return first
        parents = parents_of([point.id for point in first])
        if len({parents.get(point.id, point.id) for point in first}) >= RRF_PARENTS:
            return first
        depth *= DEEPER


def _first(ranking: Ranking, depth: int) -> list[Scored]:
    """The best `depth` points and those that tie with the last of them."""
    points = ranking.points
    last = points[depth - 1].score if len(points) > depth else -inf
    return [Scored(point.id, point.score) for point in points if point.score >= last]


def _text_legs(index: Index, question: Question) -> list[TextLeg]:
    """The words, and again those that the question says twice, four times …; the bigrams likewise."""
    return [
        *(
            TextLeg(index, "words", terms, text_raw(share, 0), question.where)
            for terms, share in _levels(question.words)
        ),
        *(
            TextLeg(index, "bigrams", terms, text_raw(0, share), question.where)
            for terms, share in _levels(question.bigrams)
        ),
    ]


def _levels(counts: Mapping[str, int]) -> Iterator[tuple[tuple[str, ...], float]]:
    """Terms of at least a weight, and what it adds to the weight below. An index counts each term once."""
    weights = {term: count_weight(count) for term, count in counts.items()}
    for below, level in pairwise([0.0, *sorted(set(weights.values()))]):
        yield tuple(term for term, weight in weights.items() if weight >= level), level - below


def _keyword(
    index: Index, question: Question, legs: Sequence[TextLeg]
) -> Callable[[tuple[float, ...]], float]:
    """The keyword score of the text legs' raw scores, which come first, for this question in this index."""
    words = FieldTerms(question.words, index.term_weights("words", tuple(question.words)))
    bigrams = FieldTerms(question.bigrams, index.term_weights("bigrams", tuple(question.bigrams)))
    ceiling, trust = text_scale(words, bigrams, question.background)
    shares = [leg.share for leg in legs]
    return lambda raw: keyword_score(sum(map(mul, shares, raw)), ceiling, trust)
