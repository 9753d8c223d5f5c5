"""Conditions for an external knowledge base: as its contract writes them, and how its answer is checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from knowledge.errors import FilterError
from knowledge.filters import (
    OPERATORS,
    And,
    Condition,
    Filter,
    Not,
    Operator,
    Or,
    matches,
    parse_time,
    positive_of,
    takes_values,
    values_of,
    with_conditions,
    written,
)
from knowledge.types import Scalar

SPELLING: Final[Mapping[Operator, str]] = {
    **{op: op for op in OPERATORS},
    "!=": "≠",
    ">=": "≥",
    "<=": "≤",
    "not-contains": "not contains",
    "starts-with": "start with",
    "ends-with": "end with",
    "is-not": "is not",
    "not-in": "not in",
    "not-empty": "not empty",
}
"""Each operator as the contract spells it."""
ORDERED: Final[frozenset[Operator]] = frozenset({">", "<", ">=", "<=", "before", "after"})
_NEGATION: Final[Mapping[Operator, Operator]] = {
    **{positive: op for op in reversed(OPERATORS) if (positive := positive_of(op))},
    **{op: positive for op in OPERATORS if (positive := positive_of(op))},
}


def metadata_condition(where: Filter | None) -> dict[str, Any] | None:
    """`where` as the contract has it: conditions that all hold, or of which one does; None when there are none.

    Values are sent as text, which every server takes. Raises `FilterError` for what cannot be written so: to send
    less would find more than was asked for.
    """
    if where is None:
        return None
    flat = _flat(_without_not(where))
    parts = flat.parts if isinstance(flat, And | Or) else (flat,)
    conditions = [_written(part) for part in parts if isinstance(part, Condition)]
    if len(conditions) == len(parts) and (conditions or isinstance(flat, And)):
        operator = "or" if isinstance(flat, Or) else "and"
        return {"logical_operator": operator, "conditions": conditions} if conditions else None
    raise FilterError(
        "an external knowledge base takes conditions that all hold, or of which one must hold, never both kinds "
        "together; ask with fewer"
    )


def _without_not(where: Filter) -> Filter:
    match where:
        case And(parts):
            return And(tuple(_without_not(part) for part in parts))
        case Or(parts):
            return Or(tuple(_without_not(part) for part in parts))
        case Not(part):
            return _negated(part)
    return where


def _negated(where: Filter) -> Filter:
    match where:
        case And(parts):
            return Or(tuple(_negated(part) for part in parts))
        case Or(parts):
            return And(tuple(_negated(part) for part in parts))
        case Not(part):
            return _without_not(part)
        case Condition(field, op) if op in _NEGATION:
            return replace(where, op=_NEGATION[op])
        case Condition(field, op):
            raise FilterError(
                f"an external knowledge base cannot be asked for what is not {field!r} {op} …; ask without the not"
            )
    raise TypeError(f"not a filter: {where!r}")


def _flat(where: Filter) -> Filter:
    """Groups of the same kind as one; a group of one is its member."""
    match where:
        case And(parts) | Or(parts):
            kind = type(where)
            members: list[Filter] = []
            for part in map(_flat, parts):
                members += part.parts if isinstance(part, kind) else [part]
            return members[0] if len(members) == 1 else kind(tuple(members))
    return where


def _written(condition: Condition) -> dict[str, Any]:
    if condition.ignore_case:
        raise FilterError(
            "an external knowledge base tells upper and lower case apart; leave ignore_case out"
        )
    named = {"name": condition.field, "comparison_operator": SPELLING[condition.op]}
    values = values_of(condition.value)
    if condition.op in ORDERED and _number(values[0]) is None:
        raise FilterError(
            f"{condition.field!r} {condition.op} needs a number or an ISO 8601 time, {condition.value!r} is neither"
        )
    match takes_values(condition.op):
        case "nothing":
            return named
        case "several":
            return {**named, "value": [_text(value) for value in values]}
    return {**named, "value": _text(values[0])}


def fulfils(where: Filter, metadata: Mapping[str, Any]) -> bool:
    """Whether returned metadata, of no declared types, fulfil `where`: as `knowledge.filters.matches` with the
    values taken for numbers where the operator orders them, and compared as text where not."""
    found: dict[str, Any] = {}

    def typed(condition: Condition) -> Condition:
        """The condition on a field of its own, which holds the values in the type that this operator compares."""
        name = str(len(found))
        have, wanted = scalars(metadata.get(condition.field)), values_of(condition.value)
        if condition.op in ORDERED:
            found[name] = tuple(number for value in have if (number := _number(value)) is not None)
            wanted = tuple(math.nan if (number := _number(value)) is None else number for value in wanted)
        else:
            found[name] = tuple(_text(value) for value in have)
            is_numeric = any(isinstance(value, float) for value in have)
            wanted = tuple(_text(_as_number(value) if is_numeric else value) for value in wanted)
        takes_one = takes_values(condition.op) == "one"
        return replace(condition, field=name, value=wanted[0] if takes_one else wanted)

    return matches(with_conditions(where, typed), found)


def scalars(given: object) -> tuple[Scalar, ...]:
    """The values of a returned field: numbers as floats, truth values as text, nested objects left out."""
    several = given if isinstance(given, list | tuple) else (given,)
    return tuple(value for item in several if (value := _scalar(item)) is not None)


def _scalar(item: object) -> Scalar | None:
    if isinstance(item, bool):
        return str(item).lower()
    if isinstance(item, str):
        return item
    return float(item) if isinstance(item, int | float) and abs(item) < 1e300 else None


def _text(value: Scalar) -> str:
    return value if isinstance(value, str) else written(value)


def _as_number(value: Scalar) -> Scalar:
    number = _number(value)
    return value if number is None else number


def _is_decimal(value: Scalar) -> bool:
    try:
        return math.isfinite(float(value))
    except ValueError:
        return False


def _number(value: Scalar) -> float | None:
    """A number, or the epoch seconds of an ISO 8601 time."""
    if _is_decimal(value):
        return float(value)
    try:
        return parse_time(str(value))
    except (ValueError, OverflowError):
        return None
