"""Metadata as people give it: `NAME=VALUE` on the command line, plain dictionaries in Python."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from knowledge.built_in_fields import check_own
from knowledge.errors import FilterError, InputError
from knowledge.filters import coerce, parse_time, values_of
from knowledge.types import FieldType, Scalar, Value

RESERVED: Final = frozenset({"document_id", "score", "title", "dataset_id", "dataset_name"})
_EXACT: Final = 2**53
"""Beyond it a float, which is what is stored, skips whole numbers."""
_NAME = re.compile(r"\w{1,255}")
_ASSIGNMENT = re.compile(r"(?P<name>[^=:]+)(?::(?P<type>string|number|time))?=(?P<value>.*)", re.DOTALL)


class Time(float):
    """Epoch seconds, UTC: a number that a field stores as a time."""


def parse_assignments(texts: Iterable[str], declared: Mapping[str, FieldType]) -> dict[str, Value]:
    """The metadata of `NAME=VALUE` and `NAME:TYPE=VALUE` texts; a repeated name makes a list.

    A declared field's type wins, then the forced one; else a number that reads back the same, an ISO 8601 time,
    or a string. Raises `InputError` for a malformed text or name, `FilterError` for a value that does not fit.
    """
    found: dict[str, list[Scalar]] = {}
    for text in texts:
        match = _ASSIGNMENT.fullmatch(text)
        if not match:
            raise InputError(f"cannot read the metadata {text!r}; write NAME=VALUE or NAME:string=VALUE")
        name = check_name(match["name"].strip())
        kind = declared.get(name) or match["type"]
        if match["type"] and kind != match["type"]:
            raise FilterError(
                f"metadata field {name!r} holds {kind} values, {text!r} gives a {match['type']}"
            )
        found.setdefault(name, []).append(_typed(name, kind, match["value"]))
    return {name: values[0] if len(values) == 1 else tuple(values) for name, values in found.items()}


def _typed(name: str, kind: Any, text: str) -> Scalar:
    if kind == "time":
        return Time(coerce(name, "time", text))
    return coerce(name, kind, text) if kind else guess(text)


def guess(text: str) -> Scalar:
    """The value that a text most likely means: `2024` is a number, `007` and `1e5` are strings."""
    try:
        number = float(text)
    except ValueError:
        return _time_or_string(text)
    reads_back = math.isfinite(number) and text in (repr(number), f"{number:.0f}")
    return number if reads_back else text


def _time_or_string(text: str) -> Scalar:
    try:
        return Time(parse_time(text))
    except ValueError:
        return text


def check_name(name: str) -> str:
    """The name of a field. Raises `InputError` saying what names look like."""
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name != name.lower():
        raise InputError(
            f"metadata field {name!r} is not a name; allowed: lower-case letters, digits, underscore"
        )
    if name in RESERVED:
        raise InputError(f"metadata field {name!r} is reserved; reserved are {', '.join(sorted(RESERVED))}")
    return name


def normalize(values: Mapping[str, Any]) -> dict[str, Value]:
    """Metadata given in Python: numbers as floats, lists as tuples, None left out."""
    normal: dict[str, Value] = {}
    for name, value in values.items():
        if value is None:
            continue
        several = isinstance(value, list | tuple)
        scalars = tuple(_scalar(name, item) for item in (value if several else (value,)))
        normal[check_name(name)] = scalars if several else scalars[0]
    return normal


def _scalar(name: str, value: object) -> Scalar:
    if isinstance(value, str | Time):
        return value
    if isinstance(value, int | float) and abs(value) <= _EXACT:
        return float(value)
    if isinstance(value, date):
        return Time(parse_time(value.isoformat()))
    raise InputError(
        f"metadata field {name!r} is {value!r}; allowed: text, a date, a number up to 2**53, or a list of these"
    )


def typed(
    values: Mapping[str, Any], declared: Mapping[str, FieldType], has_built_in_fields: bool
) -> dict[str, Value]:
    """Metadata given in Python as its fields store it.

    Raises `InputError` for a name or value that metadata cannot have, `FilterError` for one of another type than
    its field's.
    """
    normal = normalize(values)
    check_own(normal, has_built_in_fields)
    return fit(normal, declared)


def revised(
    metadata: Mapping[str, Value], values: Mapping[str, Value], unset: Iterable[str], whose: str
) -> dict[str, Value]:
    """Metadata without the fields `unset` and with new values. Raises `InputError` for a field that it lacks."""
    gone = set(unset)
    unknown = sorted(gone - set(metadata))
    if unknown:
        raise InputError(
            f"{whose!r} has no metadata field {unknown[0]!r}; it has: {', '.join(metadata) or 'none'}"
        )
    return {**{name: value for name, value in metadata.items() if name not in gone}, **values}


def field_types(documents: Iterable[Mapping[str, Value]]) -> dict[str, FieldType]:
    """The type of every field in these metadata. Raises `FilterError` when one field has several."""
    types: dict[str, FieldType] = {}
    for metadata in documents:
        for name, value in metadata.items():
            for scalar in values_of(value):
                kind = _type_of(scalar)
                if types.setdefault(name, kind) != kind:
                    raise FilterError(f"metadata field {name!r} has both {types[name]} and {kind} values")
    return types


def _type_of(value: Scalar) -> FieldType:
    if isinstance(value, str):
        return "string"
    return "time" if isinstance(value, Time) else "number"


def fit(values: Mapping[str, Value], declared: Mapping[str, FieldType]) -> dict[str, Value]:
    """`values` in the types that their fields already have. Raises `FilterError` naming a value that does not fit."""
    return {name: _fit(name, declared.get(name), value) for name, value in values.items()}


def _fit(name: str, kind: FieldType | None, value: Value) -> Value:
    if kind is None:
        return value
    scalars = tuple(_of_type(name, kind, item) for item in values_of(value))
    return scalars if isinstance(value, tuple) else scalars[0]


def _of_type(name: str, kind: FieldType, value: Scalar) -> Scalar:
    if isinstance(value, Time) and kind != "time":
        raise FilterError(f"metadata field {name!r} holds {kind} values, a time was given")
    typed = coerce(name, kind, value)
    return Time(typed) if kind == "time" else typed
