"""What is asked and what is found: the shape between the HTTP contract and whatever finds passages."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from knowledge.filters import Filter

if TYPE_CHECKING:
    from knowledge.server.keys import ApiKey

Record = dict[str, Any]
"""`content`, `score` in [0, 1], `title`, and `metadata`, which is always an object."""

Retrieve = Callable[[str, str, int | None, float | None, Filter | None], Iterable[Mapping[str, Any]]]
"""retrieve(knowledge_id, query, top_k, score_threshold, where) → records. None means: as you see fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question as it came over HTTP, and the key that it came with."""

    knowledge_id: str
    query: str
    top_k: int | None = None
    threshold: float | None = None
    where: Filter | None = None
    key: ApiKey | None = None


Finder = Callable[[Question], Sequence[Record]]
"""Finds the records that answer a question, best first."""


def finder_of(retrieve: Retrieve) -> Finder:
    """A finder that asks a plain function, and sees to it that the answer keeps the contract."""

    def find(asked: Question) -> list[Record]:
        found = retrieve(asked.knowledge_id, asked.query, asked.top_k, asked.threshold, asked.where)
        records = [_record(record) for record in found]
        enough = [
            record for record in records if asked.threshold is None or record["score"] >= asked.threshold
        ]
        return sorted(enough, key=lambda record: -record["score"])[: asked.top_k]

    return find


def _record(given: Mapping[str, Any]) -> Record:
    """Dify loses a record whose metadata or score is null."""
    return {
        "content": str(given["content"]),
        "score": _score(given.get("score")),
        "title": str(given.get("title") or ""),
        "metadata": dict(given.get("metadata") or {}),
    }


def _score(given: Any) -> float:
    score = float(given or 0.0)
    return min(max(score, 0.0), 1.0) if math.isfinite(score) else 0.0
