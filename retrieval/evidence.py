"""The parts of a score, asked for one by one: slower than a search, which only wants their sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from knowledge.evidence import Evidence, TermEvidence, TextEvidence, VectorEvidence
from retrieval.fusion import Fused
from retrieval.scoring import (
    FieldTerms,
    count_weight,
    keyword_score,
    semantic_score,
    shown,
    text_raw,
    text_scale,
)
from retrieval.search import Question, is_by_ranks, rank

if TYPE_CHECKING:
    from knowledge.protocols import Index, TextField
    from knowledge.types import Vector

RANKED: Final = 1_000
"""How deep the ranking of each leg is read."""


def evidence(index: Index, question: Question, ids: Sequence[int]) -> dict[int, Evidence]:
    """What the score of each of these points is made of."""
    text = _text(index, question, ids) if question.words or question.bigrams else {}
    vector = {} if question.vector is None else _vector(index, question, question.vector, ids)
    is_weighted = bool(text and vector) and not is_by_ranks(question)
    weight = question.vector_weight if is_weighted else None
    return {id_: Evidence(text=text.get(id_), vector=vector.get(id_), vector_weight=weight) for id_ in ids}


def _text(index: Index, question: Question, ids: Sequence[int]) -> dict[int, TextEvidence]:
    words = FieldTerms(question.words, index.term_weights("words", tuple(question.words)))
    bigrams = FieldTerms(question.bigrams, index.term_weights("bigrams", tuple(question.bigrams)))
    ceiling, trust = text_scale(words, bigrams, question.background)
    terms = {
        id_: (*in_words, *in_bigrams)
        for (id_, in_words), in_bigrams in zip(
            _terms(index, "words", words, ids).items(),
            _terms(index, "bigrams", bigrams, ids).values(),
            strict=True,
        )
    }
    ranks = _ranks(index, replace(question, mode="full-text", vector=None))
    found = {}
    for id_ in ids:
        raw = sum(term.raw for term in terms[id_])
        found[id_] = TextEvidence(
            score=keyword_score(raw, ceiling, trust),
            raw=raw,
            ceiling=ceiling,
            trust=trust,
            terms=terms[id_],
            rank=ranks.get(id_),
        )
    return found


def _terms(
    index: Index, field: TextField, terms: FieldTerms, ids: Sequence[int]
) -> dict[int, list[TermEvidence]]:
    share = text_raw(1, 0) if field == "words" else text_raw(0, 1)
    found: dict[int, list[TermEvidence]] = {id_: [] for id_ in ids}
    for term, count in terms.counts.items():
        raw = {point.id: point.score for point in index.search_text(field, [term], len(ids), ids=ids)}
        for id_, entries in found.items():
            entries.append(
                TermEvidence(
                    term=term,
                    field=field,
                    count=count,
                    weight=terms.weights.get(term),
                    raw=share * count_weight(count) * raw.get(id_, 0.0),
                )
            )
    return found


def _vector(
    index: Index, question: Question, vector: Vector, ids: Sequence[int]
) -> dict[int, VectorEvidence]:
    cosines = {point.id: point.score for point in index.search_vector(vector, len(ids), ids=ids)}
    ranks = _ranks(index, replace(question, mode="vector"))
    return {
        id_: VectorEvidence(
            score=shown(semantic_score(cosine, question.floor)),
            cosine=cosine,
            floor=question.floor,
            rank=ranks.get(id_),
        )
        for id_, cosine in cosines.items()
    }


def _ranks(index: Index, question: Question) -> Mapping[int, int]:
    """Point → its rank, from 1; those that tie share the best of theirs."""
    ranks: dict[int, int] = {}
    before: Fused | None = None
    for place, point in enumerate(rank(index, question, RANKED).points[:RANKED], 1):
        is_tie = before is not None and point.score == before.score
        ranks[point.id] = ranks[before.id] if before is not None and is_tie else place
        before = point
    return ranks
