"""What a language model is told of metadata: names, types, operators, and some of what the documents hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from knowledge.filters import Condition, operators_of, values_of, with_conditions, written

if TYPE_CHECKING:
    from knowledge.field_summary import FieldSummary
    from knowledge.filters import Filter
    from knowledge.knowledge_base import KnowledgeBase
    from knowledge.types import FieldType, Scalar

MOST_FIELDS: Final = 50
"""So that a base with a field for every whim still fits what a small model reads."""
CHARACTERS: Final = 80
"""Of a text; what is longer is seldom what a question names."""
_WHOLE: Final = frozenset({"=", "!=", "is", "is-not", "in", "not-in"})
"""The operators that compare with all of a value."""


def told_fields(kb: KnowledgeBase, where: Filter | None) -> list[FieldSummary]:
    """The fields that documents fulfilling `where` have; of more than 50 those that most of them have."""
    found = [summary for summary in kb.field_summaries(where) if summary.documents]
    return sorted(found, key=lambda summary: -summary.documents)[:MOST_FIELDS]


def sample(summary: FieldSummary) -> dict[str, Any]:
    """Of one field. Numbers and times are told by their range, long texts by their `beginnings`."""
    told: dict[str, Any] = {
        "name": summary.name,
        "type": summary.type,
        "operators": operators_of(summary.type),
        "different_values": summary.distinct,
    }
    if summary.minimum is not None and summary.maximum is not None:
        return {
            **told,
            "least": _told(summary.minimum, summary.type),
            "most": _told(summary.maximum, summary.type),
        }
    texts = [str(value) for value in summary.examples]
    told["values"] = [text for text in texts if len(text) <= CHARACTERS]
    beginnings = list(dict.fromkeys(_beginning(text) for text in texts if len(text) > CHARACTERS))
    return {**told, "beginnings": beginnings} if beginnings else told


def in_full(where: Filter, summaries: Sequence[FieldSummary]) -> Filter:
    """With the value itself where a condition on all of it names its beginning, and no other value begins so."""
    known = {summary.name: _by_beginning(summary) for summary in summaries}

    def mended(condition: Condition) -> Condition:
        if condition.op not in _WHOLE:
            return condition
        values = known.get(condition.field, {})
        full = tuple(values.get(value, value) for value in values_of(condition.value))
        return replace(condition, value=full if isinstance(condition.value, tuple) else full[0])

    return with_conditions(where, mended)


def _by_beginning(summary: FieldSummary) -> dict[Scalar, str]:
    """The values that are told by their beginnings, but for those that share one."""
    found: dict[Scalar, str] = {}
    shared = set()
    texts = [str(value) for value in summary.examples]
    if texts and len(texts) < summary.distinct:
        shared.add(_beginning(texts[-1]))  # They are in order: the next, which is not told, may begin so too.
    for text in texts:
        if len(text) > CHARACTERS and found.setdefault(_beginning(text), text) != text:
            shared.add(_beginning(text))
    return {beginning: text for beginning, text in found.items() if beginning not in shared}


def _beginning(text: str) -> str:
    return text[:CHARACTERS].rstrip()


def _told(number: float, kind: FieldType) -> str | float:
    if kind == "number":
        return int(number) if float(number).is_integer() else number
    try:
        return datetime.fromtimestamp(number, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return written(number)
