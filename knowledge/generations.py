"""One knowledge base's index: opening it, keeping it true to SQL, building it anew.

A generation is one build of the index, in its own folder, with a signature of everything that shaped it.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from indexers import EdgeIndex, StandardAnalyzer
from indexers.embedding_cache import CachedEmbedder
from knowledge import catalog, documents, identity, outbox, versions
from knowledge.batches import batched
from knowledge.catalog import BaseRecord
from knowledge.errors import WorkspaceError
from knowledge.protocols import Analyzer, Embedder, Index
from knowledge.registry import load_embedder
from knowledge.store import Store
from knowledge.types import Point, Value
from knowledge.versions import ChunkRecord

ENGINE: Final = "qdrant-edge 0.9"
POINTS_AT_ONCE: Final = 1000
CACHE_FILE: Final = "embeddings.db"


def index_folder(workspace: Path, generation: str) -> Path:
    return workspace / "index" / generation


def signature(analyzer: Analyzer, embedder: Embedder | None) -> dict[str, Any]:
    """What an index was built with; another one needs a rebuild."""
    parts: dict[str, Any] = {"engine": ENGINE, "analyzer": analyzer.signature, "embedding": None}
    if embedder is not None:
        parts["embedding"] = embedder.fingerprint
        parts["dimension"] = embedder.dimension
        parts["floors"] = dict(embedder.floors)
    return parts


@dataclass(frozen=True)
class Generation:
    """The index of a knowledge base, and how SQL's truth gets into it."""

    store: Store
    workspace: Path
    base: BaseRecord

    @cached_property
    def analyzer(self) -> Analyzer:
        return StandardAnalyzer()

    @cached_property
    def embedder(self) -> Embedder | None:
        """The model of a high-quality base, loaded when it is first needed: listing and full text do without."""
        if self.base.embedding is None:
            return None
        return CachedEmbedder(load_embedder(self.base.embedding), self.workspace / CACHE_FILE)

    @property
    def folder(self) -> Path:
        return index_folder(self.workspace, self.base.generation)

    @cached_property
    def stored_signature(self) -> Mapping[str, Any]:
        with self.store.read() as connection:
            return catalog.generation_signature(connection, self.base.generation)

    @cached_property
    def index(self) -> Index:
        """The opened index, equal to what SQL says. Raises `WorkspaceError` when other software built it."""
        self._check_signature()
        index: Index = EdgeIndex.open(self.folder)
        try:
            self._recover(index)
        except BaseException:
            index.close()
            raise
        return index

    def create(self) -> None:
        """Makes the empty index of a new knowledge base, and keeps it open."""
        self.__dict__["index"] = EdgeIndex.create(self.folder, self._dimension())

    def _dimension(self) -> int | None:
        return self.embedder.dimension if self.embedder else None

    def close(self) -> None:
        if "index" in self.__dict__:
            self.index.close()
            del self.__dict__["index"]
            if self._is_dirty():
                self._mark_dirty(False)
        if isinstance(self.__dict__.get("embedder"), CachedEmbedder):
            self.__dict__["embedder"].close()

    def _check_signature(self) -> None:
        stored, current = self.stored_signature, signature(self.analyzer, None)
        for part in ("engine", "analyzer"):
            if stored[part] != current[part]:
                raise WorkspaceError(
                    f"the index of {self.base.name!r} was built with {part} {stored[part]!r}, this program has "
                    f"{current[part]!r}; build it anew: knowledge rebuild {self.base.name}"
                )

    def check_embedder(self) -> None:
        """Raises `WorkspaceError` when the model is not the one that made the stored vectors."""
        stored = self.stored_signature["embedding"]
        if self.embedder is not None and stored != self.embedder.fingerprint:
            raise WorkspaceError(
                f"the vectors of {self.base.name!r} are of {stored!r}, the model is now "
                f"{self.embedder.fingerprint!r}; build the index anew: knowledge rebuild {self.base.name}"
            )

    def _recover(self, index: Index) -> None:
        """Removes what an interrupted process left unfinished, and compares the points after a crash."""
        self._retire_unfinished()
        self._drain(index)
        if self._is_dirty():
            with self.store.read() as connection:
                wanted = versions.active_points(connection, self.base.id)
            self._compare(index.point_ids(), wanted)
            self._mark_dirty(False)

    def _retire_unfinished(self) -> None:
        with self.store.read() as connection:
            unfinished = versions.unfinished(connection, self.base.id)
        if unfinished:
            with self.store.write() as connection:
                versions.retire(connection, self.base.id, unfinished)

    def _compare(self, present: set[int], wanted: set[int]) -> None:
        if present != wanted:
            raise WorkspaceError(
                f"the index of {self.base.name!r} lacks {len(wanted - present)} passages and holds "
                f"{len(present - wanted)} that are gone; build it anew: knowledge rebuild {self.base.name}"
            )

    def begin_writing(self) -> None:
        """Call before the first write to the index: a crash from here on is looked for at the next opening."""
        self.check_embedder()
        self._retire_unfinished()
        self.drain()
        self._mark_dirty(True)

    def _is_dirty(self) -> bool:
        with self.store.read() as connection:
            return catalog.is_dirty(connection, self.base.generation)

    def _mark_dirty(self, dirty: bool) -> None:
        with self.store.write() as connection:
            catalog.mark_dirty(connection, self.base.generation, dirty)

    def drain(self) -> None:
        """Tells the index everything that the outbox holds, durably."""
        self._drain(self.index)

    def _drain(self, index: Index) -> None:
        with self.store.read() as connection:
            rows = outbox.pending(connection, self.base.id)
            changed = [version for _, action, version in rows if action == "payload"]
            metadata = documents.metadata_of_versions(connection, changed)
            fields = catalog.fields(connection, self.base.id)
        if not rows:
            return
        for name, kind in fields.items():
            index.declare_field(name, kind)
        index.delete_versions([version for _, action, version in rows if action == "delete"])
        for version, values in metadata.items():
            index.set_metadata(version, values)
        index.flush()
        with self.store.write() as connection:
            outbox.settle(connection, self.base.id, rows[-1][0])

    def add(
        self, index: Index, chunks: Sequence[ChunkRecord], metadata: Mapping[str, Mapping[str, Value]]
    ) -> None:
        """Puts chunks into an index, durably. `metadata` is by version."""
        for group in batched(chunks, POINTS_AT_ONCE):
            index.upsert(self._points(group, metadata))
        index.flush()

    def _points(
        self, chunks: Sequence[ChunkRecord], metadata: Mapping[str, Mapping[str, Value]]
    ) -> list[Point]:
        texts = [searched_text(chunk) for chunk in chunks]
        vectors = self.embedder.embed_documents(texts) if self.embedder else [None] * len(texts)
        points = []
        for chunk, text, vector in zip(chunks, texts, vectors, strict=True):
            words, bigrams = self.analyzer.document_terms(text)
            points.append(
                Point(
                    id=chunk.point,
                    version=chunk.version_id,
                    words=tuple(words),
                    bigrams=tuple(bigrams),
                    vector=vector,
                    metadata=metadata[chunk.version_id],
                )
            )
        return points

    def rebuild(self) -> None:
        """Builds a new generation from SQL and switches to it. The old one is searched until then."""
        new = identity.new_version()
        folder = index_folder(self.workspace, new)
        index: Index = EdgeIndex.create(folder, self._dimension())
        try:
            self._fill(index)
        except BaseException:
            index.close()
            shutil.rmtree(folder, ignore_errors=True)
            raise
        index.close()
        self.close()
        with self.store.write() as connection:
            catalog.replace_generation(
                connection, self.base.id, self.base.generation, new, signature(self.analyzer, self.embedder)
            )
            rows = outbox.pending(connection, self.base.id)
            if rows:
                outbox.settle(connection, self.base.id, rows[-1][0])
        shutil.rmtree(self.folder, ignore_errors=True)

    def _fill(self, index: Index) -> None:
        with self.store.read() as connection:
            fields = catalog.fields(connection, self.base.id)
            records = documents.of_base(connection, self.base.id)
        for name, kind in fields.items():
            index.declare_field(name, kind)
        for group in batched((record for record in records if record.active_version), 200):
            metadata = {record.active_version or "": record.metadata for record in group}
            with self.store.read() as connection:
                chunks = [chunk for version in metadata for chunk in versions.chunks_of(connection, version)]
            self.add(index, chunks, metadata)
        index.optimize()
        index.flush()


def searched_text(chunk: ChunkRecord) -> str:
    """What is analysed and embedded of a chunk: its context, then its content."""
    return f"{chunk.context}\n{chunk.content}" if chunk.context else chunk.content
