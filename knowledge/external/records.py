"""Records as other servers answer them, and the hits that they become; what is mended is told."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from knowledge import identity
from knowledge.types import ChunkRef, DocumentRef, Hit, KnowledgeBaseRef, Locator, Value

UNTITLED: Final = "untitled"
MOST_NESTED: Final = 50
"""Lists and objects in each other, in metadata."""
_TITLES: Final = ("title", "document_name", "name", "source", "path", "url")
"""Metadata fields that stand in for a missing title, the first wins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """`raw_score` is what the server said, 0 when it said nothing that is a number; it gives the order."""

    content: str
    title: str
    raw_score: float
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """In [0, 1]."""
        return min(max(self.raw_score, 0.0), 1.0)


def read_records(given: Sequence[object]) -> tuple[list[Record], list[str]]:
    """The usable records, highest score first, equal ones as they came; and a sentence for each kind of repair."""
    repairs: Counter[str] = Counter()
    records = [record for item in given if (record := _read(item, repairs)) is not None]
    scores = [record.raw_score for record in records]
    if scores != sorted(scores, reverse=True):
        repairs["stood in the wrong order (sorted by score)"] = len(records)
    records.sort(key=lambda record: -record.raw_score)
    return records, [f"{count} of {len(given)} records {what}" for what, count in repairs.items()]


def _read(item: object, repairs: Counter[str]) -> Record | None:
    given = item if isinstance(item, dict) else {}
    content = given.get("content")
    if not isinstance(content, str) or not content.strip():
        repairs["had no content (left out)"] += 1
        return None
    metadata = _metadata(given.get("metadata"), repairs)
    return Record(
        content=_unicode(content),
        title=_title(given.get("title"), metadata, repairs),
        raw_score=_score(given.get("score"), repairs),
        metadata=metadata,
    )


def _metadata(given: object, repairs: Counter[str]) -> dict[str, Any]:
    if not isinstance(given, dict):
        repairs["had no metadata object (an empty one taken)"] += 1
        return {}
    try:
        return {_unicode(str(name)): _clean(value) for name, value in given.items()}
    except RecursionError:
        repairs["had metadata that are nested too deeply (none taken)"] += 1
        return {}


def _score(given: object, repairs: Counter[str]) -> float:
    try:
        score = math.nan if isinstance(given, bool) else float(cast("str", given))
    except (TypeError, ValueError, OverflowError):
        score = math.nan
    if math.isnan(score):
        repairs["had no score (0 taken)"] += 1
        return 0.0
    if isinstance(given, str):
        repairs["had their score as text (read as a number)"] += 1
    if not 0 <= score <= 1:
        repairs["had a score outside 0 to 1 (the nearer of the two taken)"] += 1
    return score


def _title(given: object, metadata: Mapping[str, Any], repairs: Counter[str]) -> str:
    if isinstance(given, str) and given.strip():
        return _unicode(given)
    repairs["had no title (taken from the metadata)"] += 1
    named = (metadata.get(name) for name in _TITLES)
    return next((value for value in named if isinstance(value, str) and value.strip()), UNTITLED)


def _clean(value: Any, depth: int = 0) -> Any:
    """Text without lone surrogates, lists as tuples, null for numbers that JSON does not have."""
    if depth > MOST_NESTED:
        raise RecursionError("nested too deeply")
    if isinstance(value, str):
        return _unicode(value)
    if isinstance(value, list):
        return tuple(_clean(item, depth + 1) for item in value)
    if isinstance(value, dict):
        return {_unicode(str(name)): _clean(item, depth + 1) for name, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _unicode(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def to_hits(records: Sequence[Record], base: KnowledgeBaseRef) -> tuple[Hit, ...]:
    """Hits in the order of the records. Ids come from document and content; positions count within a document, in
    the order of the hits, since the contract has none. What the server calls `document_id` tells documents apart,
    else their title does."""
    contents: dict[str, list[str]] = defaultdict(list)
    hits = []
    for record in records:
        document_id = identity.document_id(base.id, _document_key(record))
        contents[document_id].append(record.content)
        hits.append(
            Hit(
                score=record.score,
                content=record.content,
                context="",
                knowledge_base=base,
                document=DocumentRef(
                    id=document_id,
                    key=record.title,
                    name=record.title,
                    url=_url(record.metadata),
                    metadata=cast("Mapping[str, Value]", record.metadata),
                ),
                chunk=ChunkRef(
                    id=list(identity.chunk_ids(document_id, contents[document_id]))[-1],
                    position=len(contents[document_id]) - 1,
                    start=None,
                    end=None,
                ),
                locator=Locator(),
            )
        )
    return tuple(hits)


def _document_key(record: Record) -> str:
    given = record.metadata.get("document_id")
    return given if isinstance(given, str) and given else record.title


def _url(metadata: Mapping[str, Any]) -> str | None:
    url = metadata.get("url")
    return url if isinstance(url, str) and url.startswith(("http://", "https://")) else None
