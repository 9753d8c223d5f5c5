"""Sources into a knowledge base, exactly once: whatever happens in between, a document is all there or not at all.

A document is processed into a new version, invisible until its points are on disk; one SQL transaction then makes
it the active version and retires the one before. Many documents share that commit.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from indexers.scripts import dominant_script
from knowledge import catalog, documents, identity
from knowledge.documents import DocumentRecord, NewVersion
from knowledge.errors import EmptyDocument, ExtractionError, InputError
from knowledge.extraction import ExtractionPool
from knowledge.generations import Generation
from knowledge.metadata import field_types
from knowledge.processing import ProcessRule
from knowledge.sources import Source
from knowledge.types import Chunk, Document, Value

Outcome = Literal["completed", "unchanged", "replaced", "updated", "removed", "error"]

COMMIT_CHUNKS: Final = 1000
COMMIT_SECONDS: Final = 1.0
READ_AHEAD: Final = 4
"""Files per worker that are read before their turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestedDocument:
    """What became of one source."""

    id: str
    key: str
    name: str
    status: Outcome
    chunks: int = 0
    characters: int = 0
    error: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    kb: str
    documents: tuple[IngestedDocument, ...]
    seconds: float
    warnings: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[IngestedDocument, ...]:
        return tuple(document for document in self.documents if document.status == "error")


Progress = Callable[[IngestedDocument], None]


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
    _scripts: dict[str, int] = field(default_factory=dict)

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
            warnings=self._language_warnings(),
        )

    def _declare_fields(self) -> None:
        wanted = field_types([self.metadata, *self.source_metadata.values()])
        if not wanted:
            return
        with self.generation.store.write() as connection:
            catalog.declare_fields(connection, self.generation.base.id, wanted)
        for name, kind in wanted.items():
            self.generation.index.declare_field(name, kind)

    def _processed(self, sources: Sequence[Source], pool: ExtractionPool) -> Iterator[_Processed | None]:
        """Reads ahead so that the workers are never idle; None marks a source that needs no commit."""
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
                documents.announce(connection, changed.knowledge_base_id, "payload", [changed.active_version])
        self.generation.drain()
        self._report(task.source, changed, "updated")

    def _finish(self, task: _Task, future: Future[Document] | None) -> _Processed | None:
        try:
            document = future.result() if future else task.source.document or Document(text="")
            cleaned, chunks = self.rule.apply(document)
            if not chunks:
                raise EmptyDocument(f"{task.source.name} holds no text; there is nothing to search in it")
        except ExtractionError as error:
            self._remember_failure(task, str(error))
            return None
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

    def _remember_failure(self, task: _Task, error: str) -> None:
        """The last good version, if there is one, stays searchable."""
        record = replace(self._record(task), status="error", error=error)
        with self.generation.store.write() as connection:
            documents.save(connection, [record])
        self._report(task.source, record, "error", error=error)

    def _record(self, task: _Task) -> DocumentRecord:
        """The document's row as it was, or a new one, with this attempt noted."""
        now = time.time()
        attempt = {
            "status": "completed",
            "error": None,
            "content_sha256": task.digest,
            "process_signature": self.rule.signature,
            "metadata": task.metadata,
            "updated_at": now,
            "source": str(task.source.path.resolve()) if task.source.path else None,
        }
        if task.previous:
            return replace(task.previous, **attempt)
        base_id = self.generation.base.id
        return DocumentRecord(
            id=identity.document_id(base_id, task.source.key),
            knowledge_base_id=base_id,
            key=task.source.key,
            name=task.source.name,
            created_at=now,
            **attempt,
        )

    def _commit(self, group: Sequence[_Processed]) -> None:
        """Points on disk first, then the switch that makes them count, then the clearing up."""
        generation, base_id = self.generation, self.generation.base.id
        with generation.store.write() as connection:
            chunks = documents.add_versions(connection, [item.version for item in group])
        metadata = {item.version.id: item.task.metadata for item in group}
        generation.add(generation.index, chunks, metadata)
        records = [self._completed(item) for item in group]
        retired = [item.task.previous.active_version for item in group if item.task.previous]
        with generation.store.write() as connection:
            documents.save(connection, records)
            documents.retire(connection, base_id, [version for version in retired if version])
        generation.drain()
        for item, record in zip(group, records, strict=True):
            had_version = item.task.previous is not None and item.task.previous.active_version is not None
            self._report(item.task.source, record, "replaced" if had_version else "completed")
            script = dominant_script(item.document.text)
            self._scripts[script] = self._scripts.get(script, 0) + len(item.document.text)

    def _completed(self, item: _Processed) -> DocumentRecord:
        return replace(
            self._record(item.task),
            active_version=item.version.id,
            chunks=len(item.version.chunks),
            characters=len(item.document.text),
            warnings=item.document.warnings,
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

    def _language_warnings(self) -> tuple[str, ...]:
        embedder = self.generation.embedder
        total = sum(self._scripts.values())
        if embedder is None or embedder.scripts is None or not total:
            return ()
        foreign = total - sum(self._scripts.get(script, 0) for script in (*embedder.scripts, "other"))
        if foreign * 2 <= total:
            return ()
        return (
            f"{foreign / total:.0%} of this text is in a script that the embedding model "
            f"{self.generation.base.embedding!r} was not trained for: vector search will be poor and hybrid search "
            "leans on full text; use --embedding openai:MODEL@BASE_URL with a multilingual model, or "
            "--indexing economy",
        )


def _groups(items: Iterator[_Processed | None]) -> Iterator[list[_Processed]]:
    """Documents that share a commit: about a second of work or a thousand chunks."""
    group: list[_Processed] = []
    count, started = 0, time.perf_counter()
    for item in items:
        if item is not None:
            group.append(item)
            count += len(item.version.chunks)
        if group and (count >= COMMIT_CHUNKS or time.perf_counter() - started >= COMMIT_SECONDS):
            yield group
            group, count, started = [], 0, time.perf_counter()
    if group:
        yield group
