"""The knowledge bases of a workspace behind the HTTP contract: which are meant, what is found, how it is written."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from knowledge.configuration import setting
from knowledge.filters import Filter
from knowledge.locators import plain_locator
from knowledge.many_bases import search_bases
from knowledge.plain import child_hit
from knowledge.plain import metadata as plain_metadata
from knowledge.search_options import Shown
from knowledge.server.answers import unknown_knowledge_base
from knowledge.server.asking import Question, Record
from knowledge.server.fitting import conditions_of_each
from knowledge.server.keys import conditions_of
from knowledge.store import fetched
from knowledge.types import Hit
from knowledge.workspace import Workspace

_log: Final = logging.getLogger(__name__)
WARMING_QUERY: Final = "warm up 预热"
"""Words of both kinds, so that both kinds of dictionary are read."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A knowledge base that can be asked."""

    id: str
    name: str
    is_external: bool
    """Whether another server answers for it."""


class WorkspaceBases:
    """Finds records in the knowledge bases of one workspace. Threads may share it."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def find(self, asked: Question) -> list[Record]:
        """The best of all bases asked, by score; ties in the order in which the bases were named.

        Raises `Refusal` for a base that is unknown or not of this key, `FilterError` for a condition that fits none.
        """
        meant = self._meant(asked)
        wheres = self._conditions(asked, meant)
        bases = [self._workspace.open(base.name) for base in meant]
        options: list[Shown] = [
            {"top_k": asked.top_k, "threshold": asked.threshold, "where": where} for where in wheres
        ]
        found = search_bases(
            asked.query, list(zip(bases, options, strict=True)), timeout_s=setting("search_timeout_s")
        )
        return [_record(hit) for hit in found]

    def warm(self) -> None:
        """Opens every index, loads every model, asks each base a question. A base that fails stops no other."""
        for base in self._known().values():
            try:
                if not base.is_external:
                    self._workspace.open(base.name).search(WARMING_QUERY, top_k=1)
            except Exception:
                fields = {"knowledge_base": base.name}
                _log.exception("a knowledge base cannot be searched", extra={"fields": fields})

    def _meant(self, asked: Question) -> list[_Known]:
        """Those named by id or name and joined with commas, each once."""
        by_id = self._known()
        by_name = {base.name: base for base in by_id.values()}
        found = {}
        for wanted in asked.knowledge_id.split(","):
            part = wanted.strip()
            base = by_id.get(part) or by_name.get(part)
            if base is None or (asked.key is not None and not asked.key.may_see(base.id)):
                raise unknown_knowledge_base(part)
            found[base.id] = base
        return list(found.values())

    def _known(self) -> dict[str, _Known]:
        with self._workspace.store.read() as connection:
            rows = fetched(connection, "SELECT id, name, indexing FROM knowledge_base ORDER BY name")
        return {id_: _Known(id_, name, indexing == "external") for id_, name, indexing in rows}

    def _conditions(self, asked: Question, meant: Sequence[_Known]) -> list[list[Filter]]:
        of_key = conditions_of(asked.key) if asked.key else None
        if asked.where is None and of_key is None:
            return [[] for _ in meant]
        fields = [None if base.is_external else self._workspace.open(base.name).fields for base in meant]
        return conditions_of_each(asked.where, of_key, fields)


def _record(hit: Hit) -> Record:
    """A hit as a record. What does not apply is left out: null is what clients stumble over.

    A metadata field of the document goes before ours of the same name: conditions mean that one.
    """
    document, place = hit.document, plain_locator(hit.locator)
    own = {
        "document_id": document.id,
        "document_name": document.name,
        "document_key": document.key,
        "knowledge_base_id": hit.knowledge_base.id,
        "knowledge_base_name": hit.knowledge_base.name,
        "chunk_id": hit.chunk.id,
        "position": hit.chunk.position,
        **({"created_at": _iso(document.created_at)} if document.created_at else {}),
        **({"updated_at": _iso(document.updated_at)} if document.updated_at else {}),
        **({"url": document.url} if document.url else {}),
        **({"headings": list(hit.chunk.headings)} if hit.chunk.headings else {}),
        **({"context": hit.context} if hit.context else {}),
        **({"origin": "generated"} if hit.chunk.origin == "generated" else {}),
        **({"locator": place} if place else {}),
        **({"children": [child_hit(child) for child in hit.children]} if hit.children else {}),
    }
    return {
        "content": hit.content if hit.answer is None else f"question:{hit.content} answer:{hit.answer}",
        "score": hit.score,
        "title": document.name,
        "metadata": {**own, **plain_metadata(document.metadata)},
    }


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
