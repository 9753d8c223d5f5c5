"""The metadata fields that conditions can be tried on: found in what the server returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from knowledge.conformance.probe import NotApplicable, Outcome, Probe, Record, Reply, Violation, records_of
from knowledge.external.conditions import scalars
from knowledge.filters import parse_time
from knowledge.types import Scalar

MOST_TRIED: Final = 20
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
    """A field that some records have and others lack, where there is one."""
    fields = filterable(probe)
    for field in fields:
        if not all(_values(record, field.name) for record in probe.sample):
            return field
    return _first(fields, "any value")


def filterable(probe: Probe) -> list[FoundField]:
    """The returned fields on which a plain condition finds a record: what is returned need not be what can be
    asked for. Those of several values come first."""
    return [field for field in returned(probe) if tried(probe, field) == "found"]


def returned(probe: Probe) -> list[FoundField]:
    """The fields of the returned metadata that hold something, several values before one."""
    names = dict.fromkeys(str(name) for record in probe.sample for name in metadata_of(record))
    found = []
    for name in names:
        values = {value for record in probe.sample for value in _values(record, name)}
        if name not in _RESERVED and not name.startswith("_") and values:
            found.append(FoundField(name=name, values=tuple(sorted(values, key=_order))))
    return sorted(found, key=lambda field: len(field.values) < 2)[:MOST_TRIED]


def metadata_of(record: Record) -> dict[str, Any]:
    """Empty where the record has no metadata object: another point tells of that."""
    metadata = record.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _values(record: Record, name: str) -> tuple[Scalar, ...]:
    return scalars(metadata_of(record).get(name))


def _field(probe: Probe, kind: str, fits: Callable[[Scalar], bool]) -> FoundField:
    return _first([field for field in filterable(probe) if all(map(fits, field.values))], kind)


def _first(fields: Sequence[FoundField], kind: str) -> FoundField:
    if not fields:
        raise NotApplicable(f"no field of the returned metadata that holds {kind} can be filtered")
    return fields[0]


def tried(probe: Probe, field: FoundField) -> Outcome:
    """What became of plain conditions on a field. The server is asked once."""
    if field.name not in probe.tried:
        probe.tried[field.name] = _outcome(probe, field)
    return probe.tried[field.name]


def _outcome(probe: Probe, field: FoundField) -> Outcome:
    refused = True
    for condition in _plain_conditions(field):
        reply = probe.ask_filtered({"name": field.name, **condition})
        if _holds_field(reply, field.name):
            return "found"
        refused = refused and 400 <= reply.status < 500
    return "refused" if refused else "nothing found"


def _plain_conditions(field: FoundField) -> Iterator[dict[str, Any]]:
    yield {"comparison_operator": "not empty"}
    for operator in ("is", "="):
        yield {"comparison_operator": operator, "value": field.values[0]}


def _holds_field(reply: Reply, name: str) -> bool:
    try:
        return any(_values(record, name) for record in records_of(reply))
    except Violation:
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
