"""What a language model is told of metadata: names, types, operators, and some of what the documents hold."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from knowledge import schema
from knowledge.filters import operators_of, written

if TYPE_CHECKING:
    from knowledge.field_summary import FieldSummary
    from knowledge.knowledge_base import KnowledgeBase
    from knowledge.store import Store
    from knowledge.types import FieldType

VALUES: Final = 20
CHARACTERS: Final = 80
"""Of a text; what is longer is seldom what a question names."""


def field_samples(kb: KnowledgeBase, store: Store) -> list[dict[str, Any]]:
    """Of each field that a document has. Numbers and times are told by their range."""
    return [_sample(summary, kb.id, store) for summary in kb.field_summaries() if summary.documents]


def _sample(summary: FieldSummary, base_id: str, store: Store) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": summary.name,
        "type": summary.type,
        "operators": operators_of(summary.type),
        "different_values": summary.distinct,
    }
    if summary.minimum is not None and summary.maximum is not None:
        return {
            **told,
            "least": _told(summary.minimum, summary.type),
            "most": _told(summary.maximum, summary.type),
        }
    texts = [str(value) for value in summary.values] or _first_texts(store, base_id, summary.name)
    return {**told, "values": [text[:CHARACTERS] for text in texts]}


def _told(number: float, kind: FieldType) -> str | float:
    if kind == "number":
        return int(number) if float(number).is_integer() else number
    try:
        return datetime.fromtimestamp(number, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return written(number)


def _first_texts(store: Store, base_id: str, name: str) -> list[str]:
    value = schema.field_value.c.value
    query = (
        sa.select(value)
        .distinct()
        .where(schema.field_value.c.knowledge_base_id == base_id, schema.field_value.c.name == name)
        .order_by(value)
        .limit(VALUES)
    )
    with store.read() as connection:
        return list(connection.execute(query).scalars())
