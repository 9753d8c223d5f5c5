"""One question against one index: which legs are read, and how their raw scores become the final score."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from knowledge.filters import Filter
from knowledge.types import Mode, Scored, Vector
from retrieval.fusion import Leg, Ranking, exact_top
from retrieval.scoring import (
    UNSEEN,
    keyword_score,
    semantic_score,
    text_ceiling,
    text_raw,
    weighted,
)

if TYPE_CHECKING:
    from knowledge.protocols import Index, TextField


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question, analysed and embedded as far as its mode needs."""

    mode: Mode
    words: Sequence[str] = ()
    bigrams: Sequence[str] = ()
    vector: Vector | None = None
    floor: float = 0.0
    """Cosine of unrelated texts for the question's script."""
    vector_weight: float = 0.5
    """Of hybrid search; the other modes ignore it."""
    where: Filter | None = None


@dataclass(frozen=True, slots=True)
class TextLeg:
    index: Index
    field: TextField
    terms: Sequence[str]
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


def rank(index: Index, question: Question, wanted: int) -> Ranking:
    """The best `wanted` points or more, with final scores (negative ones possible below the vector floor)."""
    if question.mode == "vector":
        return _rank_vector(index, question, wanted)
    if question.mode == "hybrid" and question.vector is not None:
        return _rank_hybrid(index, question, question.vector, wanted)
    keyword = _keyword(index, question)
    return exact_top(_text_legs(index, question), lambda raw: keyword(raw[0], raw[1]), wanted)


def _rank_vector(index: Index, question: Question, wanted: int) -> Ranking:
    if question.vector is None:
        return Ranking((), complete=True)
    leg = VectorLeg(index, question.vector, question.where)
    return exact_top([leg], lambda raw: semantic_score(raw[0], question.floor), wanted)


def _rank_hybrid(index: Index, question: Question, vector: Vector, wanted: int) -> Ranking:
    keyword = _keyword(index, question)

    def combine(raw: tuple[float, ...]) -> float:
        semantic = max(0.0, semantic_score(raw[2], question.floor))
        return weighted(semantic, keyword(raw[0], raw[1]), question.vector_weight)

    legs: list[Leg] = [*_text_legs(index, question), VectorLeg(index, vector, question.where)]
    return exact_top(legs, combine, wanted)


def _text_legs(index: Index, question: Question) -> list[Leg]:
    return [
        TextLeg(index, "words", question.words, question.where),
        TextLeg(index, "bigrams", question.bigrams, question.where),
    ]


def _keyword(index: Index, question: Question) -> Callable[[float, float], float]:
    """The keyword score of the two fields' raw scores, for this question in this index."""
    ceiling = text_ceiling(
        question.words,
        index.term_weights("words", question.words),
        question.bigrams,
        index.term_weights("bigrams", question.bigrams),
    )
    return lambda words, bigrams: keyword_score(text_raw(words, bigrams), ceiling)
