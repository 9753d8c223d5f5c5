"""Documents of several runs stored together, as an ingestion does it: one that fails leaves the others alone."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from knowledge.errors import KnowledgeError
from knowledge.pipeline.running import PipelineRun, after_storing

if TYPE_CHECKING:
    from knowledge.ingest_report import IngestedDocument
    from knowledge.knowledge_base import KnowledgeBase
    from knowledge.pipeline.new_document import NewDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A run, and the document that it made and nobody finds yet; None where there is none to store."""

    key: str
    run: PipelineRun
    document: NewDocument | None = None

    @property
    def points(self) -> int:
        return self.document.points if self.document else 0


def stored(kb: KnowledgeBase, group: Sequence[Ran]) -> list[PipelineRun]:
    """What became of the runs, in their order, once their documents are in `kb` by one commit; each has its part of
    the time that this took. A document that fails leaves what it was before."""
    made = [one.document for one in group if one.document]
    started = time.perf_counter()
    settled = ingested(kb, made) if made else {}
    seconds_a_point = (time.perf_counter() - started) / max(1, sum(one.points for one in group))
    return [
        after_storing(
            one.run,
            seconds=one.points * seconds_a_point,
            error=settled[one.key].error,
            warnings=settled[one.key].warnings,
        )
        if one.document
        else one.run
        for one in group
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of a document: what went wrong, None when it is stored, and what is to be told of it."""

    error: str | None = None
    warnings: tuple[str, ...] = ()


def ingested(kb: KnowledgeBase, documents: Iterable[NewDocument]) -> dict[str, Settled]:
    """What became of each, by key; where all failed for one reason, each has it."""
    made = {document.context.key: document for document in documents}
    settled: dict[str, Settled] = {}

    def note(document: IngestedDocument) -> None:
        error = document.error if document.status == "error" else None
        settled[document.key] = Settled(error=error, warnings=document.warnings)

    try:
        kb.ingest_sources(
            [document.source for document in made.values()],
            source_metadata={key: document.context.metadata for key, document in made.items()},
            retry=True,
            progress=note,
        )
    except KnowledgeError as error:
        return {key: settled.get(key, Settled(error=str(error))) for key in made}
    return settled
