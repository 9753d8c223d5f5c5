"""Conditions on document metadata, and `matches`: the meaning that every index must agree with.

Missing and null are the same. A field with several values fulfils a condition when any value does; a negation
is the exact complement of its positive, so a document without the field fulfils `!=`, `is-not`,
`not-contains` and `not-in`. Text is compared as it stands, upper and lower case told apart, unless a condition
ignores case: then both sides are compared as `str.casefold` writes them, numbers as ever.
"""

from __future__ import annotations

import math
import operator
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Literal, get_args

from knowledge.errors import FilterError
from knowledge.types import FieldType, Scalar, Value

Operator = Literal[
    "=", "!=", ">", "<", ">=", "<=",
    "contains", "not-contains", "starts-with", "ends-with",
    "is", "is-not", "in", "not-in",
    "before", "after", "empty", "not-empty",
]  # fmt: skip
OPERATORS: Final[tuple[Operator, ...]] = get_args(Operator)

_ALL: Final[frozenset[FieldType]] = frozenset({"string", "number", "time"})
_TEXT: Final[frozenset[FieldType]] = frozenset({"string"})
_ORDERED: Final[frozenset[FieldType]] = frozenset({"number", "time"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """Which fields have an operator, how many values it takes, and when it holds.

    It holds when `test(value of the field, wanted value)` does for any pair, without a test when the field has
    any value, and as a negation where the operator that it `negates` does not.
    """

    types: frozenset[FieldType] = _ALL
    takes: Literal["nothing", "one", "several"] = "one"
    test: Callable[[Scalar, Scalar], bool] | None = None
    negates: Operator | None = None


_RULES: Final[Mapping[Operator, _Rule]] = {
    "=": _Rule(test=operator.eq),
    "!=": _Rule(negates="="),
    ">": _Rule(types=_ORDERED, test=operator.gt),
    "<": _Rule(types=_ORDERED, test=operator.lt),
    ">=": _Rule(types=_ORDERED, test=operator.ge),
    "<=": _Rule(types=_ORDERED, test=operator.le),
    "contains": _Rule(types=_TEXT, test=lambda have, part: str(part) in str(have)),
    "not-contains": _Rule(types=_TEXT, negates="contains"),
    "starts-with": _Rule(types=_TEXT, test=lambda have, part: str(have).startswith(str(part))),
    "ends-with": _Rule(types=_TEXT, test=lambda have, part: str(have).endswith(str(part))),
    "is": _Rule(test=operator.eq),
    "is-not": _Rule(negates="is"),
    "in": _Rule(takes="several", test=operator.eq),
    "not-in": _Rule(takes="several", negates="in"),
    # For numbers too: a moment may have been stored as a number, epoch seconds.
    "before": _Rule(types=_ORDERED, test=operator.lt),
    "after": _Rule(types=_ORDERED, test=operator.gt),
    "empty": _Rule(takes="nothing", negates="not-empty"),
    "not-empty": _Rule(takes="nothing"),
}

_SPELLINGS: Final[Mapping[str, Operator]] = {
    **{name: name for name in OPERATORS},
    "start-with": "starts-with",
    "end-with": "ends-with",
    "null": "empty",
    "not-null": "not-empty",
    "≠": "!=",
    "≥": ">=",
    "≤": "<=",
}


def operator_named(text: str) -> Operator:
    """The operator that `text` spells, in our words or in Dify's: `not contains`, `start with`, `≥`, `null`.

    Spaces, hyphens and underscores are the same. Raises `FilterError` naming ours.
    """
    name = _SPELLINGS.get(re.sub(r"[\s_-]+", "-", text.strip().lower()))
    if name is None:
        raise FilterError(f"unknown operator {text!r}; allowed: {' '.join(OPERATORS)}")
    return name


def operators_of(kind: FieldType) -> tuple[Operator, ...]:
    """The operators that fields of this type have."""
    return tuple(op for op, rule in _RULES.items() if kind in rule.types)


def positive_of(op: Operator) -> Operator | None:
    """The operator whose exact complement `op` is; None when it is no negation."""
    return _RULES[op].negates


def takes_values(op: Operator) -> Literal["nothing", "one", "several"]:
    return _RULES[op].takes


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
    """`field op value`: one value, a tuple of values for `in` and `not-in`, none for `empty` and `not-empty`."""

    field: str
    op: Operator
    value: Value = ()
    ignore_case: bool = False

    def __post_init__(self) -> None:
        if self.op not in OPERATORS:
            raise FilterError(f"unknown operator {self.op!r}; allowed: {' '.join(OPERATORS)}")
        wanted = values_of(self.value)
        takes = _RULES[self.op].takes
        if takes == "nothing" and wanted:
            raise FilterError(
                f"{self.field!r} {self.op} takes no value, {self.value!r} was given; leave it out"
            )
        if takes == "one" and len(wanted) != 1:
            raise FilterError(
                f"{self.field!r} {self.op} takes one value, {self.value!r} was given; for a list use in or not-in"
            )
        for value in wanted:
            if not isinstance(value, str | int | float):
                raise FilterError(f"{self.field!r} is compared with {value!r}; allowed: a string or a number")


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
        case Condition(field, op, value, ignore_case):
            have, wanted = values_of(metadata.get(field)), values_of(value)
            return _holds(op, *map(_folded, (have, wanted))) if ignore_case else _holds(op, have, wanted)
    raise TypeError(f"not a filter: {where!r}")


def conditions_of(where: Filter) -> Iterator[Condition]:
    """Every condition that a filter joins, in order."""
    match where:
        case Condition():
            yield where
        case And(parts) | Or(parts):
            for part in parts:
                yield from conditions_of(part)
        case Not(part):
            yield from conditions_of(part)


def _folded(values: tuple[Scalar, ...]) -> tuple[Scalar, ...]:
    return tuple(value.casefold() if isinstance(value, str) else value for value in values)


def _holds(op: Operator, have: tuple[Scalar, ...], wanted: tuple[Scalar, ...]) -> bool:
    rule = _RULES[op]
    if rule.negates:
        return not _holds(rule.negates, have, wanted)
    if rule.test is None:
        return bool(have)
    test = rule.test
    return any(_same_kind(value, other) and test(value, other) for value in have for other in wanted)


def _same_kind(value: Scalar, other: Scalar) -> bool:
    """Text and numbers are never equal, and have no order among each other."""
    return isinstance(value, str) == isinstance(other, str)


def values_of(value: Value | None) -> tuple[Scalar, ...]:
    """The values of a field: none when it is missing or null, several when it is a list."""
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def check(where: Filter, fields: Mapping[str, FieldType]) -> Filter:
    """`where` with every value in its field's type: numbers and times as floats, the rest as strings.

    Case is ignored only where there is text to compare. Raises `FilterError` for an unknown field, an operator
    that the type does not have, or a misfit value.
    """
    return with_conditions(where, lambda condition: _check_condition(condition, fields))


def ignoring_case(where: Filter) -> Filter:
    """`where` with upper and lower case taken for the same in every condition."""
    return with_conditions(where, lambda condition: replace(condition, ignore_case=True))


def with_conditions(where: Filter, change: Callable[[Condition], Filter]) -> Filter:
    """`where` with each of its conditions replaced by what `change` makes of it."""
    match where:
        case And(parts):
            return And(tuple(with_conditions(part, change) for part in parts))
        case Or(parts):
            return Or(tuple(with_conditions(part, change) for part in parts))
        case Not(part):
            return Not(with_conditions(part, change))
        case Condition():
            return change(where)
    raise TypeError(f"not a filter: {where!r}")


def _check_condition(condition: Condition, fields: Mapping[str, FieldType]) -> Condition:
    kind = fields.get(condition.field)
    if kind is None:
        known = ", ".join(sorted(fields)) or "none yet; give some with --metadata NAME=VALUE"
        raise FilterError(f"unknown metadata field {condition.field!r}; this knowledge base has: {known}")
    if condition.op not in operators_of(kind):
        raise FilterError(
            f"{condition.field!r} is a {kind} field and has no {condition.op}; "
            f"allowed: {' '.join(operators_of(kind))}"
        )
    typed = tuple(_comparable(condition.field, kind, value) for value in values_of(condition.value))
    takes = _RULES[condition.op].takes
    return replace(
        condition,
        value=typed[0] if takes == "one" else typed,
        ignore_case=condition.ignore_case and kind == "string" and takes != "nothing",
    )


def _comparable(field: str, kind: FieldType, value: Scalar) -> Scalar:
    typed = coerce(field, kind, value)
    if isinstance(typed, str) and not _is_unicode(typed):
        raise FilterError(
            f"field {field!r} holds Unicode text, {value!r} has lone surrogates; check its encoding"
        )
    return typed


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def coerce(field: str, kind: FieldType, value: Scalar) -> Scalar:
    """`value` as a field of this type stores it. Raises `FilterError` naming both when it does not fit."""
    if isinstance(value, int) and abs(value) > sys.float_info.max:
        raise FilterError(
            f"field {field!r} is given a whole number of {value.bit_length():,} bits; allowed: up to "
            f"{sys.float_info.max:.2g}"
        )
    if kind == "string":
        return value if isinstance(value, str) else written(value)
    try:
        number = _moment(value) if kind == "time" and isinstance(value, str) else float(value)
        if not math.isfinite(number):
            raise ValueError(value)
        return number
    except (ValueError, OverflowError):
        expected = "a number" if kind == "number" else "an ISO 8601 time or epoch seconds"
        given = f"the string {value!r}" if isinstance(value, str) else repr(value)
        raise FilterError(f"field {field!r} holds {kind} values, {given} is not {expected}") from None


_EPOCH_SECONDS: Final = re.compile(r"[0-9]{9,11}(\.[0-9]+)?")
"""Fewer digits are a year or a date without its hyphens."""


def _moment(text: str) -> float:
    return float(text) if _EPOCH_SECONDS.fullmatch(text.strip()) else parse_time(text)


def written(number: float) -> str:
    """A number as people write it: `2024`, `0.5`."""
    return str(int(number)) if float(number).is_integer() else repr(float(number))


def parse_time(text: str) -> float:
    """Epoch seconds of an ISO 8601 date or time; without an offset it is UTC. Raises `ValueError`."""
    moment = datetime.fromisoformat(text.strip())
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
