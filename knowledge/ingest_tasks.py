"""What an ingestion has to do about each source: nothing, new metadata, or reading it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from knowledge import documents, identity
from knowledge.documents import DocumentRecord
from knowledge.errors import InputError
from knowledge.generations import Generation
from knowledge.ingest_report import Outcome
from knowledge.processing import ProcessRule
from knowledge.sources import Source
from knowledge.types import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A source with something to do."""

    source: Source
    data: bytes
    """What was hashed is what is read: the file may change in between."""
    digest: str
    signature: str
    """Of the processing."""
    previous: DocumentRecord | None
    given: Mapping[str, Value]
    """The metadata of this ingestion."""
    metadata: Mapping[str, Value]
    """On top of what the document had."""
    is_unchanged: bool = False
    """The bytes are those of the active version: only the metadata is new."""
    parent_id: str | None = None
    """The document of the file that this one was found in."""


class Report(Protocol):
    """Takes what became of a source."""

    def __call__(
        self, source: Source, record: DocumentRecord | None, status: Outcome, error: str | None = None
    ) -> None: ...


@dataclass(kw_only=True)
class Planning:
    """The tasks of one ingestion. What needs none is reported at once."""

    generation: Generation
    rule: ProcessRule
    """How sources without one of their own are processed: another signature makes them new."""
    metadata: Mapping[str, Value]
    source_metadata: Mapping[str, Mapping[str, Value]]
    force: bool
    retry: bool
    has_password: bool
    report: Report

    def __post_init__(self) -> None:
        self._base_id = self.generation.base.id
        self._taken: set[str] = set()
        self._remembered = 0

    @property
    def warnings(self) -> tuple[str, ...]:
        if not self._remembered:
            return ()
        count = "1 error" if self._remembered == 1 else f"{self._remembered} errors"
        return (f"{count} of an earlier time, of files that are the same since; --retry tries them again",)

    @cached_property
    def _signature(self) -> str:
        return self.rule.signature

    def tasks(self, sources: Sequence[Source]) -> Iterator[Task]:
        with self.generation.store.read() as connection:
            known = documents.by_keys(connection, self._base_id, [source.key for source in sources])
            containers = documents.containers(connection, self._base_id)
        self._taken = {source.key for source in sources}
        for source in sources:
            previous = known.get(source.key)
            try:
                data = source.read()
            except InputError as error:
                self.report(source, previous, "error", error=str(error))
                continue
            given = {**self.metadata, **self.source_metadata.get(source.key, {})}
            inside = self._inside(previous) if previous and previous.id in containers else []
            task = self._task(source, data, previous, given, inside)
            if not self._is_settled(task):
                yield task
            if task.is_unchanged:
                yield from self._told(inside, given)

    def attached(self, container: Task, inside: Sequence[Source]) -> Iterator[Task]:
        """Those of the files inside a file. One whose key another source has is reported as an error."""
        if not inside:
            return
        with self.generation.store.read() as connection:
            known = documents.by_keys(connection, self._base_id, [source.key for source in inside])
        parent_id = identity.document_id(self._base_id, container.source.key)
        for source in inside:
            if source.key in self._taken:
                error = f"another source is known by the key {source.key!r} too; ingest one of them elsewhere"
                self.report(source, None, "error", error=error)
                continue
            self._taken.add(source.key)
            previous = known.get(source.key)
            task = self._task(source, source.read(), previous, container.given, parent_id=parent_id)
            if not self._is_settled(task):
                yield task

    def _inside(self, container: DocumentRecord) -> list[DocumentRecord]:
        with self.generation.store.read() as connection:
            return documents.attached(connection, container.id)

    def _told(self, records: Sequence[DocumentRecord], given: Mapping[str, Value]) -> Iterator[Task]:
        """What there is to do for the files inside a file that did not change."""
        for record in records:
            task = Task(
                source=Source(key=record.key, name=record.name),
                data=b"",
                digest=record.content_sha256,
                signature=record.process_signature,
                previous=record,
                given=given,
                metadata={**record.metadata, **given},
                is_unchanged=True,
                parent_id=record.parent_id,
            )
            self._taken.add(record.key)
            if not self._is_settled(task):
                yield task

    def _task(
        self,
        source: Source,
        data: bytes,
        previous: DocumentRecord | None,
        given: Mapping[str, Value],
        inside: Sequence[DocumentRecord] = (),
        parent_id: str | None = None,
    ) -> Task:
        digest = identity.content_hash(data)
        signature = source.rule.signature if source.rule else self._signature
        is_known = (
            previous is not None
            and (previous.content_sha256, previous.process_signature) == (digest, signature)
            and not self.force
            and not self._may_do_better([previous, *inside])
        )
        return Task(
            source=source,
            data=data,
            digest=digest,
            signature=signature,
            previous=previous,
            given=given,
            metadata={**(previous.metadata if previous else {}), **given},
            is_unchanged=is_known,
            parent_id=parent_id,
        )

    def _may_do_better(self, records: Sequence[DocumentRecord]) -> bool:
        """Whether what could not be read before is to be tried again: when asked to, or with a password now."""
        if self.retry and any(record.status == "error" for record in records):
            return True
        said = (line for record in records for line in (record.error or "", *record.warnings))
        return self.has_password and any("password" in line for line in said)

    def _is_settled(self, task: Task) -> bool:
        """Whether there is nothing to do, which is reported."""
        previous = task.previous
        if not task.is_unchanged or previous is None:
            return False
        if previous.status == "error":
            self._remembered += 1
            self.report(task.source, previous, "error", error=previous.error)
        elif task.metadata == previous.metadata:
            self.report(task.source, previous, "unchanged")
        else:
            return False
        return True
