"""Hits as the `result` of Dify's knowledge-retrieval node: a list of segments for the nodes after it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from knowledge.types import Hit


def as_dify_result(hits: Iterable[Hit]) -> list[dict[str, Any]]:
    """One entry for each hit, in their order. What there is no counterpart for is null, as Dify has it."""
    return [_entry(position, hit) for position, hit in enumerate(hits, 1)]


def _entry(position: int, hit: Hit) -> dict[str, Any]:
    document, content = hit.document, hit.content
    return {
        "content": content if hit.answer is None else f"question:{content} \nanswer:{hit.answer}",
        "title": document.name,
        "url": document.url,
        "icon": None,
        "files": None,
        "metadata": {
            "_source": "knowledge",
            "dataset_id": hit.knowledge_base.id,
            "dataset_name": hit.knowledge_base.name,
            "document_id": document.id,
            "document_name": document.name,
            "data_source_type": "external" if hit.chunk.start is None else "upload_file",
            "retriever_from": "workflow",
            "score": hit.score,
            "segment_id": hit.chunk.id,
            "segment_position": hit.chunk.position + 1,
            "segment_word_count": len(content),
            "child_chunks": [
                {"id": child.id, "content": child.content, "position": place, "score": child.score}
                for place, child in enumerate(hit.children, 1)
            ],
            "doc_metadata": {
                name: list(value) if isinstance(value, tuple) else value
                for name, value in document.metadata.items()
            },
            "position": position,
        },
    }
