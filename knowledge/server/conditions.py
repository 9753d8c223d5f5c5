"""Conditions on metadata as Dify sends them."""

from __future__ import annotations

from typing import Final

from knowledge.errors import FilterError
from knowledge.filters import (
    And,
    Condition,
    Filter,
    Or,
    operator_named,
    takes_values,
)
from knowledge.query import parse_list
from knowledge.server.messages import MetadataCondition, NamedCondition
from knowledge.types import Scalar, Value

MOST_CONDITIONS: Final = 100
"""Each costs a look at the index, and some one at the database."""


def filter_of(given: MetadataCondition | None) -> Filter | None:
    """The filter that a request asks for; None when it asks for none. Raises `FilterError`."""
    if given is None or not given.conditions:
        return None
    asked = [_conditions(condition) for condition in given.conditions]
    count = sum(map(len, asked))
    if count > MOST_CONDITIONS:
        raise FilterError(f"the request has {count} conditions; allowed: {MOST_CONDITIONS}")
    # With several names a condition holds when it does for any of these fields.
    parts = tuple(conditions[0] if len(conditions) == 1 else Or(conditions) for conditions in asked)
    return Or(parts) if given.logical_operator == "or" else And(parts)


def _conditions(given: NamedCondition) -> tuple[Condition, ...]:
    """One for each field that it names."""
    op = operator_named(given.comparison_operator)
    names = [given.name] if isinstance(given.name, str) else given.name
    return tuple(Condition(name, op, _value(name, given)) for name in names)


def _value(name: str, given: NamedCondition) -> Value:
    op = operator_named(given.comparison_operator)
    takes = takes_values(op)
    value: Scalar | list[Scalar] | None = given.value
    if takes == "nothing":
        return ()
    if value is None:
        # Dify leaves such a condition out, and then everything passes.
        raise FilterError(f"{name!r} {op} needs a value; give one, or use empty or not-empty")
    if takes == "several":
        return parse_list(value) if isinstance(value, str) else _several(value)
    several = _several(value)
    return several[0] if len(several) == 1 else several


def _several(value: Scalar | list[Scalar]) -> tuple[Scalar, ...]:
    return tuple(value) if isinstance(value, list) else (value,)
