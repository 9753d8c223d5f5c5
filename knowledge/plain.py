"""The records as the public JSON has them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from knowledge.locators import plain_locator

if TYPE_CHECKING:
    from knowledge.catalog import BaseRecord
    from knowledge.documents import DocumentRecord
    from knowledge.ingest_report import IngestedDocument, IngestReport
    from knowledge.types import Chunk, Document, Hit, Hits, Scalar, Value
    from knowledge.versions import ChunkRecord


Plain = dict[str, Any]


def base(record: BaseRecord) -> Plain:
    names = (
        "id",
        "name",
        "description",
        "structure",
        "indexing",
        "embedding",
        "documents",
        "chunks",
        "characters",
    )
    return {**{name: getattr(record, name) for name in names}, "settings": dict(record.settings)}


def stored_document(record: DocumentRecord) -> Plain:
    names = ("id", "key", "name", "status", "enabled", "archived", "chunks", "characters")
    return {
        **{name: getattr(record, name) for name in names},
        "metadata": metadata(record.metadata),
        "error": record.error,
        "updated_at": datetime.fromtimestamp(record.updated_at, UTC).isoformat(timespec="seconds"),
    }


def metadata(values: Mapping[str, Value]) -> Plain:
    """Whole numbers without `.0`, several values as a list."""
    return {
        name: [_scalar(item) for item in value] if isinstance(value, tuple) else _scalar(value)
        for name, value in values.items()
    }


def _scalar(value: Scalar) -> str | int | float:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def stored_chunk(record: ChunkRecord) -> Plain:
    return {
        "id": record.id,
        "position": record.position,
        "content": record.content,
        "context": record.context,
        "start": record.start,
        "end": record.end,
        "origin": "source",
        "locator": plain_locator(record.locator),
        "enabled": record.enabled,
    }


def report(done: IngestReport) -> Plain:
    return {
        "kb": done.kb,
        "documents": [_ingested(document) for document in done.documents],
        "warnings": list(done.warnings),
        "seconds": round(done.seconds, 3),
    }


def _ingested(document: IngestedDocument) -> Plain:
    names = ("id", "key", "name", "status", "chunks", "characters", "error")
    return {**{name: getattr(document, name) for name in names}, "warnings": list(document.warnings)}


def hits(found: Hits) -> Plain:
    return {
        "query": found.query,
        "mode": found.mode,
        "warnings": list(found.warnings),
        "calibrated": found.calibrated,
        "hits": [_hit(hit) for hit in found],
        "seconds": round(found.seconds, 4),
    }


def _hit(hit: Hit) -> Plain:
    return {
        "score": hit.score,
        "content": hit.content,
        "context": hit.context,
        "knowledge_base": {"id": hit.knowledge_base.id, "name": hit.knowledge_base.name},
        "document": {
            "id": hit.document.id,
            "key": hit.document.key,
            "name": hit.document.name,
            "url": hit.document.url,
            "metadata": metadata(hit.document.metadata),
        },
        "chunk": {
            "id": hit.chunk.id,
            "position": hit.chunk.position,
            "start": hit.chunk.start,
            "end": hit.chunk.end,
            "headings": list(hit.chunk.headings),
        },
        "locator": plain_locator(hit.locator),
    }


def extracted(document: Document) -> Plain:
    return {
        "text": document.text,
        "blocks": [
            {
                "kind": block.kind,
                "start": block.start,
                "end": block.end,
                **({"level": block.level} if block.level is not None else {}),
                "locator": plain_locator(block.locator),
            }
            for block in document.blocks
        ],
        "metadata": metadata(document.metadata),
        "warnings": list(document.warnings),
        "attachments": [extracted(attachment) for attachment in document.attachments],
    }


def chunked(document: Document, chunks: list[Chunk]) -> Plain:
    return {
        "text": document.text,
        "chunks": [
            {
                "content": chunk.content,
                "context": chunk.context,
                "start": chunk.start,
                "end": chunk.end,
                "position": position,
                "headings": list(chunk.headings),
                "locator": plain_locator(chunk.locator),
            }
            for position, chunk in enumerate(chunks)
        ],
    }
