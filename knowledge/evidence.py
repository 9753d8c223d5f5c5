"""What a score is made of: the records with which a search explains itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from knowledge.filters import Condition
from knowledge.types import FieldType, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class TermEvidence:
    """A term of the question, as it is indexed."""

    term: str
    field: Literal["words", "bigrams"]
    count: int
    """How often the question says it."""
    weight: float | None
    """ln(1 + (N − df + .5) / (df + .5)) in the knowledge base; None when no passage holds it."""
    raw: float
    """What it adds to the raw full-text score of the passage; 0 when the passage lacks it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextEvidence:
    """score = 1 − (1 − r)², r = trust · raw / ceiling."""

    score: float
    raw: float
    ceiling: float
    """What a passage about nothing but the question approaches."""
    trust: float
    """How much of the question's weight its words have in the language at large too, from 0 to 1."""
    terms: tuple[TermEvidence, ...]
    """In order of the question, words before bigrams."""
    rank: int | None
    """Of the passage by this score alone, from 1; None beyond the first 1,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorEvidence:
    """score = (cosine − floor) / (1 − floor), at least 0."""

    score: float
    cosine: float
    floor: float
    """Cosine of unrelated texts."""
    rank: int | None
    """Of the passage by this score alone, from 1; None beyond the first 1,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RerankEvidence:
    """What a reranker did to a passage. Its score is the final one."""

    model: str
    score: float
    rank: int
    """Of the passage by this score, from 1."""
    score_before: float
    """The one that the other parts make."""
    rank_before: int
    """By that score, from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one condition on the metadata of a passage's document."""

    condition: Condition
    kind: FieldType
    """Of the field."""
    has: Value | None
    """What the document has in that field."""
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Why a passage has its score. In a knowledge base with children it is that of the best child."""

    text: TextEvidence | None
    vector: VectorEvidence | None
    vector_weight: float | None
    """Of a hybrid score by weights: w · vector + (1 − w) · text."""
    rerank: RerankEvidence | None = None
    """Of a search that was reranked."""
    verdicts: tuple[Verdict, ...] = ()
    """Of every condition of the filter, in its order."""
    query: str = ""
    """The wording of the question that all this is about, where several were searched."""
