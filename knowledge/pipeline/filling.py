"""Files through a pipeline into a knowledge base: a run for each, and each run is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from knowledge import identity
from knowledge.commit_groups import commit_groups
from knowledge.configuration import setting
from knowledge.errors import InputError, KnowledgeError, NotFound
from knowledge.pipeline import history
from knowledge.pipeline.changes import Seen, Synchronized, synchronize
from knowledge.pipeline.checking import check
from knowledge.pipeline.dsl import Pipeline, write_pipeline
from knowledge.pipeline.entrances import entered, named_entrance
from knowledge.pipeline.environment import (
    secret_values,
    with_secrets,
    without_secret_values,
    without_secrets,
)
from knowledge.pipeline.fetching import Fetched, UntilError, fetched, read_ahead
from knowledge.pipeline.files import File
from knowledge.pipeline.masking import masked
from knowledge.pipeline.node_types import ENTRANCE
from knowledge.pipeline.publishing import check_fits
from knowledge.pipeline.running import PipelineRun, check_node, form_values, run_checked
from knowledge.pipeline.sources import DataSource, entries_of
from knowledge.pipeline.storing import Ran, stored
from knowledge.pipeline.tools import DocumentContext, Tools
from knowledge.pipeline.variables import plain

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from knowledge.knowledge_base import KnowledgeBase
    from knowledge.pipeline.new_document import NewDocument
    from knowledge.protocols import LanguageModel
    from knowledge.types import Value
    from knowledge.workspace import Workspace

_ASKING: Final = frozenset({"llm", "parameter-extractor"})
"""Nodes that take seconds: each document is stored when its run is over, and waits for no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRun:
    """What became of one file. `run_id` is that of the history, None where nothing is kept."""

    key: str
    run: PipelineRun
    run_id: str | None = None


Progress = Callable[[DocumentRun], None]


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
    workers: int | None = None
    """Processes that read files; None: as the settings say."""
    batch: str = field(default_factory=identity.new_version)
    """Names these runs together, as Dify names those of files that were uploaded together."""

    def runs(self, sources: Iterable[DataSource]) -> Iterator[DocumentRun]:
        """Runs the pipeline on each file of the sources; one that fails stops no other.

        Documents are stored in groups, as an ingestion does it, and a run is over when its document is stored; one
        that asks a language model waits for no other. Raises `BrokenPipeline`, `InputError` for a knowledge base that
        cannot hold what the pipeline makes, and `KnowledgeError` when a source cannot be listed to its end, after the
        runs before that.
        """
        self.check()
        yield from self._all(_fetched(sources))

    def synchronize(
        self, source: DataSource, *, allow_empty: bool = False, progress: Progress | None = None
    ) -> Synchronized:
        """Runs the pipeline on what is new or changed in a source since the last time, and removes from the knowledge
        base the documents of what is gone; documents that another source gave fail.

        Needs a knowledge base. Raises as `runs` does, and `InputError` for a source that lists nothing any more,
        unless `allow_empty`; then nothing is removed. `progress` is told of every run as soon as it is over.
        """
        self.check()
        if self.kb is None or self.workspace is None or self.is_preview:
            raise InputError("to synchronize needs a knowledge base, and is no preview; name one with --kb")
        seen = Seen.of(self.workspace.folder, self.kb.id, source)
        signature = identity.signature(
            [write_pipeline(without_secrets(self.pipeline)), plain(self.inputs), self.entrance, self.llm]
        )

        def process(files: Iterator[Fetched]) -> Iterator[tuple[str, str | None]]:
            for done in self._all(files):
                if progress is not None:
                    progress(done)
                yield done.key, done.run.error

        return synchronize(source, self.kb, seen, process, signature=signature, allow_empty=allow_empty)

    def check(self) -> None:
        """Raises what would make every run fail."""
        check(self.pipeline)
        if self.kb is not None:
            check_fits(self.kb, self.pipeline)
        check_node(self.pipeline, self.until)
        self._check_form()

    def _check_form(self) -> None:
        """Whether there is an entrance for which the form is filled in rightly."""
        nodes = self.pipeline.of_type(ENTRANCE)
        if self.entrance:
            nodes = (named_entrance(self.pipeline, self.entrance),)
        errors = []
        for node in nodes:
            try:
                form_values(self.pipeline, node.id, self.inputs)
            except InputError as error:
                errors.append(error)
        if len(errors) == len(nodes):
            raise errors[0]

    def run(self, key: str, file: File) -> DocumentRun:
        """Runs the pipeline on one file, whose document has this key. Raises as `runs` does."""
        self.check()
        (done,) = self._done([self._ran(Fetched(key=key, file=file))])
        return done

    def _all(self, files: Iterator[Fetched]) -> Iterator[DocumentRun]:
        """As their documents are stored. An error that ends `files` is raised after the runs before it."""
        listed = UntilError(files)
        with closing(read_ahead(listed, setting("workers", self.workers))) as ahead:
            for group in self._groups(map(self._ran, ahead)):
                yield from self._done(group)
        if listed.error is not None:
            raise listed.error

    def _groups(self, ran: Iterator[Ran]) -> Iterator[list[Ran]]:
        if self.is_preview or any(node.type in _ASKING for node in self.pipeline.nodes):
            return ([one] for one in ran)
        return commit_groups(ran, lambda one: one.points)

    @property
    def is_preview(self) -> bool:
        return self.preview or self.kb is None or self.until is not None

    def _done(self, group: Sequence[Ran]) -> list[DocumentRun]:
        """The runs of a group after its documents are stored, and they themselves kept."""
        runs = [one.run for one in group] if self.kb is None else stored(self.kb, group)
        ids = self._recorded([(one.key, run) for one, run in zip(group, runs, strict=True)])
        return [
            DocumentRun(key=one.key, run=run, run_id=run_id)
            for one, run, run_id in zip(group, runs, ids, strict=True)
        ]

    def _recorded(self, runs: Sequence[tuple[str, PipelineRun]]) -> Sequence[str | None]:
        if self.kb is None or self.workspace is None or self.workspace.store.is_read_only:
            return [None] * len(runs)
        inputs = masked(self.inputs, secret_values(self.pipeline))
        shown = [(key, without_secret_values(run, self.pipeline)) for key, run in runs]
        return history.record(self.workspace.store, self.kb.id, inputs, shown, preview=self.is_preview)

    def _ran(self, fetched: Fetched) -> Ran:
        started_at, key = time.time(), fetched.key
        made: list[NewDocument] = []
        try:
            file = fetched.opened()
            run = run_checked(
                with_secrets(self.pipeline),
                entered(self.pipeline, file, self.entrance),
                inputs=self.inputs,
                system=self._system(key, file),
                tools=self._tools(key, file, made.append),
                until=self.until,
            )
        except KnowledgeError as error:
            return Ran(key=key, run=_failed(str(error), started_at))
        return Ran(key=key, run=run, document=made[0] if made and run.status != "failed" else None)

    def _tools(self, key: str, file: File, store: Callable[[NewDocument], None]) -> Tools:
        return Tools(
            workspace=self.workspace,
            knowledge_base=self.kb,
            open_model=_opener(self.llm) if self.llm else None,
            preview=self.is_preview,
            document=DocumentContext(key=key, name=file.name, metadata=self.metadata),
            store=store,
        )

    def _system(self, key: str, file: File) -> dict[str, Any]:
        """What the run knows of itself, by Dify's names."""
        base_id = self.kb.id if self.kb is not None else ""
        return {
            "dataset_id": base_id,
            "document_id": identity.document_id(base_id, key) if base_id else "",
            "original_document_id": "",
            "batch": self.batch,
            "datasource_type": "website_crawl" if file.url else "local_file",
            "datasource_info": {
                "name": file.name,
                "size": file.size,
                "extension": file.extension.removeprefix("."),
            },
            "invoke_from": "debugger" if self.is_preview else "published",
            "user_id": "",
        }


def _fetched(sources: Iterable[DataSource]) -> Iterator[Fetched]:
    """The files of all sources, each key once."""
    taken: dict[str, DataSource] = {}
    for source in sources:
        is_empty = True
        for entry in entries_of(source):
            is_empty, other = False, taken.get(entry.key)
            if other is None:
                taken[entry.key] = source
                yield fetched(source, entry)
            elif other.id != source.id:
                told = (
                    f"it would have the key of a file of {other.name}; run their common folder, or rename one"
                )
                yield Fetched(key=entry.key, file=InputError(told))
        if is_empty:
            raise NotFound(f"no files in {source.name!r}; hidden files and workspaces are left out")


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
