"""How metadata and conditions on it are written for Qdrant Edge, so that it finds what `matches` would.

A field's strings and its numbers are stored apart, and under the hexadecimal of its name: the engine's paths
give dots, brackets and quotes a meaning, and its indexes hold one type each.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import qdrant_edge as edge

from knowledge.errors import FilterError, InputError
from knowledge.filters import And, Condition, Filter, Not, Operator, Or, positive_of, values_of
from knowledge.types import FieldType, Scalar, Value

if TYPE_CHECKING:
    # A name of the type stubs only.
    from qdrant_edge import ConditionType

METADATA = "m"

_SIDES: Final[Mapping[str, str]] = {
    ">": "gt",
    "<": "lt",
    ">=": "gte",
    "<=": "lte",
    "after": "gt",
    "before": "lt",
}
_EVERYTHING = edge.Filter()
_NOTHING = edge.Filter(must_not=[edge.Filter()])


def metadata_payload(metadata: Mapping[str, Value]) -> dict[str, list[Scalar]]:
    payload: dict[str, list[Scalar]] = {}
    for name, value in metadata.items():
        for scalar in values_of(value):
            stored = _text(scalar) if isinstance(scalar, str) else float(scalar)
            payload.setdefault(_key(name, isinstance(scalar, str)), []).append(stored)
    return payload


def field_index(name: str, kind: FieldType) -> tuple[str, edge.PayloadSchemaType]:
    """The path of a field's values of this type, and the kind of index that serves it."""
    if kind == "string":
        return _path(name, True), edge.PayloadSchemaType.Keyword
    return _path(name, False), edge.PayloadSchemaType.Float


def edge_filter(where: Filter) -> edge.Filter:
    """`where` for the engine. Raises `FilterError` for what only the caller can resolve."""
    match where:
        case And(parts):
            return edge.Filter(must=[edge_filter(part) for part in parts]) if parts else _EVERYTHING
        case Or(parts):
            return edge.Filter(should=[edge_filter(part) for part in parts]) if parts else _NOTHING
        case Not(part):
            return edge.Filter(must_not=[edge_filter(part)])
        case Condition(name, op, value):
            positive = positive_of(op)
            if positive is not None:
                return edge.Filter(must_not=[_positive(name, positive, values_of(value))])
            return _positive(name, op, values_of(value))
    raise TypeError(f"not a filter: {where!r}")


def _positive(name: str, op: Operator, values: Sequence[Scalar]) -> edge.Filter:
    match op:
        case "=" | "is" | "in":
            return _any_of(name, values)
        case "not-empty":
            return edge.Filter(must_not=[_absent(name)])
        case _:
            return _ordered(name, op, values[0])


def _any_of(name: str, values: Sequence[Scalar]) -> edge.Filter:
    texts = [_text(value) for value in values if isinstance(value, str)]
    numbers = [float(value) for value in values if not isinstance(value, str)]
    alternatives: list[ConditionType] = [
        _range(name, gte=number, lte=number) for number in numbers if not math.isnan(number)
    ]
    if texts:
        match = edge.MatchAny(texts)
        alternatives.append(edge.FieldCondition(_path(name, True), match=match))
    return edge.Filter(should=alternatives) if alternatives else _NOTHING


def _absent(name: str) -> edge.Filter:
    """Neither strings nor numbers: for both the engine takes a missing list for an empty one."""
    return edge.Filter(must=[edge.IsEmptyCondition(_path(name, is_text)) for is_text in (True, False)])


def _ordered(name: str, op: Operator, bound: Scalar) -> edge.Filter:
    side = _SIDES.get(op)
    if side is None or isinstance(bound, str):
        raise FilterError(
            f"the index cannot decide {name!r} {op} {bound!r}; "
            "allowed here: = is in empty and their negations, and for numbers > < >= <= before after"
        )
    return _NOTHING if math.isnan(bound) else edge.Filter(must=[_range(name, **{side: float(bound)})])


def _range(name: str, **bounds: float) -> edge.FieldCondition:
    return edge.FieldCondition(_path(name, False), range=edge.RangeFloat(**bounds))


def _path(name: str, is_text: bool) -> str:
    return f"{METADATA}.{_key(name, is_text)}"


def _key(name: str, is_text: bool) -> str:
    return ("s" if is_text else "n") + name.encode("utf-8", "surrogatepass").hex()


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InputError(
            f"{value!r} is not valid Unicode text; allowed: text without lone surrogates"
        ) from None
    return value
