"""Why a passage was found, and why another one was not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from knowledge import catalog, documents, schema, versions
from knowledge.errors import NotFound
from knowledge.evidence import Evidence, Verdict
from knowledge.filter_text import listed, written_condition
from knowledge.filters import Filter, conditions_of, matches
from knowledge.search_options import SearchOptions
from knowledge.searching import prepared, search
from knowledge.types import Hit, Hits, Value
from retrieval.evidence import evidence
from retrieval.scoring import is_enough, shown
from retrieval.search import Question, is_by_ranks, scores

if TYPE_CHECKING:
    from knowledge.documents import DocumentRecord
    from knowledge.generations import Generation
    from knowledge.versions import ChunkRecord

SEARCHED: Final = 1_000
"""How many places are looked through for a passage that was not among those asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyNot:
    """What kept a passage from being a hit. Without `reasons` it is one."""

    document: DocumentRecord
    chunk: ChunkRecord
    reasons: tuple[str, ...]
    place: int | None
    """Among the hits of a search for any number, from 1; None when it is in none of the first 1,000."""
    score: float | None
    """None where ranks make the score."""
    evidence: Evidence


def explained(generation: Generation, query: str, options: SearchOptions, found: Hits) -> Hits:
    """The same hits with their `evidence`; one that is gone meanwhile has none."""
    question, where, _ = prepared(generation, query, options)
    points = _searched_points(generation, found.hits)
    parts = evidence(generation.index, question, list(points.values()))
    hits = (
        replace(
            hit,
            evidence=replace(
                parts[points[hit.chunk.id]],
                verdicts=_verdicts(generation, where, hit.document.metadata),
            ),
        )
        if hit.chunk.id in points
        else hit
        for hit in found.hits
    )
    return replace(found, hits=tuple(hits))


def why_not(generation: Generation, query: str, chunk_id: str, options: SearchOptions) -> WhyNot:
    """Why the passage of this id is not among the hits of a search. Raises `NotFound` for an unknown id."""
    question, where, _ = prepared(generation, query, options)
    chunk, document = _passage(generation, chunk_id)
    points = [child.point for child in chunk.children] or [chunk.point]
    known = {} if is_by_ranks(question) else scores(generation.index, question, points)
    best = max(points, key=lambda point: known.get(point, 0.0))
    score = shown(known[best]) if known else None
    parts = evidence(generation.index, question, [best])[best]
    verdicts = _verdicts(generation, where, document.metadata)
    reasons = [*_hidden(chunk, document), *_refused(where, document, verdicts)]
    reasons += _too_weak(question, score, options.threshold)
    place = None if reasons else _place(generation, query, chunk_id, options)
    if not reasons and (place is None or place > options.top_k):
        where_it_is = f"is at place {place}" if place else f"is not among the first {SEARCHED:,}"
        reasons.append(f"it {where_it_is}; asked for were {options.top_k}")
    return WhyNot(
        document=document,
        chunk=chunk,
        reasons=tuple(reasons),
        place=place,
        score=score,
        evidence=replace(parts, verdicts=verdicts),
    )


def _searched_points(generation: Generation, hits: Sequence[Hit]) -> dict[str, int]:
    """Chunk id → the point that its score is of: its own, or that of the best child.

    Without those that have gone since they were found, with a document or a version of it.
    """
    searched = {hit.chunk.id: _searched_id(hit) for hit in hits}
    ids, document_ids = list(searched.values()), {hit.document.id for hit in hits}
    query = sa.union_all(*(_live(table, ids, document_ids) for table in (schema.chunk, schema.child)))
    with generation.store.read() as connection:
        points = {row.id: row.point for row in connection.execute(query)}
    return {chunk_id: points[id_] for chunk_id, id_ in searched.items() if id_ in points}


def _searched_id(hit: Hit) -> str:
    return hit.children[0].id if hit.children else hit.chunk.id


def _live(table: sa.Table, ids: Collection[str], document_ids: Collection[str]) -> sa.Select[tuple[str, int]]:
    """Ids and points of active versions. Children have no index by id: their documents lead to them."""
    return (
        sa.select(table.c.id, table.c.point)
        .join_from(table, schema.document, schema.document.c.active_version == table.c.version_id)
        .where(table.c.id.in_(ids), schema.document.c.id.in_(document_ids))
    )


def _passage(generation: Generation, chunk_id: str) -> tuple[ChunkRecord, DocumentRecord]:
    base = generation.base
    query = (
        sa.select(schema.document.c.id, schema.chunk.c.version_id)
        .join_from(
            schema.chunk, schema.document, schema.document.c.active_version == schema.chunk.c.version_id
        )
        .where(schema.chunk.c.id == chunk_id, schema.document.c.knowledge_base_id == base.id)
    )
    with generation.store.read() as connection:
        row = connection.execute(query).first()
        if row is None:
            raise NotFound(
                f"no passage {chunk_id!r} in {base.name!r}; `knowledge chunks {base.name} DOC --json` lists their ids"
            )
        document = documents.find(connection, base.id, row.id).searchable(base.has_built_in_fields)
        chunks = versions.chunks_of(connection, row.version_id)
    return next(chunk for chunk in chunks if chunk.id == chunk_id), document


def _hidden(chunk: ChunkRecord, document: DocumentRecord) -> Iterator[str]:
    if not document.enabled:
        yield f"the document {document.key} is disabled"
    if document.archived:
        yield f"the document {document.key} is archived"
    if not chunk.enabled:
        yield "the passage is disabled"


def _verdicts(
    generation: Generation, where: Filter | None, metadata: Mapping[str, Value]
) -> tuple[Verdict, ...]:
    if where is None:
        return ()
    with generation.store.read() as connection:
        kinds = catalog.fields(connection, generation.base)
    return tuple(
        Verdict(
            condition=condition,
            kind=kinds[condition.field],
            has=metadata.get(condition.field),
            holds=matches(condition, metadata),
        )
        for condition in conditions_of(where)
    )


def _refused(where: Filter | None, document: DocumentRecord, verdicts: Sequence[Verdict]) -> Iterator[str]:
    if where is not None and not matches(where, document.metadata):
        failing = [described(verdict) for verdict in verdicts if not verdict.holds]
        yield "the filter keeps its document out: " + ("; ".join(failing) or "a condition under `not` holds")


def described(verdict: Verdict) -> str:
    """A condition and what it met, in words: `year >= 2024: the document has 2021`."""
    wanted = written_condition(verdict.condition, verdict.kind)
    return f"{wanted}: the document has {'nothing' if verdict.has is None else listed(verdict.has, verdict.kind)}"


def _too_weak(question: Question, score: float | None, threshold: float | None) -> Iterator[str]:
    if score is None or is_enough(score, threshold):
        return
    if score > 0:
        yield f"its score {score:.3f} is below the threshold {threshold:g}"
    elif question.vector is None:
        yield "it shares no word with the question"
    else:
        yield "it shares no word with the question and is no nearer to it than any text"


def _place(generation: Generation, query: str, chunk_id: str, options: SearchOptions) -> int | None:
    found = search(generation, query, replace(options, top_k=SEARCHED))
    return next((place for place, hit in enumerate(found, 1) if hit.chunk.id == chunk_id), None)
