"""Files through a pipeline into a knowledge base: a run for each, and each run is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from knowledge import identity
from knowledge.errors import InputError, KnowledgeError
from knowledge.pipeline import history
from knowledge.pipeline.changes import Seen, Synchronized, synchronize
from knowledge.pipeline.dsl import Pipeline, write_pipeline
from knowledge.pipeline.entrances import entered
from knowledge.pipeline.environment import with_secrets, without_secrets
from knowledge.pipeline.files import File
from knowledge.pipeline.problems import check
from knowledge.pipeline.publishing import check_fits
from knowledge.pipeline.running import PipelineRun, run_pipeline
from knowledge.pipeline.sources import DataSource, Entry, entries_of
from knowledge.pipeline.tools import NO_TOOLS, DocumentContext, Tools
from knowledge.pipeline.variables import plain

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from knowledge.knowledge_base import KnowledgeBase
    from knowledge.protocols import LanguageModel
    from knowledge.types import Value
    from knowledge.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRun:
    """What became of one file. `run_id` is that of the history, None where nothing is kept."""

    key: str
    run: PipelineRun
    run_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """How files are run. Without a knowledge base every run is a preview, and nothing is kept."""

    pipeline: Pipeline
    kb: KnowledgeBase | None = None
    workspace: Workspace | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """The form's values, by name."""
    entrance: str | None = None
    """Its id or title; else the first that takes the file."""
    until: str | None = None
    """A node: only what it needs is run, and itself. Nothing is stored."""
    preview: bool = False
    llm: str | None = None
    """The spec of the language model that nodes may ask."""
    metadata: Mapping[str, Value] = field(default_factory=dict)

    def runs(self, sources: Iterable[DataSource]) -> Iterator[DocumentRun]:
        """Runs the pipeline on each file of the sources; one that fails stops no other.

        Raises `BrokenPipeline`, and `InputError` for a knowledge base that cannot hold what the pipeline makes.
        """
        self.check()
        seen: dict[str, DataSource] = {}
        for source in sources:
            for entry in entries_of(source):
                other = seen.setdefault(entry.key, source)
                if other.id != source.id:
                    error = f"it would have the key of a file of {other.name}; run their common folder, or rename one"
                    yield DocumentRun(key=entry.key, run=_failed(error, time.time()))
                else:
                    yield self._fetched_and_run(source, entry)

    def synchronize(self, source: DataSource) -> Synchronized:
        """Runs the pipeline on what is new or changed in a source since the last time, and removes from the knowledge
        base the documents of what is gone; documents that another source gave fail. Needs a knowledge base; raises as
        `runs` does."""
        self.check()
        if self.kb is None or self.workspace is None or self.is_preview:
            raise InputError("to synchronize needs a knowledge base, and is no preview; name one with --kb")
        seen = Seen.of(self.workspace.folder, self.kb.id, source)
        signature = identity.signature(
            [write_pipeline(without_secrets(self.pipeline)), plain(self.inputs), self.entrance, self.llm]
        )
        return synchronize(
            source, self.kb, seen, lambda key, file: self.run(key, file).run.error, signature=signature
        )

    def check(self) -> None:
        """Raises what would make every run fail."""
        check(self.pipeline)
        if self.kb is not None:
            check_fits(self.kb, self.pipeline)

    def run(self, key: str, file: File) -> DocumentRun:
        """Runs the pipeline on one file, whose document has this key."""
        return self._kept(key, self._ran(key, file))

    def _fetched_and_run(self, source: DataSource, entry: Entry) -> DocumentRun:
        try:
            file = source.fetch(entry)
        except KnowledgeError as error:
            return DocumentRun(key=entry.key, run=_failed(str(error), time.time()))
        return self.run(entry.key, file)

    @property
    def is_preview(self) -> bool:
        return self.preview or self.kb is None or self.until is not None

    def _kept(self, key: str, run: PipelineRun) -> DocumentRun:
        if self.kb is None or self.workspace is None or self.workspace.store.is_read_only:
            return DocumentRun(key=key, run=run)
        kept = history.record(
            self.workspace.store, self.kb.id, key, self.inputs, run, preview=self.is_preview
        )
        return DocumentRun(key=key, run=run, run_id=kept.id)

    def _ran(self, key: str, file: File) -> PipelineRun:
        started_at = time.time()
        try:
            return run_pipeline(
                with_secrets(self.pipeline),
                entered(self.pipeline, file, self.entrance),
                inputs=self.inputs,
                system=self._system(key, file),
                tools=self._tools(key, file),
                until=self.until,
            )
        except KnowledgeError as error:
            return _failed(str(error), started_at)

    def _tools(self, key: str, file: File) -> Tools:
        return Tools(
            workspace=self.workspace,
            knowledge_base=self.kb,
            open_model=_opener(self.llm) if self.llm else NO_TOOLS.open_model,
            preview=self.is_preview,
            document=DocumentContext(key=key, name=file.name, metadata=self.metadata),
        )

    def _system(self, key: str, file: File) -> dict[str, Any]:
        """What the run knows of itself, by Dify's names."""
        base_id = self.kb.id if self.kb is not None else ""
        return {
            "dataset_id": base_id,
            "document_id": identity.document_id(base_id, key) if base_id else "",
            "original_document_id": "",
            "batch": identity.new_version(),
            "datasource_type": "website_crawl" if file.url else "local_file",
            "datasource_info": {"name": file.name, "size": file.size, "extension": file.extension},
            "invoke_from": "debugger" if self.is_preview else "published",
            "user_id": "",
        }


def _failed(error: str, started_at: float) -> PipelineRun:
    """A run that ended before its first node."""
    return PipelineRun(
        status="failed",
        nodes=(),
        outputs={},
        error=error,
        started_at=started_at,
        seconds=time.time() - started_at,
    )


def _opener(spec: str) -> Callable[[], AbstractContextManager[LanguageModel]]:
    from knowledge.language_model import opened

    return cast("Callable[[], AbstractContextManager[LanguageModel]]", partial(opened, spec))
