"""How metadata and conditions on it are written for Qdrant, so that it finds what `matches` would.

A field's strings and its numbers are stored apart, and under the hexadecimal of its name: the engine's paths
give dots, brackets and quotes a meaning, and its indexes hold one type each. Conditions are in the JSON form
of Qdrant's filters, which the embedded engine and the server's client each turn into their own classes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from knowledge.errors import FilterError, InputError
from knowledge.filters import And, Condition, Filter, Not, Operator, Or, positive_of, values_of
from knowledge.types import FieldType, Scalar, Value

METADATA = "m"

PayloadFilter = dict[str, Any]
"""Lists of conditions under `must`, `should` and `must_not`; without any it lets everything pass."""

_SIDES: Final[Mapping[str, str]] = {
    ">": "gt",
    "<": "lt",
    ">=": "gte",
    "<=": "lte",
    "after": "gt",
    "before": "lt",
}
_EVERYTHING: Final[PayloadFilter] = {}
_NOTHING: Final[PayloadFilter] = {"must_not": [{}]}


def metadata_payload(metadata: Mapping[str, Value]) -> dict[str, list[Scalar]]:
    payload: dict[str, list[Scalar]] = {}
    for name, value in metadata.items():
        for scalar in values_of(value):
            stored = _text(scalar) if isinstance(scalar, str) else float(scalar)
            payload.setdefault(_key(name, isinstance(scalar, str)), []).append(stored)
    return payload


def field_index(name: str, kind: FieldType) -> tuple[str, Literal["keyword", "float"]]:
    """The path of a field's values of this type, and the kind of index that serves it."""
    return (_path(name, True), "keyword") if kind == "string" else (_path(name, False), "float")


def payload_filter(where: Filter) -> PayloadFilter:
    """`where` for the engine. Raises `FilterError` for what only the caller can resolve."""
    match where:
        case And(parts):
            return {"must": [payload_filter(part) for part in parts]} if parts else _EVERYTHING
        case Or(parts):
            return {"should": [payload_filter(part) for part in parts]} if parts else _NOTHING
        case Not(part):
            return {"must_not": [payload_filter(part)]}
        case Condition(name, op, value, ignore_case):
            if ignore_case:
                raise FilterError(f"the index cannot ignore case in {name!r} {op}; ask for the spellings with in")
            positive = positive_of(op)
            if positive is not None:
                return {"must_not": [_positive(name, positive, values_of(value))]}
            return _positive(name, op, values_of(value))
    raise TypeError(f"not a filter: {where!r}")


def _positive(name: str, op: Operator, values: Sequence[Scalar]) -> PayloadFilter:
    match op:
        case "=" | "is" | "in":
            return _any_of(name, values)
        case "not-empty":
            return {"should": [_present(name, is_text) for is_text in (True, False)]}
        case _:
            return _ordered(name, op, values[0])


def _any_of(name: str, values: Sequence[Scalar]) -> PayloadFilter:
    texts = [_text(value) for value in values if isinstance(value, str)]
    numbers = [float(value) for value in values if not isinstance(value, str)]
    # Stored numbers are finite, so what is not equals none of them; JSON could not say it either.
    alternatives = [_range(name, gte=number, lte=number) for number in numbers if math.isfinite(number)]
    if texts:
        alternatives.append({"key": _path(name, True), "match": {"any": texts}})
    return {"should": alternatives} if alternatives else _NOTHING


def _ordered(name: str, op: Operator, bound: Scalar) -> PayloadFilter:
    side = _SIDES.get(op)
    if side is None or isinstance(bound, str):
        raise FilterError(
            f"the index cannot decide {name!r} {op} {bound!r}; "
            "allowed here: = is in empty and their negations, and for numbers > < >= <= before after"
        )
    if math.isfinite(bound):
        return {"must": [_range(name, **{side: float(bound)})]}
    beyond_all = math.inf if side in ("lt", "lte") else -math.inf
    return _present(name, False) if bound == beyond_all else _NOTHING


def _present(name: str, is_text: bool) -> PayloadFilter:
    """Whether the field has values of this type: the engine takes a missing list for an empty one."""
    return {"must_not": [{"is_empty": {"key": _path(name, is_text)}}]}


def _range(name: str, **bounds: float) -> PayloadFilter:
    return {"key": _path(name, False), "range": bounds}


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
