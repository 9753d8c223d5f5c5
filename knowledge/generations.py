"""One knowledge base's index: opening it, keeping it true to SQL, building it anew.

A generation is one build of the index, in its own folder, with a signature of everything that shaped it.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from indexers import EdgeIndex, StandardAnalyzer
from indexers.embedding_cache import CachedEmbedder
from knowledge import catalog, documents, identity, outbox, versions
from knowledge.batches import batched
from knowledge.catalog import BaseRecord
from knowledge.errors import InputError, WorkspaceError
from knowledge.registry import load_embedder
from knowledge.store import Store
from knowledge.types import Point, Value
from knowledge.versions import ChunkRecord

if TYPE_CHECKING:
    from knowledge.protocols import Analyzer, Embedder, Index

ENGINE: Final = "qdrant-edge 0.9"
POINTS_AT_ONCE: Final = 1000
DOCUMENTS_AT_ONCE: Final = 200
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


class Generation:
    """The index of a knowledge base, and how SQL's truth gets into it.

    Threads may share it: any number search, one at a time writes.
    """

    def __init__(self, store: Store, workspace: Path, base: BaseRecord) -> None:
        self.store = store
        self.workspace = workspace
        self.base = base
        self.write_lock = threading.RLock()
        """Held by the one thread that changes this knowledge base."""
        self._open_lock = threading.RLock()
        self._index: Index | None = None
        self._is_closed = False

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

    @property
    def index(self) -> Index:
        """The opened index, equal to what SQL says. Raises `WorkspaceError` when other software built it."""
        with self._open_lock:
            if self._index is None:
                self._check_open()
                self._check_signature()
                self._index = self._opened()
            return self._index

    def _check_open(self) -> None:
        if self._is_closed:
            raise InputError(f"the workspace of {self.base.name!r} is closed; open it again")
        if self.store.is_read_only:
            raise InputError(
                f"the workspace of {self.base.name!r} was opened with lock=False, for looking only"
            )

    def _check_signature(self) -> None:
        stored, current = self.stored_signature, signature(self.analyzer, None)
        for part in ("engine", "analyzer"):
            if stored[part] != current[part]:
                raise WorkspaceError(
                    f"the index of {self.base.name!r} was built with {part} {stored[part]!r}, this program has "
                    f"{current[part]!r}; build it anew: knowledge rebuild {self.base.name}"
                )

    def _opened(self) -> Index:
        index: Index = EdgeIndex.open(self.folder)
        try:
            self._recover(index)
        except BaseException:
            index.close()
            raise
        return index

    def create(self) -> None:
        """Makes the empty index of a new knowledge base, and keeps it open."""
        self._index = self._new_index(self.folder)

    def _new_index(self, folder: Path) -> Index:
        return EdgeIndex.create(folder, self.embedder.dimension if self.embedder else None)

    def close(self) -> None:
        """Lets go of the index; nothing can be asked of it any more."""
        with self.write_lock, self._open_lock:
            self._is_closed = True
            if self._index is not None:
                self._index.close()
                self._index = None
                if self._is_dirty():
                    self._mark_dirty(False)
            if isinstance(self.__dict__.get("embedder"), CachedEmbedder):
                self.__dict__["embedder"].close()

    def check_embedder(self) -> None:
        """Raises `WorkspaceError` when the model is not the one that made the stored vectors."""
        stored = self.stored_signature["embedding"]
        if self.embedder is not None and stored != self.embedder.fingerprint:
            raise WorkspaceError(
                f"the vectors of {self.base.name!r} are of {stored!r}, the model is now "
                f"{self.embedder.fingerprint!r}; build the index anew: knowledge rebuild {self.base.name}"
            )

    @contextmanager
    def writing(self) -> Iterator[Index]:
        """The index, for the one thread that may change it; after an error nothing half-done is left behind."""
        with self.write_lock:
            index = self.index
            if not self._is_dirty():
                self._mark_dirty(True)
            try:
                yield index
            except BaseException:
                self._clear_up(index)
                raise

    def _recover(self, index: Index) -> None:
        """Clears up after an interrupted process, and compares the points when it was writing."""
        self._clear_up(index)
        if self._is_dirty():
            with self.store.read() as connection:
                wanted = versions.active_points(connection, self.base.id)
            self._compare(index.point_ids(), wanted)
            self._mark_dirty(False)

    def _clear_up(self, index: Index) -> None:
        """Removes versions that never became active, and applies what the index has not been told."""
        with self.store.read() as connection:
            unfinished = versions.unfinished(connection, self.base.id)
        if unfinished:
            with self.store.write() as connection:
                versions.retire(connection, self.base.id, unfinished)
        self._drain(index)

    def _compare(self, present: set[int], wanted: set[int]) -> None:
        if present != wanted:
            raise WorkspaceError(
                f"the index of {self.base.name!r} lacks {len(wanted - present)} passages and holds "
                f"{len(present - wanted)} that are gone; build it anew: knowledge rebuild {self.base.name}"
            )

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
            fields = catalog.fields(connection, self.base.id) if changed else {}
        if not rows:
            return
        for name, kind in fields.items():
            index.declare_field(name, kind)
        if deleted := [version for _, action, version in rows if action == "delete"]:
            index.delete_versions(deleted)
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
        """Builds a new generation from SQL and makes it the one of this knowledge base.

        This object stands for the old one and is closed; its folder is still there.
        """
        self._check_open()
        new = identity.new_version()
        folder = index_folder(self.workspace, new)
        with self.write_lock:
            index = self._new_index(folder)
            try:
                self._fill(index)
            except BaseException:
                index.close()
                shutil.rmtree(folder, ignore_errors=True)
                raise
            index.close()
            self.close()
            self._switch_to(new)

    def _fill(self, index: Index) -> None:
        with self.store.read() as connection:
            fields = catalog.fields(connection, self.base.id)
            records = documents.of_base(connection, self.base.id)
        for name, kind in fields.items():
            index.declare_field(name, kind)
        for group in batched((record for record in records if record.active_version), DOCUMENTS_AT_ONCE):
            metadata = {record.active_version or "": record.metadata for record in group}
            with self.store.read() as connection:
                chunks = [chunk for version in metadata for chunk in versions.chunks_of(connection, version)]
            self.add(index, chunks, metadata)
        index.optimize()
        index.flush()

    def _switch_to(self, new: str) -> None:
        """The new index was made from what SQL says now: what the old one had yet to be told is in it."""
        built_with = signature(self.analyzer, self.embedder)
        with self.store.write() as connection:
            catalog.replace_generation(connection, self.base.id, self.base.generation, new, built_with)
            rows = outbox.pending(connection, self.base.id)
            if rows:
                outbox.settle(connection, self.base.id, rows[-1][0])


def searched_text(chunk: ChunkRecord) -> str:
    """What is analysed and embedded of a chunk: its context, then its content."""
    return f"{chunk.context}\n{chunk.content}" if chunk.context else chunk.content
