"""What the documents of a knowledge base hold of each metadata field."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from knowledge.filters import values_of
from knowledge.types import FieldType, Scalar, Value

FEW: Final = 10
"""So many distinct values are all listed."""
EXAMPLES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSummary:
    """A field, how many documents have it, and which values. None have a field whose last value is gone."""

    name: str
    type: FieldType
    documents: int
    distinct: int
    values: tuple[Scalar, ...]
    """All of them, in order, when they are few; none when there are more."""
    examples: tuple[Scalar, ...]
    """The first of them, in order."""
    minimum: float | None
    """Of numbers and times, as `maximum`; times are epoch seconds."""
    maximum: float | None
    is_built_in: bool


def summarize(
    fields: Mapping[str, FieldType], documents: Iterable[Mapping[str, Value]], built_in: Container[str]
) -> list[FieldSummary]:
    """Every field by name, over the metadata of these documents; `built_in` are the names of those that are."""
    counts = dict.fromkeys(fields, 0)
    found: dict[str, set[Scalar]] = {name: set() for name in fields}
    for metadata in documents:
        for name in metadata.keys() & counts.keys():
            values = values_of(metadata[name])
            counts[name] += bool(values)
            found[name].update(values)
    return [
        _summary(name, fields[name], counts[name], found[name], name in built_in) for name in sorted(fields)
    ]


def _summary(name: str, kind: FieldType, count: int, values: set[Scalar], is_built_in: bool) -> FieldSummary:
    numbers = [value for value in values if not isinstance(value, str)]
    ordered = sorted(values, key=lambda value: (isinstance(value, str), value))
    return FieldSummary(
        name=name,
        type=kind,
        documents=count,
        distinct=len(values),
        values=tuple(ordered) if len(values) <= FEW else (),
        examples=tuple(ordered[:EXAMPLES]),
        minimum=min(numbers, default=None),
        maximum=max(numbers, default=None),
        is_built_in=is_built_in,
    )
