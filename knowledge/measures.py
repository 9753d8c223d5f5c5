"""How good a ranking is: one number for the documents that a question found and those that it should find."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from knowledge.errors import InputError

Qrels = Mapping[str, Mapping[str, float]]
"""Query id → document id → grade above 0."""
Rankings = Mapping[str, Sequence[str]]
"""Query id → document ids, best first, without repetition."""


def ndcg(found: Sequence[str], grades: Mapping[str, float], k: int) -> float:
    """Discounted gain over the ideal one; gain is the grade, discount log2(rank + 1) (Järvelin & Kekäläinen,
    TOIS 2002, as in trec_eval)."""
    gained = sum(grades.get(id_, 0.0) / math.log2(rank + 1) for rank, id_ in enumerate(found[:k], 1))
    ideal = sorted(grades.values(), reverse=True)[:k]
    return gained / sum(grade / math.log2(rank + 1) for rank, grade in enumerate(ideal, 1))


def recall(found: Sequence[str], grades: Mapping[str, float], k: int) -> float:
    """Share of the relevant documents among the first k."""
    return len(grades.keys() & set(found[:k])) / len(grades)


def mrr(found: Sequence[str], grades: Mapping[str, float], k: int = 10) -> float:
    """One over the rank of the first relevant document, 0 when it is not among the first k."""
    return next((1 / rank for rank, id_ in enumerate(found[:k], 1) if id_ in grades), 0.0)


MEASURES: Final[Mapping[str, Callable[[Sequence[str], Mapping[str, float]], float]]] = {
    "ndcg@10": partial(ndcg, k=10),
    "recall@10": partial(recall, k=10),
    "recall@100": partial(recall, k=100),
    "mrr@10": partial(mrr, k=10),
}
"""Those that need nothing installed; every other is one of ir_measures."""


def check_measure(name: str) -> None:
    """Raises `InputError` for a measure that there is not, `MissingDependency` without ir_measures."""
    if name not in MEASURES:
        _parsed(name)


def by_query(measure: str, found: Rankings, qrels: Qrels) -> dict[str, float]:
    """The measure of every query of `qrels`; one that `found` lacks has found nothing.

    `measure` is a name of `MEASURES` or one of ir_measures, such as `AP`, `P@5` or `nDCG(dcg='exp-log2')@10`. Raises
    as `check_measure` does, and `InputError` for grades that ir_measures does not take.
    """
    if measure in MEASURES:
        of = MEASURES[measure]
        return {query: of(found.get(query, ()), grades) for query, grades in qrels.items()}
    return _by_ir_measures(measure, found, qrels)


def _by_ir_measures(name: str, found: Rankings, qrels: Qrels) -> dict[str, float]:
    """The ranks stand in for scores: of equal scores trec_eval would choose an order of its own."""
    measure = _parsed(name)
    grades = {query: {id_: _whole(grade) for id_, grade in of.items()} for query, of in qrels.items()}
    run = {query: {id_: -float(rank) for rank, id_ in enumerate(found.get(query, ()))} for query in qrels}
    values = {result.query_id: float(result.value) for result in measure.iter_calc(grades, run)}
    return {query: values.get(query, 0.0) for query in qrels}


def _parsed(name: str) -> Any:
    from knowledge.registry import is_installed, missing

    if not is_installed("eval"):
        raise missing("eval", f"the measure {name!r} (without it there are {', '.join(MEASURES)})")
    import ir_measures

    try:
        return ir_measures.parse_measure(name)
    except (NameError, ValueError, SyntaxError) as error:
        raise InputError(
            f"unknown measure {name!r} ({error}); allowed: {', '.join(MEASURES)}, or one of ir_measures such as "
            "AP or P@5"
        ) from None


def _whole(grade: float) -> int:
    if grade != int(grade):
        raise InputError(f"the grade {grade:g} is not whole; use {', '.join(MEASURES)}, or whole grades")
    return int(grade)
