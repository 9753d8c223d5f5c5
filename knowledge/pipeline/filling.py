"""Files through a pipeline into a knowledge base: a run for each, and each run is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from knowledge import identity
from knowledge.commit_groups import commit_groups
from knowledge.configuration import setting
from knowledge.errors import InputError, KnowledgeError
from knowledge.pipeline import history
from knowledge.pipeline.asked_model import AskedModel, asked_model
from knowledge.pipeline.changes import Owners, Seen, Synchronized, synchronize
from knowledge.pipeline.checking import check
from knowledge.pipeline.dsl import Pipeline, write_pipeline
from knowledge.pipeline.entrances import entered, named_entrance
from knowledge.pipeline.environment import (
    secret_values,
    with_secrets,
    without_secret_values,
    without_secrets,
)
from knowledge.pipeline.fetching import Fetched, UntilError, all_fetched, read_ahead
from knowledge.pipeline.files import File
from knowledge.pipeline.masking import masked
from knowledge.pipeline.node_types import ENTRANCE
from knowledge.pipeline.publishing import check_fits
from knowledge.pipeline.running import PipelineRun, check_node, form_values, run_pipeline
from knowledge.pipeline.sources import DataSource
from knowledge.pipeline.storing import Ran, stored
from knowledge.pipeline.tools import DocumentContext, Tools
from knowledge.pipeline.variables import plain

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from knowledge.knowledge_base import KnowledgeBase
    from knowledge.pipeline.new_document import NewDocument
    from knowledge.types import Value
    from knowledge.workspace import Workspace

_ASKING: Final = frozenset({"llm", "parameter-extractor"})
"""Nodes that take seconds: each document is stored when its run is over, and waits for no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRun:
    """What became of one file, without the values of secrets. `run_id` is that of the history, None where nothing is
    kept."""

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
    password: str | None = field(default=None, repr=False)
    """Of encrypted files; kept nowhere."""
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
        with self._asked() as asked:
            yield from self._all(all_fetched(sources), asked)

    def synchronize(
        self, source: DataSource, *, allow_empty: bool = False, progress: Progress | None = None
    ) -> Synchronized:
        """Runs the pipeline on what is new or changed in a source since the last time, and removes from the knowledge
        base the documents of what is gone; documents that another source gave fail.

        Needs a knowledge base. Raises as `runs` does, and `InputError` for a source that lists nothing any more,
        unless `allow_empty`; then nothing is removed. `progress` is told of every run as soon as it is over.
        """
        (found,) = self.synchronize_all([source], allow_empty=allow_empty, progress=progress)
        return found

    def synchronize_all(
        self,
        sources: Iterable[DataSource],
        *,
        allow_empty: bool = False,
        progress: Progress | None = None,
    ) -> Iterator[Synchronized]:
        """`synchronize` of one source after the other, which reads what it has to know of all others once."""
        self.check()
        if self.kb is None or self.workspace is None or self.is_preview:
            raise InputError("to synchronize needs a knowledge base, and is no preview; name one with --kb")
        folder, owners = self.workspace.folder, Owners.of(self.workspace.folder, self.kb)
        signature = identity.signature(
            [write_pipeline(without_secrets(self.pipeline)), plain(self.inputs), self.entrance, self.llm]
        )

        def process(files: Iterator[Fetched]) -> Iterator[tuple[str, str | None]]:
            for done in self._all(files, asked):
                if progress is not None:
                    progress(done)
                yield done.key, done.run.error

        with self._asked() as asked:
            for source in sources:
                seen = Seen.of(folder, self.kb.id, source)
                yield synchronize(
                    source, self.kb, seen, process, owners, signature=signature, allow_empty=allow_empty
                )

    def check(self) -> None:
        """Raises what would make every run fail."""
        check(self.pipeline)
        if self.kb is not None:
            check_fits(self.kb, self.pipeline)
        check_node(self.pipeline, self.until)
        self._check_form()
        with self._asked():  # nothing is sent; a name that is none is told
            pass

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
        with self._asked() as asked:
            (done,) = self._done([self._ran(self._openable(Fetched(key=key, file=file)), asked)])
        return done

    def _all(self, files: Iterator[Fetched], asked: AskedModel) -> Iterator[DocumentRun]:
        """As their documents are stored. An error that ends `files` is raised after the runs before it."""
        listed = UntilError(map(self._openable, files))
        workers = setting("workers", self.workers)
        with closing(read_ahead(listed, workers, self.password, lambda: asked.is_over)) as ahead:
            for group in self._groups(self._ran_all(ahead, asked)):
                yield from self._done(group)
        if listed.error is not None:
            raise listed.error

    def _openable(self, one: Fetched) -> Fetched:
        """With the password of its file."""
        if isinstance(one.file, KnowledgeError):
            return one
        return replace(one, file=replace(one.file, password=self.password))

    @property
    def _asks(self) -> bool:
        return any(node.type in _ASKING for node in self.pipeline.nodes)

    def _asked(self) -> AbstractContextManager[AskedModel]:
        """The model of all runs."""
        return asked_model(self.llm if self._asks else None)

    def _groups(self, ran: Iterator[Ran]) -> Iterator[list[Ran]]:
        if self.is_preview or self._asks:
            return ([one] for one in ran)
        return commit_groups(ran, lambda one: one.points)

    @property
    def is_preview(self) -> bool:
        return self.preview or self.kb is None or self.until is not None

    def _done(self, group: Sequence[Ran]) -> list[DocumentRun]:
        """The runs of a group after its documents are stored, and they themselves kept. Nobody sees a secret in them,
        as terminals and logs are read by others too."""
        secrets = secret_values(self.pipeline)
        ended = [one.run for one in group] if self.kb is None else stored(self.kb, group)
        runs = [without_secret_values(run, secrets) for run in ended]
        ids = self._recorded([(one.key, run) for one, run in zip(group, runs, strict=True)], secrets)
        return [
            DocumentRun(key=one.key, run=run, run_id=run_id)
            for one, run, run_id in zip(group, runs, ids, strict=True)
        ]

    def _recorded(
        self, runs: Sequence[tuple[str, PipelineRun]], secrets: Sequence[str]
    ) -> Sequence[str | None]:
        """The ids of the runs in the history, which keeps none that was not begun."""
        begun = [(key, run) for key, run in runs if run.status != "not-run"]
        if not begun or self.kb is None or self.workspace is None or self.workspace.store.is_read_only:
            return [None] * len(runs)
        inputs = masked(self.inputs, secrets)
        store, base_id = self.workspace.store, self.kb.id
        ids = iter(history.record(store, base_id, inputs, begun, preview=self.is_preview))
        return [None if run.status == "not-run" else next(ids) for _, run in runs]

    def _ran_all(self, files: Iterable[Fetched], asked: AskedModel) -> Iterator[Ran]:
        """Until the model refuses everything; the others are not begun then."""
        for one in files:
            if asked.is_over:
                yield Ran(key=one.key, run=_not_run(asked.refusal))
                continue
            ran = self._ran(one, asked)
            asked.note(ran.run.error)
            yield ran

    def _ran(self, fetched: Fetched, asked: AskedModel) -> Ran:
        started_at, key = time.time(), fetched.key
        made: list[NewDocument] = []
        try:
            file = fetched.opened()
            run = run_pipeline(
                with_secrets(self.pipeline),
                entered(self.pipeline, file, self.entrance),
                inputs=self.inputs,
                system=self._system(key, file),
                tools=self._tools(key, file, asked, made.append),
                until=self.until,
                is_checked=True,
            )
        except KnowledgeError as error:
            return Ran(key=key, run=_failed(str(error), started_at))
        return Ran(key=key, run=run, document=made[0] if made and run.status != "failed" else None)

    def _tools(self, key: str, file: File, asked: AskedModel, store: Callable[[NewDocument], None]) -> Tools:
        return Tools(
            workspace=self.workspace,
            knowledge_base=self.kb,
            open_model=asked.asked if asked.model else None,
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


def _not_run(refusal: str | None) -> PipelineRun:
    return PipelineRun(
        status="not-run",
        nodes=(),
        outputs={},
        error=f"the language model answers nothing any more: {refusal}",
        started_at=time.time(),
    )
