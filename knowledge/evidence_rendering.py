"""Explanations of scores as lines on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from knowledge.explaining import described
from knowledge.rendering import line, place, snippet

if TYPE_CHECKING:
    from knowledge.evidence import Evidence, RerankEvidence, TermEvidence, TextEvidence, VectorEvidence
    from knowledge.explaining import WhyNot


def evidence(parts: Evidence) -> None:
    """What a score is made of, below its hit."""
    for text in _lines(parts):
        line(f"   | {text}")


def why_not(found: WhyNot) -> None:
    where = " · ".join(filter(None, (found.document.key, place(found.chunk.locator))))
    line(f"{'—' if found.score is None else f'{found.score:.2f}'}  {where}")
    line(f"   {snippet(found.chunk.content)}")
    for text in _lines(found.evidence):
        line(f"   | {text}")
    if not found.reasons:
        line(f"It is found, at place {found.place}.")
    for reason in found.reasons:
        line(f"Not found: {reason}.")


def _lines(parts: Evidence) -> Iterator[str]:
    if parts.query:
        yield f"by the wording: {parts.query}"
    if parts.rerank:
        yield _rerank(parts.rerank)
    if parts.vector_weight is not None and parts.vector and parts.text:
        yield _weighted(parts.vector_weight, parts.vector.score, parts.text.score)
    if parts.vector:
        yield _vector(parts.vector)
    if parts.text:
        yield _text(parts.text)
        yield from _terms(parts.text)
    for verdict in parts.verdicts:
        yield f"filter {'holds' if verdict.holds else 'fails'}: {described(verdict)}"


def _rerank(part: RerankEvidence) -> str:
    before = f"{part.score_before:.3f}, rank {part.rank_before}"
    return f"reranked {part.score:.3f}, rank {part.rank}, by {part.model}; before: {before}"


def _weighted(weight: float, vector: float, text: float) -> str:
    score = weight * vector + (1 - weight) * text
    return f"{score:.3f} = {weight:g} × vector {vector:.3f} + {1 - weight:g} × text {text:.3f}"


def _vector(part: VectorEvidence) -> str:
    return f"vector {part.score:.3f}: cosine {part.cosine:.3f}, unrelated texts {part.floor:.3f}{_rank(part.rank)}"


def _text(part: TextEvidence) -> str:
    raw = f"raw {part.raw:.2f} of {part.ceiling:.2f}"
    return f"text {part.score:.3f}: {raw}, trust {part.trust:.2f}{_rank(part.rank)}"


def _rank(rank: int | None) -> str:
    return f", rank {rank}" if rank else ", rank beyond 1,000"


def _terms(part: TextEvidence) -> Iterator[str]:
    found = [term for term in part.terms if term.raw > 0]
    missing = [term for term in part.terms if term.raw <= 0 and term.weight is not None]
    nowhere = [_named(term) for term in part.terms if term.weight is None]
    if found:
        yield "found: " + ", ".join(f"{_named(term)} {term.raw:.2f}" for term in found)
    if missing:
        yield "missing: " + ", ".join(f"{_named(term)} (weight {term.weight:.2f})" for term in missing)
    if nowhere:
        yield "in no passage: " + ", ".join(nowhere)


def _named(term: TermEvidence) -> str:
    """A pair of Chinese characters is told from the word of the same characters."""
    name = term.term if term.field == "words" else f"{term.term} (pair)"
    return name if term.count == 1 else f"{name} ×{term.count}"
