"""The records as the public JSON has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from knowledge.locators import plain_locator

if TYPE_CHECKING:
    from chunkers.checking import Finding
    from indexers.embedding_cache import EmbeddingUsage
    from knowledge.assistance.record import Assistance
    from knowledge.base_settings import SettingInForce
    from knowledge.catalog import BaseRecord
    from knowledge.conformance import Result
    from knowledge.contexts import Context
    from knowledge.documents import DocumentRecord
    from knowledge.evidence import Evidence
    from knowledge.explaining import WhyNot
    from knowledge.field_summary import FieldSummary
    from knowledge.ingest_report import IngestedDocument, IngestReport
    from knowledge.previewing import Preview, PreviewedDocument, Sizes
    from knowledge.rebuild_report import RebuildReport
    from knowledge.types import ChildHit, Chunk, Document, Hit, Hits, Scalar, Value
    from knowledge.versions import ChunkRecord


Plain = dict[str, Any]

SCORE_DECIMALS: Final = 7
"""What follows is noise of 32-bit floats."""


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
    names = ("id", "key", "name", "status", "enabled", "archived", "chunks", "characters", "parent_id")
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


def field(summary: FieldSummary) -> Plain:
    return {
        "name": summary.name,
        "type": summary.type,
        "built_in": summary.is_built_in,
        "documents": summary.documents,
        "distinct": summary.distinct,
        "values": [_scalar(value) for value in summary.values],
        "minimum": None if summary.minimum is None else _scalar(summary.minimum),
        "maximum": None if summary.maximum is None else _scalar(summary.maximum),
    }


def setting(row: SettingInForce) -> Plain:
    return {
        "name": row.setting.name,
        "value": row.value,
        "source": row.origin,
        "default": None if row.setting.optional or row.setting.default == "" else row.setting.default,
        "environment": row.setting.environment,
        "dify": row.setting.dify,
        "meaning": row.setting.meaning,
    }


def stored_chunk(record: ChunkRecord, keywords: Sequence[str]) -> Plain:
    return {
        "id": record.id,
        "position": record.position,
        "content": record.content,
        "context": record.context,
        "start": record.start,
        "end": record.end,
        "origin": record.origin,
        "locator": plain_locator(record.locator),
        "enabled": record.enabled,
        "keywords": list(keywords),
        **_children(record.children, with_id=True),
        **({} if record.answer is None else {"answer": record.answer}),
    }


def _children(children: Sequence[Any], *, with_id: bool = False) -> Plain:
    """Those of a chunk that has any, under their name."""
    names = ("id",) * with_id + ("content", "start", "end")
    rows = [
        {**{name: getattr(child, name) for name in names}, "locator": plain_locator(child.locator)}
        for child in children
    ]
    return {"children": rows} if rows else {}


def report(done: IngestReport) -> Plain:
    return {
        "kb": done.kb,
        "documents": [_ingested(document) for document in done.documents],
        "warnings": list(done.warnings),
        "embedding": None if done.embedding is None else _embedding_usage(done.embedding),
        "seconds": round(done.seconds, 3),
    }


def rebuilt(done: RebuildReport) -> Plain:
    """Beside what is told of the base, whose `embedding` is that of its settings."""
    usage = None if done.embedding is None else _embedding_usage(done.embedding)
    return {"embedding_usage": usage, "seconds": round(done.seconds, 3)}


def _embedding_usage(usage: EmbeddingUsage) -> Plain:
    names = ("texts", "cached", "calls", "tokens")
    return {**{name: getattr(usage, name) for name in names}, "seconds": round(usage.seconds, 3)}


def _ingested(document: IngestedDocument) -> Plain:
    names = ("id", "key", "name", "status", "chunks", "characters", "error")
    return {**{name: getattr(document, name) for name in names}, "warnings": list(document.warnings)}


def hits(found: Hits) -> Plain:
    return {
        "query": found.query,
        "mode": found.mode,
        "warnings": list(found.warnings),
        "calibrated": found.calibrated,
        "score_kind": found.score_kind,
        **({} if found.assistance is None else {"assistance": _assistance(found.assistance)}),
        "hits": [_hit(hit) for hit in found],
        "seconds": round(found.seconds, 4),
    }


def _assistance(given: Assistance) -> Plain:
    return {
        "question": given.question,
        "queries": list(given.queries),
        "filter": given.filter or None,
        "usage": {**asdict(given.usage), "seconds": round(given.usage.seconds, 3)},
    }


def _hit(hit: Hit) -> Plain:
    return {
        "score": round(hit.score, SCORE_DECIMALS),
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
            "origin": hit.chunk.origin,
        },
        "locator": plain_locator(hit.locator),
        **({"highlights": [list(span) for span in hit.highlights]} if hit.highlights else {}),
        **({"children": [child_hit(child) for child in hit.children]} if hit.children else {}),
        **({} if hit.answer is None else {"answer": hit.answer}),
        **({} if hit.evidence is None else {"evidence": evidence(hit.evidence)}),
    }


def context(found: Context) -> Plain:
    return {
        "text": found.text,
        "tokens": found.tokens,
        "cut": found.cut,
        "left_out": found.left_out,
        "hits": [_hit(hit) for hit in found.hits],
    }


def evidence(parts: Evidence) -> Plain:
    found: Plain = {} if parts.vector_weight is None else {"vector_weight": parts.vector_weight}
    if parts.query:
        found["query"] = parts.query
    if parts.rerank is not None:
        found["rerank"] = asdict(parts.rerank)
    if parts.vector is not None:
        found["vector"] = asdict(parts.vector)
    if parts.text is not None:
        found["text"] = asdict(parts.text)
    if parts.verdicts:
        found["filter"] = [
            {
                "field": verdict.condition.field,
                "operator": verdict.condition.op,
                **metadata({"value": verdict.condition.value}),
                "has": None if verdict.has is None else metadata({"has": verdict.has})["has"],
                "holds": verdict.holds,
            }
            for verdict in parts.verdicts
        ]
    return found


def why_not(found: WhyNot) -> Plain:
    return {
        "document": found.document.key,
        "chunk": found.chunk.id,
        "content": found.chunk.content,
        "reasons": list(found.reasons),
        "place": found.place,
        "score": None if found.score is None else round(found.score, SCORE_DECIMALS),
        "evidence": evidence(found.evidence),
    }


def child_hit(child: ChildHit) -> Plain:
    return {
        "id": child.id,
        "content": child.content,
        "score": round(child.score, SCORE_DECIMALS),
        "start": child.start,
        "end": child.end,
        "headings": list(child.headings),
        "locator": plain_locator(child.locator),
    }


def extracted(document: Document) -> Plain:
    return {
        "name": document.name,
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
        "images": [{"name": image.name, "bytes": len(image.data)} for image in document.images],
    }


def chunked(document: Document, chunks: list[Chunk]) -> Plain:
    return {
        "text": document.text,
        "chunks": [_chunk(position, chunk) for position, chunk in enumerate(chunks)],
    }


def _chunk(position: int, chunk: Chunk) -> Plain:
    return {
        "content": chunk.content,
        "context": chunk.context,
        "start": chunk.start,
        "end": chunk.end,
        "position": position,
        "headings": list(chunk.headings),
        "origin": chunk.origin,
        "locator": plain_locator(chunk.locator),
        **_children(chunk.children),
        **({} if chunk.answer is None else {"question": chunk.content, "answer": chunk.answer}),
    }


def finding(found: Finding) -> Plain:
    return {"position": found.position, "problem": found.problem, "detail": found.detail}


def preview(kb: str, found: Preview) -> Plain:
    return {
        "kb": kb,
        "documents": [_previewed(document) for document in found.documents],
        "chunks": found.chunks,
        "children": found.children,
        "sizes": _sizes(found.sizes),
        "model": found.model,
        "seconds": round(found.seconds, 3),
    }


def _previewed(document: PreviewedDocument) -> Plain:
    return {
        "key": document.key,
        "name": document.name,
        "characters": document.characters,
        "chunks": len(document.lengths),
        "children": document.children,
        "sizes": _sizes(document.sizes),
        "first": [_chunk(position, chunk) for position, chunk in enumerate(document.first)],
        "error": document.error,
        "warnings": list(document.warnings),
    }


def _sizes(sizes: Sizes | None) -> Plain | None:
    return None if sizes is None else {"min": sizes.min, "median": sizes.median, "max": sizes.max}


def conformance(result: Result) -> Plain:
    names = ("point", "outcome", "seen", "demand")
    return {name: getattr(result, name) for name in names}
