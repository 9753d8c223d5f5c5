"""Conditions as a person reads them: `year >= 2024`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime

from knowledge.filters import And, Condition, Filter, Not, Or, written
from knowledge.types import FieldType, Scalar, Value


def written_filter(where: Filter, kinds: Mapping[str, FieldType]) -> str:
    """Conditions joined by and, or and not, with parentheses where one joins others."""
    match where:
        case And(parts) | Or(parts):
            join = " and " if isinstance(where, And) else " or "
            return join.join(_part(part, kinds) for part in parts)
        case Not(part):
            return f"not {_part(part, kinds)}"
        case Condition():
            return written_condition(where, kinds.get(where.field, "string"))
    raise TypeError(f"not a filter: {where!r}")


def _part(where: Filter, kinds: Mapping[str, FieldType]) -> str:
    text = written_filter(where, kinds)
    return text if isinstance(where, Condition) else f"({text})"


def written_condition(condition: Condition, kind: FieldType) -> str:
    return f"{condition.field} {condition.op} {listed(condition.value, kind)}".strip()


def listed(value: Value, kind: FieldType) -> str:
    """The values of a field, times as ISO 8601."""
    return ", ".join(_scalar(item, kind) for item in (value if isinstance(value, tuple) else (value,)))


def _scalar(value: Scalar, kind: FieldType) -> str:
    if isinstance(value, str):
        return value
    if kind == "time":
        # A number of seconds that no calendar has, such as one of milliseconds, is shown as it is.
        with suppress(ValueError, OverflowError, OSError):
            return datetime.fromtimestamp(value, UTC).isoformat()
    return written(value)
