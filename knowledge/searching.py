"""A question to a knowledge base: analysed and embedded, ranked by the index, checked against SQL."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from indexers.background import background_weights
from knowledge import catalog
from knowledge.catalog import BaseRecord
from knowledge.errors import EmbeddingError, InputError, ModeError
from knowledge.filters import Condition, Filter, check, matches, positive_of, with_conditions
from knowledge.generations import Generation
from knowledge.parents import answering_children, collapsed, parents_of_base
from knowledge.passages import Passage, live_passages
from knowledge.queries import says_something
from knowledge.search_options import SearchOptions
from knowledge.types import (
    ChildHit,
    Hit,
    Hits,
    Indexing,
    KnowledgeBaseRef,
    Mode,
)
from retrieval.fusion import Fused
from retrieval.scoring import DEFAULT_FLOOR, is_enough, shown
from retrieval.search import Question, rank

if TYPE_CHECKING:
    from knowledge.protocols import Embedder
    from knowledge.types import Vector

MODES: Final[Mapping[Indexing, tuple[Mode, ...]]] = {
    "economy": ("keyword",),
    "high_quality": ("hybrid", "vector", "full-text"),
    "external": ("external",),
}
"""The modes of each kind of index, its default first."""

DEEPER: Final = 4
NOTHING: Final = "the query holds nothing to search for"


def search(generation: Generation, query: str, options: SearchOptions) -> Hits:
    """The best `top_k` passages, best first; ties in order of document key, then position.

    Of passages with children, these are what is searched. Every hit is live, fulfils `where` and scores at least
    `threshold`; the hits of a smaller `top_k` are the first of a larger one. Raises `ModeError`, `FilterError`, and
    `InputError` for a threshold on ranks.
    """
    started = time.perf_counter()
    mode = check_mode(generation.base, options.mode)
    question, where, warnings = prepared(generation, query, options)
    hits = _collect(generation, question, options.top_k, options.threshold, where)
    uses_vectors = question.vector is not None
    by_ranks = uses_vectors and mode == "hybrid" and options.fusion == "rrf"
    is_measured = not uses_vectors or bool(generation.stored_signature["floors"])
    calibrated = is_measured and not by_ranks and not (uses_vectors and _is_foreign(generation, query))
    if not is_measured and options.threshold is not None:
        warnings.append(
            f"the embedding {generation.base.embedding!r} was never measured on unrelated texts: its scores, and so "
            "this threshold, are not comparable with those of other models"
        )
    return Hits(
        query,
        mode,
        tuple(hits),
        calibrated,
        tuple(warnings),
        time.perf_counter() - started,
        "rank" if by_ranks else "absolute",
    )


def prepared(
    generation: Generation, query: str, options: SearchOptions
) -> tuple[Question, Filter | None, list[str]]:
    """What the index is asked, the filter that decides what is shown, and warnings. Raises as `search` does."""
    mode = check_threshold(generation.base, options)
    where, pushed_down = _prepare_filter(generation, options.where)
    question, warnings = _question(generation, query, mode, replace(options, where=pushed_down))
    return question, where, warnings


def check_threshold(base: BaseRecord, options: SearchOptions) -> Mode:
    """The mode of a search. Raises `InputError` where its threshold is on ranks, and `ModeError`."""
    mode = check_mode(base, options.mode)
    if mode == "hybrid" and options.fusion == "rrf" and options.threshold:
        raise InputError(
            f"rrf scores are ranks, about which a threshold of {options.threshold:g} says nothing; leave it out or "
            "use the weighted fusion"
        )
    return mode


def check_mode(base: BaseRecord, mode: Mode | None) -> Mode:
    """The mode asked for, or the default one. Raises `ModeError` naming those that the base has."""
    allowed = MODES[base.indexing]
    if mode is not None and mode not in allowed:
        raise ModeError(
            f"knowledge base {base.name!r} ({base.indexing}) has no {mode} search; "
            f"it has: {', '.join(allowed)}"
        )
    return mode or allowed[0]


def _prepare_filter(
    generation: Generation, where: Filter | None
) -> tuple[Filter, Filter] | tuple[None, None]:
    """`where` with checked types, which decides, and as the index can decide it: looking inside strings and ignoring
    case are resolved to the values of the moment, and a document may bring a new one before the search is done."""
    if where is None:
        return None, None
    with generation.store.read() as connection:
        checked = check(where, catalog.fields(connection, generation.base))
        resolve = partial(_resolve, connection, generation.base.id)
        return checked, with_conditions(checked, resolve)


def _resolve(connection: sa.Connection, base_id: str, condition: Condition) -> Condition:
    positive = positive_of(condition.op)
    looked_for = replace(condition, op=positive or condition.op)
    if not looked_for.ignore_case and looked_for.op not in ("contains", "starts-with", "ends-with"):
        return condition
    found = catalog.values_that(connection, base_id, looked_for)
    return Condition(condition.field, "not-in" if positive else "in", found)


def _question(
    generation: Generation, query: str, mode: Mode, options: SearchOptions
) -> tuple[Question, list[str]]:
    if not says_something(query):
        return Question(mode="full-text", where=options.where), [NOTHING]
    warnings: list[str] = []
    words, bigrams = ({}, {}) if mode == "vector" else generation.analyzer.query_terms(query)
    question = Question(
        mode=mode,
        words=words,
        bigrams=bigrams,
        background=background_weights({**words, **bigrams}),
        vector_weight=options.vector_weight,
        fusion=options.fusion,
        where=options.where,
    )
    if mode in ("vector", "hybrid") and generation.embedder is not None:
        known = options.vectors.get(query)
        question = _with_vector(generation, generation.embedder, query, known, question, warnings)
    if not words and not bigrams:
        if question.vector is None:
            warnings.append(NOTHING)
        elif mode == "hybrid":
            warnings.append("the query has no words to look for; vectors alone decide")
    return question, warnings


def is_embedded(generation: Generation, query: str, options: SearchOptions) -> bool:
    """Whether a search of this question needs its vector."""
    mode = check_mode(generation.base, options.mode)
    if mode not in ("vector", "hybrid") or generation.embedder is None or not says_something(query):
        return False
    return mode == "vector" or (options.vector_weight > 0 and not _is_foreign(generation, query))


def _with_vector(
    generation: Generation,
    embedder: Embedder,
    query: str,
    known: Vector | EmbeddingError | None,
    question: Question,
    warnings: list[str],
) -> Question:
    """Adds the query's vector, the one that is `known` already or a new one, unless it would weigh nothing."""
    from indexers.scripts import dominant_script

    script = dominant_script(query)
    is_foreign = _is_foreign(generation, query)
    if is_foreign:
        consequence = "the results are poor" if question.mode == "vector" else "full text alone decides"
        warnings.append(
            f"the embedding model {generation.base.embedding!r} was not trained for the script of this query "
            f"({script}): {consequence}"
        )
    weight = 0.0 if is_foreign else question.vector_weight
    if question.mode == "hybrid" and weight == 0:
        return question
    generation.check_embedder()
    floors: Mapping[str, float] = generation.stored_signature["floors"]
    floor = floors.get(script, max(floors.values(), default=DEFAULT_FLOOR))
    if isinstance(known, EmbeddingError):
        raise known
    vector = embedder.embed_query(query) if known is None else known
    return replace(question, vector=vector, floor=floor, vector_weight=weight)


def _is_foreign(generation: Generation, query: str) -> bool:
    """Whether the embedding model was not trained for the script of this query: its scores then say little."""
    from indexers.scripts import dominant_script

    scripts = generation.embedder.scripts if generation.embedder else None
    return scripts is not None and dominant_script(query) not in {*scripts, "other"}


def _collect(
    generation: Generation, question: Question, top_k: int, threshold: float | None, where: Filter | None
) -> list[Hit]:
    """Reads the ranking deeper until `top_k` of its points, or of their parents, may be shown, or it ends."""
    parents_of = parents_of_base(generation)
    wanted = top_k
    while True:
        ranking = rank(generation.index, question, wanted, parents_of)
        # How many children make enough parents is not known: all that are certain are looked at.
        candidates = ranking.points if parents_of else _up_to(ranking.points, wanted)
        enough = [point for point in candidates if is_enough(point.score, threshold)]
        all_shown = collapsed(enough, parents_of) if parents_of else enough
        first = _up_to(all_shown, wanted)
        found = _live(generation, first, where)
        everything = ranking.complete and len(candidates) == len(ranking.points)
        is_end = (everything or len(enough) < len(candidates)) and len(first) == len(all_shown)
        if len(found) >= top_k or is_end:
            best = found[:top_k]
            points = [point for point, _ in best]
            children = (
                answering_children(generation, question, ranking, points, threshold) if parents_of else {}
            )
            base = KnowledgeBaseRef(id=generation.base.id, name=generation.base.name)
            return [_hit(base, row, children.get(row[0].id, ())) for row in best]
        wanted *= DEEPER


def _up_to(points: Sequence[Fused], wanted: int) -> Sequence[Fused]:
    """The best `wanted` points and those that tie with the last of them."""
    if len(points) <= wanted:
        return points
    last = points[wanted - 1].score
    return [point for point in points if point.score >= last]


_Row = tuple[Fused, Passage]


def _live(generation: Generation, candidates: Sequence[Fused], where: Filter | None) -> list[_Row]:
    """The candidates that may be shown, best first, ties in order of document key and position."""
    points = [point.id for point in candidates]
    with generation.store.read() as connection:
        stored = live_passages(connection, points, generation.base.has_built_in_fields)
    rows = [(point, stored[point.id]) for point in candidates if point.id in stored]
    if where is not None:
        rows = [row for row in rows if matches(where, row[1].document.metadata)]
    rows.sort(key=lambda row: (-row[0].score, row[1].document.key, row[1].chunk.position))
    return rows


def _hit(base: KnowledgeBaseRef, row: _Row, children: tuple[ChildHit, ...]) -> Hit:
    point, passage = row
    return Hit(
        score=shown(point.score),
        content=passage.content,
        context=passage.context,
        knowledge_base=base,
        document=passage.document,
        chunk=passage.chunk,
        locator=passage.locator,
        children=children,
        answer=passage.answer,
    )
