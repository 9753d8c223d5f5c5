"""What is answered: how many records, which scores, and the shape of a record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from knowledge.conformance.probe import NotApplicable, Point, Probe, Record, require


def identity(record: Record) -> tuple[str, str]:
    """What tells records apart."""
    return str(record.get("title")), str(record.get("content"))


def _scores(records: Sequence[Record]) -> list[float]:
    """Scores that are numbers; the others are another point's concern."""
    scores = [record.get("score") for record in records]
    return [float(score) for score in scores if isinstance(score, int | float)]


def top_k(probe: Probe) -> str:
    found = len(probe.sample)
    for limit in sorted({1, 2, max(1, found - 1)}):
        count = len(probe.records(top_k=limit))
        require(count <= limit, f"{count} records for top_k {limit}")
        require(count, f"no record for top_k {limit}, {found} for a greater one")
    return f"at most as many as asked for ({found} found)"


def top_k_null(probe: Probe) -> str:
    return f"200, {len(probe.records(top_k=None))} records"


def threshold_zero(probe: Probe) -> str:
    return f"200, {len(probe.sample)} records"


def threshold_null(probe: Probe) -> str:
    return f"200, {len(probe.records(score_threshold=None))} records"


def threshold(probe: Probe) -> str:
    scores = sorted(_scores(probe.sample))
    if not scores:
        raise NotApplicable("no record has a score")
    # As JSON carries it: what the server says of a record must hold as a threshold for it.
    middle = scores[len(scores) // 2]
    for least in (middle, 1.0):
        given = _scores(probe.records(score_threshold=least))
        low = [score for score in given if score < least]
        require(not low, f"a score of {min(low, default=0)} for the threshold {least}")
        expected = sum(score >= least for score in scores)
        require(
            len(given) >= expected, f"{len(given)} records for the threshold {least}, {expected} reach it"
        )
    return f"obeyed at {middle} and 1.0"


def _each(text: str, is_right: Callable[[Any], bool], field: str) -> Callable[[Probe], str]:
    def check(probe: Probe) -> str:
        wrong = [record.get(field) for record in probe.sample if not is_right(record.get(field))]
        require(not wrong, f"{field} is {str(wrong[:1])[1:-1][:100]} in {len(wrong)} of {len(probe.sample)}")
        return f"{text} in {len(probe.sample)} records"

    return check


def _is_score(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def order(probe: Probe) -> str:
    scores = _scores(probe.sample)
    require(scores == sorted(scores, reverse=True), f"scores {scores[:10]}")
    return "highest score first"


def repeated(probe: Probe) -> str:
    again = probe.records()
    require(
        list(map(identity, again)) == list(map(identity, probe.sample)), "the same question, other records"
    )
    return "the same records"


POINTS: Final = (
    Point(name="top_k: obeyed", demand="at most top_k records", check=top_k),
    Point(name="top_k: null", demand="a null top_k is accepted", check=top_k_null),
    Point(name="threshold: 0.0", demand="0.0 means no threshold", check=threshold_zero),
    Point(name="threshold: null", demand="a null score_threshold is accepted", check=threshold_null),
    Point(name="threshold: obeyed", demand="no record under score_threshold", check=threshold),
    Point(
        name="record: content",
        demand="content is a text that is not empty",
        check=_each("a text", _is_text, "content"),
    ),
    Point(
        name="record: title",
        demand="title is a text that is not empty",
        check=_each("a text", _is_text, "title"),
    ),
    Point(
        name="record: score",
        demand="score is a number from 0 to 1",
        check=_each("0 to 1", _is_score, "score"),
    ),
    Point(
        name="record: metadata",
        demand="metadata is an object, never null",
        check=_each("an object", lambda value: isinstance(value, dict), "metadata"),
    ),
    Point(name="records: order", demand="the highest score stands first", check=order),
    Point(name="records: repeated", demand="the same question finds the same", check=repeated),
)
