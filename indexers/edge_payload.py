"""Metadata and conditions on it in the classes of Qdrant Edge; their meaning is in `indexers.qdrant_payload`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import qdrant_edge as edge

from indexers import qdrant_payload
from indexers.qdrant_payload import PayloadFilter, payload_filter
from knowledge.filters import Filter
from knowledge.types import FieldType

if TYPE_CHECKING:
    # A name of the type stubs only.
    from qdrant_edge import ConditionType

_SCHEMAS: Final = {"keyword": edge.PayloadSchemaType.Keyword, "float": edge.PayloadSchemaType.Float}


def field_indexes(name: str, kind: FieldType) -> list[tuple[str, edge.PayloadSchemaType]]:
    """The paths of a field's values of this type, and the kinds of index that serve them."""
    return [(path, _SCHEMAS[schema]) for path, schema in qdrant_payload.field_indexes(name, kind)]


def edge_filter(where: Filter) -> edge.Filter:
    """`where` for the engine. Raises `FilterError` for what only the caller can resolve."""
    return _filter(payload_filter(where))


def _filter(written: PayloadFilter) -> edge.Filter:
    clauses: dict[str, Any] = {name: [_condition(part) for part in parts] for name, parts in written.items()}
    return edge.Filter(**clauses)


def _condition(written: PayloadFilter) -> ConditionType:
    match written:
        case {"key": str(path), "match": {"any": values}}:
            return edge.FieldCondition(path, match=edge.MatchAny(values))
        case {"key": str(path), "range": bounds}:
            return edge.FieldCondition(path, range=edge.RangeFloat(**bounds))
        case {"is_empty": {"key": path}}:
            return edge.IsEmptyCondition(path)
        case _:
            return _filter(written)
