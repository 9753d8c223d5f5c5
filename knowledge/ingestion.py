"""Sources into a knowledge base, exactly once: whatever happens in between, a document is all there or not at all.

A document is processed into a new version, invisible until its points are on disk; one SQL transaction then makes
it the active version and retires the one before. Many documents share that commit.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import sqlalchemy as sa

from knowledge import catalog, documents, identity, outbox, pictures, versions
from knowledge.attached import unpacked
from knowledge.commit_groups import commit_groups
from knowledge.documents import DocumentRecord
from knowledge.errors import EmptyDocument, ExtractionError, InputError
from knowledge.extraction import READ_AHEAD, ExtractionPool
from knowledge.generations import Generation
from knowledge.ingest_report import IngestedDocument, IngestReport, Outcome, Progress
from knowledge.ingest_tasks import Planning, Task
from knowledge.language_model import opened
from knowledge.languages import LanguageWatch
from knowledge.metadata import field_types
from knowledge.processing import ProcessRule
from knowledge.protocols import Index, LanguageModel
from knowledge.sources import Source, readable
from knowledge.types import Chunk, Document, Value
from knowledge.versions import NewVersion

if TYPE_CHECKING:
    from indexers.embedding_cache import EmbeddingUsage


@dataclass(frozen=True, slots=True, kw_only=True)
class _Processed:
    task: Task
    document: Document
    version: NewVersion
    inside: frozenset[str] = frozenset()
    """The keys of the files that were found in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Updated:
    task: Task
    previous: DocumentRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failed:
    task: Task
    error: str


_Item = _Processed | _Updated | _Failed


@dataclass
class Ingestion:
    """One call of `ingest`."""

    generation: Generation
    rule: ProcessRule
    workers: int
    metadata: Mapping[str, Value] = field(default_factory=dict)
    source_metadata: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    """Per key, on top of `metadata`."""
    force: bool = False
    retry: bool = False
    progress: Progress | None = None
    password: str | None = field(default=None, repr=False)
    """Of encrypted files."""

    _done: list[IngestedDocument] = field(default_factory=list)
    _languages: LanguageWatch = field(default_factory=LanguageWatch)
    _model: LanguageModel | None = None

    @cached_property
    def _planning(self) -> Planning:
        return Planning(
            generation=self.generation,
            rule=self.rule,
            metadata=self.metadata,
            source_metadata=self.source_metadata,
            force=self.force,
            retry=self.retry,
            has_password=self.password is not None,
            report=self._report,
        )

    def run(self, sources: Sequence[Source]) -> IngestReport:
        """Ingests every source; a file that cannot be read is in the report and stops nothing."""
        started = time.perf_counter()
        _check_distinct(sources)
        with self.generation.write_lock:
            self.generation.check_embedder()
            before = self._usage()
            self._declare_fields()
            with ExitStack() as stack:
                pool = stack.enter_context(ExtractionPool(self.workers, self.rule.reading(self.password)))
                self._model = stack.enter_context(opened(self.rule.llm))
                index: Index | None = None
                for group in commit_groups(self._items(sources, pool), _points):
                    index = index or stack.enter_context(self.generation.writing())
                    self._commit(index, group)
                if index is not None:
                    index.optimize()
                    self._sweep_pictures()
        return IngestReport(
            kb=self.generation.base.name,
            documents=tuple(sorted(self._done, key=lambda document: document.key)),
            seconds=time.perf_counter() - started,
            warnings=(
                *self._planning.warnings,
                *self._languages.warnings(self.generation.base.embedding, self.generation.embedder),
            ),
            embedding=after.since(before) if (after := self._usage()) and before else None,
        )

    def _usage(self) -> EmbeddingUsage | None:
        embedder = self.generation.embedder
        return embedder.usage if embedder else None

    def _declare_fields(self) -> None:
        wanted = field_types([self.metadata, *self.source_metadata.values()])
        if not wanted:
            return
        with self.generation.store.write() as connection:
            catalog.declare_fields(connection, self.generation.base.id, wanted)
        for name, kind in wanted.items():
            self.generation.index.declare_field(name, kind)

    def _items(self, sources: Sequence[Source], pool: ExtractionPool) -> Iterator[_Item]:
        """What must be committed, in order. Reads ahead so that the workers are never idle."""
        waiting: deque[tuple[Task, Future[Document] | None]] = deque()
        for task in self._planning.tasks(sources):
            waiting.append((task, self._start(task, pool)))
            if len(waiting) > self.workers * READ_AHEAD:
                yield from self._finish(*waiting.popleft())
        while waiting:
            yield from self._finish(*waiting.popleft())

    def _start(self, task: Task, pool: ExtractionPool) -> Future[Document] | None:
        if task.is_unchanged or task.source.document is not None:
            return None
        return pool.submit(task.data, task.source.name)

    def _finish(self, task: Task, future: Future[Document] | None) -> Iterator[_Item]:
        """The files inside come first: once the one around them is noted as read, all are there."""
        if task.is_unchanged and task.previous is not None:
            yield _Updated(task=task, previous=task.previous)
            return
        try:
            document = future.result() if future else task.source.document or Document(text="")
        except ExtractionError as error:
            yield _Failed(task=task, error=str(error))
            return
        document, inside = unpacked(task.source, document)
        for attached in self._planning.attached(task, inside):
            yield from self._finish(attached, None)
        yield self._cut(task, document, frozenset(source.key for source in inside))

    def _cut(self, task: Task, document: Document, inside: frozenset[str]) -> _Item:
        try:
            if inside and not document.text.strip():
                return self._processed(task, document, [], inside)
            rule = task.source.rule or self.rule
            cleaned, chunks = rule.apply(document, self._model)
            check_text(task.source, cleaned, chunks)
        except (ExtractionError, InputError) as error:
            if not inside:
                return _Failed(task=task, error=str(error))
            # What is inside counts, be there nothing to find in the text around it.
            noticed = replace(document, warnings=(*document.warnings, str(error)))
            return self._processed(task, noticed, [], inside)
        return self._processed(task, cleaned, chunks, inside)

    def _processed(
        self, task: Task, document: Document, chunks: Sequence[Chunk], inside: frozenset[str]
    ) -> _Processed:
        base_id = self.generation.base.id
        version = NewVersion(
            id=identity.new_version(),
            document_id=identity.document_id(base_id, task.source.key),
            knowledge_base_id=base_id,
            text=document.text,
            chunks=tuple(chunks),
            images=document.images,
        )
        return _Processed(task=task, document=document, version=version, inside=inside)

    def _record(self, task: Task) -> DocumentRecord:
        """The document's row as it was, or a new one, with this attempt noted."""
        record = task.previous or self._new_record(task)
        return replace(
            record,
            status="completed",
            error=None,
            content_sha256=task.digest,
            process_signature=task.signature,
            metadata=task.metadata,
            updated_at=time.time(),
            source=readable(str(task.source.path.resolve())) if task.source.path else None,
            parent_id=task.parent_id,
        )

    def _new_record(self, task: Task) -> DocumentRecord:
        base_id = self.generation.base.id
        return DocumentRecord(
            id=identity.document_id(base_id, task.source.key),
            knowledge_base_id=base_id,
            key=task.source.key,
            name=task.source.name,
            status="completed",
            content_sha256=task.digest,
            process_signature=task.signature,
        )

    def _commit(self, index: Index, group: Sequence[_Item]) -> None:
        """Points on disk first, then the switch that makes them count, then the clearing up."""
        base_id = self.generation.base.id
        processed = [item for item in group if isinstance(item, _Processed)]
        refused = self._write_versions(index, processed)
        group = [_refused(item, refused) for item in group]
        processed = [item for item in group if isinstance(item, _Processed)]
        records = [self._outcome(item) for item in group]
        before = _versions_before(processed)
        updated = [item.previous.active_version for item in group if isinstance(item, _Updated)]
        with self.generation.store.write() as connection:
            records, renewed = self._with_metadata_of_now(connection, group, records)
            documents.save(connection, records)
            versions.retire(connection, base_id, [*before, *refused])
            for read in processed:
                documents.remove_attached(connection, read.version.document_id, read.inside)
            told = [version for version in (*updated, *renewed) if version]
            outbox.announce(connection, base_id, "payload", told)
        self.generation.drain()
        for item, record in zip(group, records, strict=True):
            self._report(item.task.source, record, _status(item), record.error)

    def _with_metadata_of_now(
        self, connection: sa.Connection, group: Sequence[_Item], records: Sequence[DocumentRecord]
    ) -> tuple[list[DocumentRecord], list[str | None]]:
        """The rows with the metadata that another process may have set since the documents were read, and the
        versions whose points have yet to hear of it."""
        stored = documents.by_keys(connection, self.generation.base.id, [record.key for record in records])
        current, renewed = [], []
        for item, record in zip(group, records, strict=True):
            previous, now = item.task.previous, stored.get(record.key)
            if previous and now and now.metadata != previous.metadata:
                given = {} if isinstance(item, _Failed) else item.task.given
                record = replace(record, metadata={**now.metadata, **given})
                renewed.append(record.active_version)
            current.append(record)
        return current, renewed

    def _write_versions(self, index: Index, processed: Sequence[_Processed]) -> Mapping[str, str]:
        """Stores new versions and their points, which nobody sees yet; returns those that lack a vector, and why."""
        if not processed:
            return {}
        with self.generation.store.write() as connection:
            chunks = versions.add_versions(connection, [item.version for item in processed])
            images = {item.version.id: item.version.images for item in processed}
            pictures.keep(connection, self.generation.workspace, images)
            chunks = versions.with_kept_keywords(connection, chunks, _versions_before(processed))
        metadata = {item.version.id: item.task.metadata for item in processed}
        refused = self.generation.add(index, chunks, metadata)
        if self.generation.embedder is not None:
            for item in processed:
                self._languages.add(item.document.text)
        return refused

    def _sweep_pictures(self) -> None:
        with self.generation.store.write() as connection:
            pictures.sweep(connection, self.generation.workspace)

    def _outcome(self, item: _Item) -> DocumentRecord:
        """The row to write. After a failure the last good version, if there is one, stays as it was."""
        record = self._record(item.task)
        if isinstance(item, _Updated):
            return replace(item.previous, metadata=item.task.metadata, updated_at=record.updated_at)
        if isinstance(item, _Failed):
            kept = item.task.previous.metadata if item.task.previous else item.task.metadata
            return replace(record, status="error", error=item.error, metadata=kept)
        return replace(
            record,
            active_version=item.version.id,
            chunks=len(item.version.chunks),
            characters=len(item.document.text),
            warnings=(*item.document.warnings, *_moved(item.task, record)),
        )

    def _report(
        self, source: Source, record: DocumentRecord | None, status: Outcome, error: str | None = None
    ) -> None:
        ingested = IngestedDocument(
            id=identity.document_id(self.generation.base.id, source.key),
            key=source.key,
            name=source.name,
            status=status,
            chunks=record.chunks if record else 0,
            characters=record.characters if record else 0,
            error=error,
            warnings=record.warnings if record and status != "error" else (),
        )
        self._done.append(ingested)
        if self.progress:
            self.progress(ingested)


def _refused(item: _Item, refused: Mapping[str, str]) -> _Item:
    """A failure where the version of `item` is one of those."""
    if isinstance(item, _Processed) and item.version.id in refused:
        return _Failed(task=item.task, error=refused[item.version.id])
    return item


def _versions_before(processed: Sequence[_Processed]) -> list[str]:
    """What these documents are now, as far as they were read before."""
    before = (item.task.previous.active_version for item in processed if item.task.previous)
    return [version for version in before if version]


def _status(item: _Item) -> Outcome:
    if isinstance(item, _Failed):
        return "error"
    if isinstance(item, _Updated):
        return "updated"
    previous = item.task.previous
    return "replaced" if previous and previous.active_version else "completed"


def _check_distinct(sources: Sequence[Source]) -> None:
    repeated = [key for key, count in Counter(source.key for source in sources).items() if count > 1]
    if repeated:
        raise InputError(f"the key {repeated[0]!r} is given more than once; every source needs its own")


def check_text(source: Source, document: Document, chunks: Sequence[Chunk]) -> None:
    """Raises `ExtractionError` for what cannot be stored or found."""
    if not chunks:
        raise EmptyDocument(f"{source.name} holds no text; there is nothing to search in it")
    try:
        document.text.encode()
    except UnicodeEncodeError as error:
        raise ExtractionError(
            f"{source.name} is not valid Unicode at character {error.start}; allowed: text without lone surrogates"
        ) from None


def _moved(task: Task, record: DocumentRecord) -> tuple[str, ...]:
    """A warning when another file took this one's key: files of two folders may share a relative path."""
    before = task.previous.source if task.previous else None
    if before is None or record.source is None or before == record.source:
        return ()
    return (f"replaced the document of {before}, which is known by the same key",)


def _points(item: _Item) -> int:
    """How many chunks and children it brings."""
    return item.version.points if isinstance(item, _Processed) else 0
