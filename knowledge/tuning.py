"""Settings of a knowledge base chosen by labelled questions: on one half of them, checked on the other.

Stages follow one another, each with what turned out better before: the ranking (mode, fusion, vector weight), the
pool of the reranker where the base has one, the threshold where there are questions that nothing answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Final, cast

from knowledge.comparison import Comparison, compare
from knowledge.errors import InputError
from knowledge.evaluation import DEPTH, Labelled, mean
from knowledge.evaluation_run import ranked
from knowledge.measures import by_query
from knowledge.searching import MODES

if TYPE_CHECKING:
    from knowledge.knowledge_base import KnowledgeBase
    from knowledge.search_options import Searched

Settings = Mapping[str, Any]
Values = Mapping[str, float]
"""Query id → value of a measure."""

FEWEST: Final = 12
"""Questions with an answer: of fewer than six pairs no randomisation test is below .05."""
RANKING_MEASURE: Final = "ndcg@10"
THRESHOLD_MEASURE: Final = "right"
"""1 when the hits shown hold a relevant document, or, for a question that nothing answers, when there are none."""
WEIGHTS: Final = tuple(tenths / 10 for tenths in range(1, 10))
POOLS: Final = (10, 20, 50, 100)
THRESHOLDS: Final = tuple(twentieths / 20 for twentieths in range(20))
_TUNED: Final = ("mode", "fusion", "vector_weight", "threshold", "rerank", "rerank_pool")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Settings, those that differ from what is in force, and their mean on the half that chooses."""

    settings: Settings
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What one stage found. `chosen` is the best candidate; the first is what is in force."""

    stage: str
    measure: str
    candidates: Sequence[Candidate]
    chosen: Candidate
    held_out: Comparison
    """Of the other half: a is what is in force, b what was chosen."""
    margin: float | None

    @property
    def is_better(self) -> bool:
        """On the held-out half: by the margin, or without one by the paired test."""
        if not self.chosen.settings or self.held_out.difference <= 0:
            return False
        if self.margin is not None:
            return self.held_out.difference >= self.margin
        return self.held_out.is_significant


@dataclass(frozen=True, slots=True, kw_only=True)
class Halves:
    """The questions with an answer, and those without, each divided in two."""

    tuning: Labelled
    held_out: Labelled


Measure = Callable[[Labelled, Settings], Values]
"""The value of every question of a half when settings are in force."""


def tune(
    kb: KnowledgeBase, labelled: Labelled, *, margin: float | None = None, seed: int = 0
) -> list[Choice]:
    """What each stage chose; nothing is changed. `changes` makes settings of it.

    The same questions, seed and documents give the same choices. Ties go to what is in force, then to the candidate
    that comes first. Raises `InputError` for fewer than 12 questions with an answer, and when none of the relevant
    documents is in the knowledge base; `RerankError` when its reranker fails.
    """
    _check(kb, labelled)
    split = halves(labelled, seed)
    present = _in_force(kb)
    choices: list[Choice] = []
    with kb.without_history():
        for stage, candidates, measure in (
            ("ranking", _rankings, _ranking_measured),
            ("reranking", _pools, _ranking_measured),
            ("threshold", _thresholds, _threshold_measured),
        ):
            others = candidates(kb, present, split.held_out)
            if others:
                choice = _choose(stage, split, present, others, measure(kb, present), margin)
                choices.append(choice)
                present = {**present, **(choice.chosen.settings if choice.is_better else {})}
    return choices


def changes(choices: Sequence[Choice]) -> dict[str, Any]:
    """The settings that turned out better."""
    return {
        name: value
        for choice in choices
        if choice.is_better
        for name, value in choice.chosen.settings.items()
    }


def halves(labelled: Labelled, seed: int) -> Halves:
    """A random half of the questions, and the rest."""
    asked, unanswerable = (_divided(of, seed) for of in (labelled.queries, labelled.unanswerable))
    tuning, held_out = (
        Labelled(
            name=labelled.name,
            corpus=(),
            queries=queries,
            qrels={query: labelled.qrels[query] for query in queries},
            unanswerable=nothing,
        )
        for queries, nothing in zip(asked, unanswerable, strict=True)
    )
    return Halves(tuning=tuning, held_out=held_out)


def _divided(queries: Mapping[str, str], seed: int) -> tuple[dict[str, str], dict[str, str]]:
    first = set(Random(seed).sample(sorted(queries), len(queries) // 2))
    parts: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for query, text in queries.items():
        parts[query not in first][query] = text
    return parts


def _check(kb: KnowledgeBase, labelled: Labelled) -> None:
    if kb.is_external:
        raise InputError(f"{kb.name!r} is searched at another server, which decides how; tune it there")
    if len(labelled.queries) < FEWEST:
        raise InputError(
            f"{len(labelled.queries)} questions have a relevant document; at least {FEWEST} are needed, of fewer "
            "no half can show a difference"
        )
    keys = {record.key for record in kb.documents()}
    wanted = [document for query in labelled.queries for document in labelled.qrels[query]]
    if keys.isdisjoint(wanted):
        raise InputError(
            f"{kb.name!r} has none of the relevant documents, such as {wanted[0]!r}; the qrels name documents by "
            f"their keys, which `knowledge docs {kb.name}` shows"
        )


def _in_force(kb: KnowledgeBase) -> dict[str, Any]:
    settings = {name: kb.settings[name] for name in _TUNED}
    mode = settings["mode"] or MODES[kb.record.indexing][0]
    return {**settings, "mode": mode, "threshold": settings["threshold"] or 0.0}


def _rankings(kb: KnowledgeBase, present: Settings, _: Labelled) -> list[Settings]:
    """Other ways to rank; ranks have no threshold, so a base with one is not given any."""
    if kb.record.indexing == "economy":
        return []
    weighted = {"mode": "hybrid", "fusion": "weighted"}
    by_ranks = [] if present["threshold"] else [{"mode": "hybrid", "fusion": "rrf"}]
    return [
        {"mode": "full-text"},
        {"mode": "vector"},
        *by_ranks,
        *({**weighted, "vector_weight": weight} for weight in WEIGHTS),
    ]


def _pools(_: KnowledgeBase, present: Settings, __: Labelled) -> list[Settings]:
    return [{"rerank": "none"}, *({"rerank_pool": pool} for pool in POOLS)] if _reranks(present) else []


def _thresholds(_: KnowledgeBase, present: Settings, held_out: Labelled) -> list[Settings]:
    """Where every question has an answer a threshold can only lose: none is tried."""
    by_ranks = present["mode"] == "hybrid" and present["fusion"] == "rrf" and not _reranks(present)
    if by_ranks or not held_out.unanswerable:
        return []
    return [{"threshold": threshold} for threshold in THRESHOLDS]


def _choose(
    stage: str,
    split: Halves,
    present: Settings,
    others: Sequence[Settings],
    measure: Measure,
    margin: float | None,
) -> Choice:
    different = [{name: value for name, value in one.items() if present[name] != value} for one in others]
    tried = [{}, *(settings for settings in different if settings)]
    candidates = [
        Candidate(settings=one, value=mean(measure(split.tuning, {**present, **one}))) for one in tried
    ]
    chosen = max(candidates, key=lambda candidate: round(candidate.value, 9))
    before = measure(split.held_out, present)
    after = measure(split.held_out, {**present, **chosen.settings}) if chosen.settings else before
    name = THRESHOLD_MEASURE if stage == "threshold" else RANKING_MEASURE
    return Choice(
        stage=stage,
        measure=name,
        candidates=candidates,
        chosen=chosen,
        held_out=compare(name, before, after),
        margin=margin,
    )


def _ranking_measured(kb: KnowledgeBase, _: Settings) -> Measure:
    def measured(half: Labelled, settings: Settings) -> Values:
        options = {**settings, "threshold": 0.0, "top_k": DEPTH}
        found = {query: list(_asked(kb, text, options)) for query, text in half.queries.items()}
        return by_query(RANKING_MEASURE, found, half.qrels)

    return measured


def _threshold_measured(kb: KnowledgeBase, present: Settings) -> Measure:
    """Asks each question once: a threshold only leaves hits out."""
    options = {**present, "threshold": 0.0, "top_k": kb.settings["top_k"]}
    found: dict[str, dict[str, float]] = {}

    def measured(half: Labelled, settings: Settings) -> Values:
        for query, text in {**half.queries, **half.unanswerable}.items():
            if query not in found:
                found[query] = _asked(kb, text, options)
        return {
            query: is_right(found[query], half.qrels.get(query, {}), settings["threshold"])
            for query in (*half.queries, *half.unanswerable)
        }

    return measured


def _asked(kb: KnowledgeBase, query: str, options: Settings) -> dict[str, float]:
    return ranked(kb, query, **cast("Searched", options))


def _reranks(settings: Settings) -> bool:
    return settings["rerank"] not in (None, "none", "off")


def is_right(scores: Mapping[str, float], grades: Mapping[str, float], threshold: float) -> float:
    """1.0 when the documents that score at least `threshold` hold a relevant one, or are none where `grades` are."""
    shown = {document for document, score in scores.items() if score >= threshold}
    return float(not shown.isdisjoint(grades) if grades else not shown)
