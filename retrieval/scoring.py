"""Scores that mean something: raw BM25 and cosine mapped to [0, 1], alike for every question and base.

This module holds every parameter of the final score. The raw scores come from the index.

The keyword score is 1 − (1 − r)² with r = trust · raw / ceiling. Ceiling and trust belong to the question, so the
order of one question's passages is always that of BM25. A question's terms weigh three things, each a sum over
terms like the raw score:

    C  their weights in the base, ln(1 + (N − df + .5) / (df + .5)), as in the raw score: ceiling = (k1 + 1) · C
    M  the lesser of that weight and the term's rarity in the language at large
    E  their rarity in the language at large

and trust = M / C · (1 − e^(−E / 13.8)). A base makes every word rare that is not its subject: M / C takes that out
again. E asks whether a question says enough to be recognised by: two common words do not.

Measured on full text with the questions of another subject: median of the best relevant passage / 95th percentile
of the best passage of a strange question, wanted ≥ .5 / ≤ .45 (`python -m benchmarks.bands`).

                                 scifact ↔ banking77   cranfield ↔ banking77   xquad_zh ↔ lcqmc   lcqmc ↔ xquad_zh
    trust = 1                         .62 / .75              .55 / .64             .57 / .39          .64 / .29
    lesser weight in the ceiling      .63 / .89              .56 / .73             .58 / .42          .70 / .38
    the same, unseen terms only       .62 / .75              .55 / .65             .57 / .39          .64 / .31
    trust = M / C                     .61 / .69              .54 / .60             .56 / .39          .58 / .24
    trust = 1 − e^(−E / 13.8)         .60 / .46              .53 / .35             .56 / .36          .60 / .27
    both                              .60 / .41              .52 / .32             .55 / .35          .55 / .21

The lesser weight in the ceiling does harm: the raw score counts the greater one, so the few common words of a
strange question pass for a full match. Any constant from 12 to 20 in place of 13.8 keeps all four within the bars.
The price: a short question of common words reads low even where it is at home.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, inf, log, sqrt
from typing import Final

K1: Final = 1.2
"""BM25 term-frequency saturation of the index engine (Robertson & Zaragoza, 2009); b is .75."""

BIGRAM_SHARE: Final = 0.3
"""Weight of the CJK-bigram field beside the word field. Bigrams find what the dictionary cut differently;
with full weight they count every match twice. Over the Chinese sets .3 is the best single value."""

NAMED: Final = log(1_000_000)
"""Nats that name one passage among a million. A question that says no more than this is trusted to 1 − 1/e."""

UNSEEN: Final = 0.0
"""Raw text score of a passage that shares no term with the question."""

DEFAULT_FLOOR: Final = 0.0
"""Cosine floor of a model whose floors were never measured: such scores are marked uncalibrated."""


@dataclass(frozen=True, slots=True)
class FieldTerms:
    """A question's terms in one text field."""

    counts: Mapping[str, int]
    """How often the question says each."""
    weights: Mapping[str, float]
    """In the base; a term that no passage holds is left out."""


def count_weight(count: int) -> float:
    """√count, count rounded down to 1, 2, 4, 8 …: a question repeats what matters, but each time says less.

    Rounded, because every different weight takes one more query to the index. nDCG@10 of full text over nine
    sets, each term once / this / full counts: scifact .6975 .6987 .6993, stard_law .3784 .3788 .3751, rgb .5358
    .5350 .5340, xquad_zh .9659 .9666 .9659, the others within .0008 of each other: it loses nowhere by more.
    """
    return sqrt(1 << count.bit_length() - 1)


def text_raw(words: float, bigrams: float) -> float:
    """The raw full-text score: BM25 of the word field plus a share of BM25 of the bigram field."""
    return words + BIGRAM_SHARE * bigrams


def text_scale(
    words: FieldTerms, bigrams: FieldTerms, background: Mapping[str, float]
) -> tuple[float, float]:
    """(ceiling, trust) of a question. `background` is in nats; a term left out is as rare as can be.

    The ceiling is the raw score that a passage about nothing but the question approaches: all terms, saturated.
    A term that no passage holds weighs as much as the heaviest that one does: a question is not answered
    well by a passage that misses what it asks about, yet a misspelt word cannot outweigh all others.
    """
    heaviest = max((*words.weights.values(), *bigrams.weights.values()), default=0.0)
    total, backed, evidence = map(
        text_raw, _sums(words, heaviest, background), _sums(bigrams, heaviest, background)
    )
    trust = backed / total * (1 - exp(-evidence / NAMED)) if total > 0 else 0.0
    return (K1 + 1) * total, trust


def _sums(terms: FieldTerms, heaviest: float, background: Mapping[str, float]) -> tuple[float, float, float]:
    """C, M and E of one field."""
    total = backed = evidence = 0.0
    for term, count in terms.counts.items():
        times = count_weight(count)
        weight, rarity = terms.weights.get(term, heaviest), background.get(term, inf)
        total += times * weight
        backed += times * min(weight, rarity)
        evidence += times * rarity
    return total, backed, evidence


def keyword_score(raw: float, ceiling: float, trust: float = 1.0) -> float:
    """1 − (1 − r)² of r = trust · raw / ceiling. Same order as BM25; one perfect match of every term reads .70
    where the question is trusted.

    A passage of average length that holds every term once reaches raw / ceiling = 1/(k1+1) = .45, which reads as
    a weak match though it is a full one; the square corrects the reading and leaves 0 and 1 where they are.
    """
    if ceiling <= 0:
        return 0.0
    share = trust * min(raw / ceiling, 1.0)
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


def is_enough(score: float, threshold: float | None) -> bool:
    """A score of 0 means: no evidence at all. Such a passage is no answer, whatever the threshold."""
    return shown(score) > 0 and (threshold is None or shown(score) >= threshold)
