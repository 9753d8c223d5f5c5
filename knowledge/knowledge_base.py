"""One knowledge base: putting documents in, asking questions, looking at what is there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any

from knowledge import catalog, documents, versions
from knowledge.catalog import BaseRecord
from knowledge.configuration import setting
from knowledge.documents import DocumentRecord
from knowledge.filters import Filter
from knowledge.generations import Generation
from knowledge.metadata import fit, normalize
from knowledge.query import parse_condition
from knowledge.types import Document, FieldType, Hits, Mode
from knowledge.versions import ChunkRecord

if TYPE_CHECKING:
    from knowledge.ingest_report import IngestReport, Progress
    from knowledge.processing import ProcessRule
    from knowledge.sources import Source

Input = str | os.PathLike[str] | Document


class KnowledgeBase:
    """Opened through `Workspace.create` or `Workspace.open`, usable until the workspace is closed."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation
        self._store = generation.store

    @property
    def id(self) -> str:
        return self._generation.base.id

    @property
    def name(self) -> str:
        return self._generation.base.name

    @property
    def record(self) -> BaseRecord:
        """Kind, settings, and the counts of documents, chunks and characters as they are now."""
        with self._store.read() as connection:
            return catalog.with_sums(connection, catalog.by_name(connection, self.name))

    @property
    def rule(self) -> ProcessRule:
        """How documents are cleaned and cut."""
        from knowledge.processing import ProcessRule

        return ProcessRule.from_settings(self._generation.base.settings)

    @property
    def fields(self) -> dict[str, FieldType]:
        """The metadata fields that conditions can name, and their types."""
        with self._store.read() as connection:
            return catalog.fields(connection, self.id)

    def ingest(
        self,
        inputs: Input | Iterable[Input],
        *,
        metadata: Mapping[str, Any] | None = None,
        workers: int | None = None,
        force: bool = False,
        retry: bool = False,
        progress: Progress | None = None,
    ) -> IngestReport:
        """Ingests files, folders (recursive) and ready documents. Doing it again changes nothing.

        Unchanged sources are skipped, changed ones replaced, failures remembered and reported at once until
        `retry`; `force` processes everything again. A file that cannot be read never stops the others.
        """
        from knowledge.sources import discover

        several = [inputs] if isinstance(inputs, str | os.PathLike | Document) else inputs
        return self.ingest_sources(
            discover(several),
            metadata=metadata,
            workers=workers,
            force=force,
            retry=retry,
            progress=progress,
        )

    def ingest_sources(
        self,
        sources: Sequence[Source],
        *,
        metadata: Mapping[str, Any] | None = None,
        source_metadata: Mapping[str, Mapping[str, Any]] | None = None,
        workers: int | None = None,
        force: bool = False,
        retry: bool = False,
        progress: Progress | None = None,
    ) -> IngestReport:
        """Like `ingest`, for sources that already have keys; `source_metadata` is by key."""
        from knowledge.ingestion import Ingestion

        declared = self.fields
        each = {key: fit(normalize(values), declared) for key, values in (source_metadata or {}).items()}
        return Ingestion(
            generation=self._generation,
            rule=self.rule,
            workers=setting("workers", workers),
            metadata=fit(normalize(metadata or {}), declared),
            source_metadata=each,
            force=force,
            retry=retry,
            progress=progress,
        ).run(sources)

    def search(
        self,
        query: str,
        *,
        mode: Mode | None = None,
        top_k: int | None = None,
        threshold: float | None = None,
        vector_weight: float | None = None,
        where: Filter | str | Sequence[Filter | str] | None = None,
    ) -> Hits:
        """The best passages for a question, best first, each with a score in [0, 1].

        `where` is a condition such as `Field("year") >= 2024` or `"year >= 2024"`, or several that must all hold.
        """
        from knowledge.searching import SearchOptions, search

        options = SearchOptions(
            mode=mode,
            top_k=setting("top_k", top_k),
            threshold=setting("threshold", threshold),
            vector_weight=setting("vector_weight", vector_weight),
            where=_all_of(where),
        )
        return search(self._generation, query, options)

    def documents(self) -> list[DocumentRecord]:
        """Every document, by key, failures too."""
        with self._store.read() as connection:
            return documents.of_base(connection, self.id)

    def document(self, wanted: str) -> DocumentRecord:
        """By id, key or name. Raises `NotFound`."""
        with self._store.read() as connection:
            return documents.find(connection, self.id, wanted)

    def chunks(self, wanted: str) -> list[ChunkRecord]:
        """The chunks of a document, in order. Empty when it was never read successfully."""
        with self._store.read() as connection:
            version = documents.find(connection, self.id, wanted).active_version
            return versions.chunks_of(connection, version) if version else []

    def text(self, wanted: str) -> str:
        """The cleaned text that the chunks of a document are spans of."""
        with self._store.read() as connection:
            version = documents.find(connection, self.id, wanted).active_version
            return versions.text_of(connection, version) if version else ""

    def remove(self, wanted: str) -> DocumentRecord:
        """Removes a document (id, key or name): gone from every search when this returns."""
        with self._generation.writing() as index:
            with self._store.write() as connection:
                record = documents.find(connection, self.id, wanted)
                documents.remove(connection, record)
            self._generation.drain()
            index.optimize()
        return record

    def rebuild(self) -> None:
        """Builds the index anew from the stored texts; searching goes on with the old one until it is done."""
        old = self._generation
        old.rebuild()
        with self._store.read() as connection:
            record = catalog.by_name(connection, self.name)
        self._generation = Generation(old.store, old.workspace, record)
        shutil.rmtree(old.folder, ignore_errors=True)

    def close(self) -> None:
        self._generation.close()


def _all_of(where: Filter | str | Sequence[Filter | str] | None) -> Filter | None:
    if where is None:
        return None
    given = [where] if isinstance(where, Filter | str) else list(where)
    conditions = [parse_condition(item) if isinstance(item, str) else item for item in given]
    return reduce(and_, conditions) if conditions else None
