"""Scores that mean something: raw BM25 and cosine mapped to [0, 1], alike for every question and base.

This module holds every parameter of the final score. The raw scores come from the index.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

K1: Final = 1.2
"""BM25 term-frequency saturation of the index engine (Robertson & Zaragoza, 2009); b is .75."""

BIGRAM_SHARE: Final = 0.3
"""Weight of the CJK-bigram field beside the word field. Bigrams find what the dictionary cut differently;
with full weight they count every match twice. Over the Chinese sets .3 is the best single value."""

UNSEEN: Final = 0.0
"""Raw text score of a passage that shares no term with the question."""

DEFAULT_FLOOR: Final = 0.0
"""Cosine floor of a model whose floors were never measured: such scores are marked uncalibrated."""


def text_raw(words: float, bigrams: float) -> float:
    """The raw full-text score: BM25 of the word field plus a share of BM25 of the bigram field."""
    return words + BIGRAM_SHARE * bigrams


def text_ceiling(
    words: Sequence[str],
    word_weights: Mapping[str, float],
    bigrams: Sequence[str],
    bigram_weights: Mapping[str, float],
) -> float:
    """The raw score that a passage about nothing but the question approaches: all terms, saturated.

    A term that no passage holds weighs as much as the heaviest that one does: a question is not answered
    well by a passage that misses what it asks about, yet a misspelt word cannot outweigh all others.
    """
    heaviest = max((*word_weights.values(), *bigram_weights.values()), default=0.0)
    return (K1 + 1) * text_raw(
        sum(word_weights.get(term, heaviest) for term in words),
        sum(bigram_weights.get(term, heaviest) for term in bigrams),
    )


def keyword_score(raw: float, ceiling: float) -> float:
    """1 − (1 − r)² of r = raw / ceiling. Same order as BM25; one perfect match of every term reads .70.

    A passage of average length that holds every term once reaches r = 1/(k1+1) = .45, which reads as a weak
    match though it is a full one; the square corrects the reading and leaves 0 and 1 where they are.
    """
    if ceiling <= 0:
        return 0.0
    share = min(raw / ceiling, 1.0)
    return 1 - (1 - share) ** 2


def semantic_score(cosine: float, floor: float) -> float:
    """How far a cosine lies between unrelated (`floor` → 0) and identical (1). Below the floor it is negative:
    the sign keeps the order; what is shown is cut off at 0."""
    return (cosine - floor) / (1 - floor)


def weighted(semantic: float, keyword: float, vector_weight: float) -> float:
    """The convex combination of the two scores (Bruch, Gai & Ingber, TOIS 2023)."""
    return vector_weight * semantic + (1 - vector_weight) * keyword


def shown(score: float) -> float:
    """The score as users see it: in [0, 1]."""
    return min(max(score, 0.0), 1.0)
