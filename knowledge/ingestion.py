"""Sources into a knowledge base, exactly once: whatever happens in between, a document is all there or not at all.

A document is processed into a new version, invisible until its points are on disk; one SQL transaction then makes
it the active version and retires the one before. Many documents share that commit.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Final

from knowledge import catalog, documents, identity, outbox, versions
from knowledge.documents import DocumentRecord
from knowledge.errors import EmptyDocument, ExtractionError, InputError
from knowledge.extraction import ExtractionPool
from knowledge.generations import Generation
from knowledge.ingest_report import IngestedDocument, IngestReport, Outcome, Progress
from knowledge.languages import LanguageWatch
from knowledge.metadata import field_types
from knowledge.processing import ProcessRule
from knowledge.sources import Source
from knowledge.types import Chunk, Document, Value
from knowledge.versions import NewVersion

COMMIT_CHUNKS: Final = 1000
COMMIT_SECONDS: Final = 1.0
READ_AHEAD: Final = 4
"""Files per worker that are read before their turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """A source that must be processed."""

    source: Source
    data: bytes
    """What was hashed is what is read: the file may change in between."""
    digest: str
    previous: DocumentRecord | None
    metadata: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Processed:
    task: _Task
    document: Document
    version: NewVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failed:
    task: _Task
    error: str


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

    _done: list[IngestedDocument] = field(default_factory=list)
    _languages: LanguageWatch = field(default_factory=LanguageWatch)

    def run(self, sources: Sequence[Source]) -> IngestReport:
        """Ingests every source; a file that cannot be read is in the report and stops nothing."""
        started = time.perf_counter()
        self._declare_fields()
        self.generation.begin_writing()
        with ExtractionPool(self.workers) as pool:
            for group in _groups(self._processed(sources, pool)):
                self._commit(group)
        self.generation.index.optimize()
        return IngestReport(
            kb=self.generation.base.name,
            documents=tuple(sorted(self._done, key=lambda document: document.key)),
            seconds=time.perf_counter() - started,
            warnings=self._languages.warnings(self.generation.base.embedding, self.generation.embedder),
        )

    def _declare_fields(self) -> None:
        wanted = field_types([self.metadata, *self.source_metadata.values()])
        if not wanted:
            return
        with self.generation.store.write() as connection:
            catalog.declare_fields(connection, self.generation.base.id, wanted)
        for name, kind in wanted.items():
            self.generation.index.declare_field(name, kind)

    def _processed(self, sources: Sequence[Source], pool: ExtractionPool) -> Iterator[_Processed | _Failed]:
        """What must be committed, in order. Reads ahead so that the workers are never idle."""
        waiting: deque[tuple[_Task, Future[Document] | None]] = deque()
        for task in self._tasks(sources):
            waiting.append((task, self._start(task, pool)))
            if len(waiting) > self.workers * READ_AHEAD:
                yield self._finish(*waiting.popleft())
        while waiting:
            yield self._finish(*waiting.popleft())

    def _start(self, task: _Task, pool: ExtractionPool) -> Future[Document] | None:
        return None if task.source.document else pool.submit(task.data, task.source.name)

    def _tasks(self, sources: Sequence[Source]) -> Iterator[_Task]:
        with self.generation.store.read() as connection:
            records = documents.of_base(connection, self.generation.base.id)
        known = {record.key: record for record in records}
        signature = self.rule.signature
        for source in sources:
            previous = known.get(source.key)
            try:
                data = source.read()
            except InputError as error:
                self._report(source, previous, "error", error=str(error))
                continue
            kept = previous.metadata if previous else {}
            metadata = {**kept, **self.metadata, **self.source_metadata.get(source.key, {})}
            digest = identity.content_hash(data)
            task = _Task(source=source, data=data, digest=digest, previous=previous, metadata=metadata)
            if previous is None or self._must_process(previous, digest, signature):
                yield task
            else:
                self._skip(task, previous)

    def _must_process(self, previous: DocumentRecord, digest: str, signature: str) -> bool:
        same = previous.content_sha256 == digest and previous.process_signature == signature
        return self.force or not same or (previous.status == "error" and self.retry)

    def _skip(self, task: _Task, previous: DocumentRecord) -> None:
        if previous.status == "error":
            self._report(task.source, previous, "error", error=previous.error)
        elif task.metadata == previous.metadata:
            self._report(task.source, previous, "unchanged")
        else:
            self._update_metadata(task, previous)

    def _update_metadata(self, task: _Task, previous: DocumentRecord) -> None:
        changed = replace(previous, metadata=task.metadata, updated_at=time.time())
        with self.generation.store.write() as connection:
            documents.save(connection, [changed])
            if changed.active_version:
                outbox.announce(connection, changed.knowledge_base_id, "payload", [changed.active_version])
        self.generation.drain()
        self._report(task.source, changed, "updated")

    def _finish(self, task: _Task, future: Future[Document] | None) -> _Processed | _Failed:
        try:
            document = future.result() if future else task.source.document or Document(text="")
            cleaned, chunks = self.rule.apply(document)
            if not chunks:
                raise EmptyDocument(f"{task.source.name} holds no text; there is nothing to search in it")
        except ExtractionError as error:
            return _Failed(task=task, error=str(error))
        return _Processed(task=task, document=cleaned, version=self._version(task, cleaned, chunks))

    def _version(self, task: _Task, document: Document, chunks: Sequence[Chunk]) -> NewVersion:
        base_id = self.generation.base.id
        document_id = identity.document_id(base_id, task.source.key)
        ids = identity.chunk_ids(document_id, (chunk.content for chunk in chunks))
        return NewVersion(
            id=identity.new_version(),
            document_id=document_id,
            knowledge_base_id=base_id,
            text=document.text,
            chunks=tuple(zip(ids, chunks, strict=True)),
        )

    def _record(self, task: _Task) -> DocumentRecord:
        """The document's row as it was, or a new one, with this attempt noted."""
        record = task.previous or self._new_record(task)
        return replace(
            record,
            status="completed",
            error=None,
            content_sha256=task.digest,
            process_signature=self.rule.signature,
            metadata=task.metadata,
            updated_at=time.time(),
            source=str(task.source.path.resolve()) if task.source.path else None,
        )

    def _new_record(self, task: _Task) -> DocumentRecord:
        base_id = self.generation.base.id
        return DocumentRecord(
            id=identity.document_id(base_id, task.source.key),
            knowledge_base_id=base_id,
            key=task.source.key,
            name=task.source.name,
            status="completed",
            content_sha256=task.digest,
            process_signature=self.rule.signature,
        )

    def _commit(self, group: Sequence[_Processed | _Failed]) -> None:
        """Points on disk first, then the switch that makes them count, then the clearing up."""
        generation, base_id = self.generation, self.generation.base.id
        processed = [item for item in group if isinstance(item, _Processed)]
        self._write_versions(processed)
        records = [self._outcome(item) for item in group]
        before = [item.task.previous.active_version for item in processed if item.task.previous]
        with generation.store.write() as connection:
            documents.save(connection, records)
            versions.retire(connection, base_id, [version for version in before if version])
        generation.drain()
        for item, record in zip(group, records, strict=True):
            self._report(item.task.source, record, self._status(item), record.error)

    def _write_versions(self, processed: Sequence[_Processed]) -> None:
        """Stores the new versions and their points; nobody sees them yet."""
        if not processed:
            return
        with self.generation.store.write() as connection:
            chunks = versions.add_versions(connection, [item.version for item in processed])
        metadata = {item.version.id: item.task.metadata for item in processed}
        self.generation.add(self.generation.index, chunks, metadata)
        for item in processed:
            self._languages.add(item.document.text)

    def _outcome(self, item: _Processed | _Failed) -> DocumentRecord:
        """The row to write. After a failure the last good version, if there is one, stays searchable."""
        record = self._record(item.task)
        if isinstance(item, _Failed):
            return replace(record, status="error", error=item.error)
        return replace(
            record,
            active_version=item.version.id,
            chunks=len(item.version.chunks),
            characters=len(item.document.text),
            warnings=item.document.warnings,
        )

    def _status(self, item: _Processed | _Failed) -> Outcome:
        if isinstance(item, _Failed):
            return "error"
        previous = item.task.previous
        return "replaced" if previous and previous.active_version else "completed"

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


def _groups(items: Iterator[_Processed | _Failed]) -> Iterator[list[_Processed | _Failed]]:
    """Documents that share a commit: about a second of work or a thousand chunks."""
    group: list[_Processed | _Failed] = []
    count, started = 0, time.perf_counter()
    for item in items:
        group.append(item)
        count += len(item.version.chunks) if isinstance(item, _Processed) else 0
        if count >= COMMIT_CHUNKS or time.perf_counter() - started >= COMMIT_SECONDS:
            yield group
            group, count, started = [], 0, time.perf_counter()
    if group:
        yield group
