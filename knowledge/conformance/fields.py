"""The metadata fields that conditions can be tried on: found in what the server returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from knowledge.conformance.probe import NotApplicable, Probe, Record, Violation
from knowledge.external.conditions import scalars
from knowledge.filters import parse_time
from knowledge.types import Scalar

MOST_TRIED: Final = 6
_RESERVED: Final = frozenset({"score", "title", "dataset_id", "dataset_name", "document_id"})
"""What Dify itself writes into metadata: hardly a field to ask for."""
_EPOCH: Final = (1e8, 1e11)
"""Numbers in this range are taken for seconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundField:
    """A field and its different values, in their order."""

    name: str
    values: tuple[Scalar, ...]


def text_field(probe: Probe) -> FoundField:
    return _field(probe, "text", lambda value: isinstance(value, str) and bool(value) and not _is_time(value))


def number_field(probe: Probe) -> FoundField:
    return _field(probe, "numbers", lambda value: isinstance(value, float))


def time_field(probe: Probe) -> FoundField:
    return _field(probe, "times", _is_time)


def gap_field(probe: Probe) -> FoundField:
    """A field that some records have and others lack."""
    for found in _candidates(probe, lambda value: True):
        holders = sum(bool(_values(record, found.name)) for record in probe.sample)
        if holders < len(probe.sample):
            return found
    return _field(probe, "any value", lambda value: True)


def metadata_of(record: Record) -> dict[str, Any]:
    """Empty where the record has no metadata object: another point tells of that."""
    metadata = record.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _values(record: Record, name: str) -> tuple[Scalar, ...]:
    return scalars(metadata_of(record).get(name))


def _field(probe: Probe, kind: str, fits: Callable[[Scalar], bool]) -> FoundField:
    """One that the server takes conditions on, several values before one. Raises `NotApplicable`."""
    found = _candidates(probe, fits)
    if not found:
        raise NotApplicable(f"no returned metadata field holds {kind}")
    return next((field for field in found[:MOST_TRIED] if _is_filterable(probe, field)), found[0])


def _candidates(probe: Probe, fits: Callable[[Scalar], bool]) -> list[FoundField]:
    names = {str(name): None for record in probe.sample for name in metadata_of(record)}
    found = []
    for name in names:
        values = [value for record in probe.sample for value in _values(record, name)]
        if name not in _RESERVED and not name.startswith("_") and values and all(map(fits, values)):
            found.append(FoundField(name=name, values=tuple(sorted(set(values), key=_order))))
    return sorted(found, key=lambda field: len(field.values) < 2)


def _is_filterable(probe: Probe, field: FoundField) -> bool:
    """Whether any plain condition on it finds something: what is returned need not be what can be asked for."""
    tries: Sequence[dict[str, Any]] = (
        {"comparison_operator": "not empty"},
        {"comparison_operator": "is", "value": field.values[0]},
        {"comparison_operator": "=", "value": field.values[0]},
    )
    for condition in tries:
        try:
            if probe.filtered({"name": field.name, **condition}):
                return True
        except Violation:
            continue
    return False


def _is_time(value: Scalar) -> bool:
    if isinstance(value, float):
        return _EPOCH[0] <= value <= _EPOCH[1]
    try:
        parse_time(value)
    except (ValueError, OverflowError):
        return False
    return True


def _order(value: Scalar) -> tuple[bool, Scalar]:
    return isinstance(value, str), value
