"""Conditions on document metadata, and `matches`: the meaning that every index must agree with.

Missing and null are the same. A field with several values fulfils a condition when any value does; `!=` is
the exact complement of `=`, so a document without the field fulfils it.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal, get_args

from knowledge.errors import FilterError
from knowledge.types import FieldType, Scalar, Value

Operator = Literal["=", "!=", ">", "<", ">=", "<=", "contains", "is", "in"]
OPERATORS: tuple[Operator, ...] = get_args(Operator)


class Filter:
    """A condition, or conditions joined with `&`, `|` and `~`."""

    __slots__ = ()

    def __and__(self, other: Filter) -> Filter:
        return And((self, other))

    def __or__(self, other: Filter) -> Filter:
        return Or((self, other))

    def __invert__(self) -> Filter:
        return Not(self)

    def __bool__(self) -> bool:
        raise FilterError("`and`, `or` and `not` cannot join conditions; join them with & | ~")


@dataclass(frozen=True, slots=True)
class Condition(Filter):
    field: str
    op: Operator
    value: Value

    def __post_init__(self) -> None:
        if self.op not in OPERATORS:
            raise FilterError(f"unknown operator {self.op!r}; allowed: {' '.join(OPERATORS)}")


@dataclass(frozen=True, slots=True)
class And(Filter):
    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or(Filter):
    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not(Filter):
    part: Filter


def matches(where: Filter, metadata: Mapping[str, Value]) -> bool:
    """Whether a document with this metadata fulfils `where`. The reference for every index."""
    match where:
        case And(parts):
            return all(matches(part, metadata) for part in parts)
        case Or(parts):
            return any(matches(part, metadata) for part in parts)
        case Not(part):
            return not matches(part, metadata)
        case Condition(field, "!=", value):
            return not matches(Condition(field, "=", value), metadata)
        case Condition(field, op, value):
            return any(_holds(op, have, value) for have in values_of(metadata.get(field)))
    raise TypeError(f"not a filter: {where!r}")


def values_of(value: Value | None) -> tuple[Scalar, ...]:
    """The values of a field: none when it is missing or null, several when it is a list."""
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


_COMPARE: dict[str, Callable[[Scalar, Scalar], bool]] = {
    "=": operator.eq,
    "is": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "contains": lambda have, part: str(part) in str(have),
}


def _holds(op: Operator, have: Scalar, value: Value) -> bool:
    if op == "in":
        return have in values_of(value)
    return all(_COMPARE[op](have, wanted) for wanted in values_of(value))


def check(where: Filter, fields: Mapping[str, FieldType]) -> Filter:
    """`where` with every value in its field's type: numbers and times as floats, the rest as strings.

    Raises `FilterError` for an unknown field, an operator that the type does not have, or a misfit value.
    """
    match where:
        case And(parts):
            return And(tuple(check(part, fields) for part in parts))
        case Or(parts):
            return Or(tuple(check(part, fields) for part in parts))
        case Not(part):
            return Not(check(part, fields))
        case Condition():
            return _check_condition(where, fields)
    raise TypeError(f"not a filter: {where!r}")


def _check_condition(condition: Condition, fields: Mapping[str, FieldType]) -> Condition:
    kind = fields.get(condition.field)
    if kind is None:
        known = ", ".join(sorted(fields)) or "none yet; give some with --metadata NAME=VALUE"
        raise FilterError(f"unknown metadata field {condition.field!r}; this knowledge base has: {known}")
    if kind == "string" and condition.op in (">", "<", ">=", "<="):
        raise FilterError(
            f"{condition.field!r} is a string field and has no order; allowed: = != is contains"
        )
    if kind != "string" and condition.op == "contains":
        raise FilterError(f"{condition.field!r} is a {kind} field; allowed: = != > < >= <= is")
    wanted = values_of(condition.value)
    if len(wanted) != 1 and condition.op != "in":
        raise FilterError(f"{condition.op!r} compares with one value, {wanted!r} was given")
    typed = tuple(coerce(condition.field, kind, value) for value in wanted)
    return replace(condition, value=typed if condition.op == "in" else typed[0])


def coerce(field: str, kind: FieldType, value: Scalar) -> Scalar:
    """`value` as a field of this type stores it. Raises `FilterError` naming both when it does not fit."""
    if kind == "string":
        return value if isinstance(value, str) else written(value)
    try:
        number = parse_time(value) if kind == "time" and isinstance(value, str) else float(value)
        if not math.isfinite(number):
            raise ValueError(value)
        return number
    except (ValueError, OverflowError):
        expected = "a number" if kind == "number" else "an ISO 8601 time or epoch seconds"
        raise FilterError(f"field {field!r} holds {kind} values, {value!r} is not {expected}") from None


def written(number: float) -> str:
    """A number as people write it: `2024`, `0.5`."""
    return str(int(number)) if float(number).is_integer() else repr(float(number))


def parse_time(text: str) -> float:
    """Epoch seconds of an ISO 8601 date or time; without an offset it is UTC. Raises `ValueError`."""
    moment = datetime.fromisoformat(text.strip())
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
