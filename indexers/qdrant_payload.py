"""How metadata and conditions on it are written for Qdrant, so that it finds what `matches` would.

A field's strings and its numbers are stored apart, and under the hexadecimal of its name: the engine's paths
give dots, brackets and quotes a meaning, and its indexes hold one type each. Numbers are stored a second time as they
are written: the engine reads its own floats back inexactly, off by some units in the seventeenth digit. Conditions
are in the JSON form of Qdrant's filters, which the embedded engine and the server's client each turn into their own
classes.
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
_Kind = Literal["s", "n", "w"]
"""Strings, numbers, and numbers as they are written."""
_MISREAD: Final = 1e-13
"""Further off than this, relatively, the engine never reads a number."""
_EVERYTHING: Final[PayloadFilter] = {}
_NOTHING: Final[PayloadFilter] = {"must_not": [{}]}


def metadata_payload(metadata: Mapping[str, Value]) -> dict[str, list[Scalar]]:
    payload: dict[str, list[Scalar]] = {}
    for name, value in metadata.items():
        for scalar in values_of(value):
            if isinstance(scalar, str):
                payload.setdefault(_key(name, "s"), []).append(_text(scalar))
            else:
                payload.setdefault(_key(name, "n"), []).append(float(scalar))
                payload.setdefault(_key(name, "w"), []).append(_written(scalar))
    return payload


def field_indexes(name: str, kind: FieldType) -> tuple[tuple[str, Literal["keyword", "float"]], ...]:
    """The paths of a field's values of this type, and the kinds of index that serve them."""
    if kind == "string":
        return ((_path(name, "s"), "keyword"),)
    return (_path(name, "n"), "float"), (_path(name, "w"), "keyword")


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
                raise FilterError(
                    f"the index cannot ignore case in {name!r} {op}; ask for the spellings with in"
                )
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
            return {"should": [_present(name, "s"), _present(name, "n")]}
        case _:
            return _ordered(name, op, values[0])


def _any_of(name: str, values: Sequence[Scalar]) -> PayloadFilter:
    texts = [_text(value) for value in values if isinstance(value, str)]
    numbers = [_written(value) for value in values if not isinstance(value, str)]
    alternatives = [
        *([_match(name, "s", texts)] if texts else []),
        *([_match(name, "w", numbers)] if numbers else []),
    ]
    return {"should": alternatives} if alternatives else _NOTHING


def _ordered(name: str, op: Operator, bound: Scalar) -> PayloadFilter:
    side = _SIDES.get(op)
    if side is None or isinstance(bound, str):
        raise FilterError(
            f"the index cannot decide {name!r} {op} {bound!r}; "
            "allowed here: = is in empty and their negations, and for numbers > < >= <= before after"
        )
    if math.isfinite(bound):
        return _beside(name, side, float(bound))
    beyond_all = math.inf if side in ("lt", "lte") else -math.inf
    return _present(name, "n") if bound == beyond_all else _NOTHING


def _beside(name: str, side: str, bound: float) -> PayloadFilter:
    """A finite bound, decided exactly for the values that equal it, however the engine read them back."""
    equal = _match(name, "w", [_written(bound)])
    if side in ("lte", "gte"):
        return {"should": [_range(name, **{side: bound}), equal]}
    margin = abs(bound) * _MISREAD
    clearly = _range(name, **{side: bound + margin if side == "gt" else bound - margin})
    # Of several values one may equal the bound and another lie clearly beside it.
    return {"should": [clearly, {"must": [_range(name, **{side: bound})], "must_not": [equal]}]}


def _present(name: str, kind: _Kind) -> PayloadFilter:
    """Whether the field has values of this type: the engine takes a missing list for an empty one."""
    return {"must_not": [{"is_empty": {"key": _path(name, kind)}}]}


def _match(name: str, kind: _Kind, values: Sequence[str]) -> PayloadFilter:
    return {"key": _path(name, kind), "match": {"any": list(values)}}


def _range(name: str, **bounds: float) -> PayloadFilter:
    return {"key": _path(name, "n"), "range": bounds}


def _path(name: str, kind: _Kind) -> str:
    return f"{METADATA}.{_key(name, kind)}"


def _key(name: str, kind: _Kind) -> str:
    return kind + name.encode("utf-8", "surrogatepass").hex()


def _written(number: float) -> str:
    """The shortest text that reads back as this number; both zeros are one."""
    return repr(float(number) + 0.0)


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InputError(
            f"{value!r} is not valid Unicode text; allowed: text without lone surrogates"
        ) from None
    return value
