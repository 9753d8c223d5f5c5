"""One knowledge base's index: opening it, keeping it true to SQL, building it anew.

A generation is one build of the index, in its own folder, with a signature of everything that shaped it.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from knowledge import catalog, documents, identity, outbox, versions
from knowledge.analysis_rule import NAMES as ANALYSIS_NAMES
from knowledge.analysis_rule import AnalysisRule
from knowledge.batches import batched
from knowledge.catalog import BaseRecord
from knowledge.errors import EmbeddingError, InputError, TextsNotEmbedded, WorkspaceError
from knowledge.store import Store
from knowledge.types import FieldType, Point, Value
from knowledge.versions import ChildRecord, ChunkRecord

if TYPE_CHECKING:
    from indexers.embedding_cache import CachedEmbedder, EmbeddingUsage
    from knowledge.embedders import Embedders
    from knowledge.index_places import IndexPlace
    from knowledge.protocols import Analyzer, Embedder, Index
    from knowledge.types import Vector

POINTS_AT_ONCE: Final = 1000
DOCUMENTS_AT_ONCE: Final = 200
NAMED_CHARACTERS: Final = 40
"""Of a chunk, in a message about it."""
_CELL_BREAK: Final = re.compile("(?<!`)<br>(?!`)")
"""A line break within a cell of a table; between backticks it is what the text is about."""
LOOK_EVERY_S: Final = 1.0
"""How often a search looks for what other processes wrote."""


def signature(engine: str, analyzer: Analyzer, embedder: Embedder | None) -> dict[str, Any]:
    """What an index was built with; another one needs a rebuild."""
    parts: dict[str, Any] = {"engine": engine, "analyzer": analyzer.signature, "embedding": None}
    if embedder is not None:
        parts["embedding"] = embedder.fingerprint
        parts["dimension"] = embedder.dimension
        parts["floors"] = dict(embedder.floors)
    return parts


class Generation:
    """The index of a knowledge base, and how SQL's truth gets into it.

    Threads may share it: any number search, one at a time writes.
    """

    def __init__(
        self, store: Store, workspace: Path, place: IndexPlace, embedders: Embedders, base: BaseRecord
    ) -> None:
        self.store = store
        self.workspace = workspace
        self.place = place
        self.embedders = embedders
        self.base = base
        self.write_lock = threading.RLock()
        """Held by the one thread that changes this knowledge base."""
        self._open_lock = threading.RLock()
        self._index: Index | None = None
        self._is_closed = False
        self._looked_at = time.monotonic()

    @cached_property
    def analysis(self) -> AnalysisRule:
        return AnalysisRule.from_settings(self.base.settings)

    @cached_property
    def analyzer(self) -> Analyzer:
        return self.analysis.analyzer()

    @property
    def embedder(self) -> CachedEmbedder | None:
        """The model of a high-quality base, loaded when it is first needed: listing and full text do without."""
        return None if self.base.embedding is None else self.embedders.opened(self.base.embedding)

    @property
    def signature(self) -> dict[str, Any]:
        """What an index that is built now is built with."""
        return signature(self.place.engine, self.analyzer, self.embedder)

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
        self._check_not_closed()
        if self.store.is_read_only:
            raise InputError(
                f"the workspace of {self.base.name!r} was opened with lock=False, for looking only"
            )

    def _check_not_closed(self) -> None:
        if self._is_closed:
            raise InputError(f"the workspace of {self.base.name!r} is closed; open it again")

    def _check_signature(self) -> None:
        part = self._misfit()
        if part is not None:
            stored, current = self.stored_signature[part], self._software[part]
            raise WorkspaceError(
                f"the index of {self.base.name!r} was built with {part} {stored!r}, this program has "
                f"{current!r}; build it anew: knowledge rebuild {self.base.name}"
            )

    def _misfit(self) -> str | None:
        """The part of the software that is not the one that built the index, if any."""
        software = self._software
        return next(
            (part for part in ("engine", "analyzer") if self.stored_signature[part] != software[part]), None
        )

    @property
    def _software(self) -> dict[str, Any]:
        return signature(self.place.engine, self.analyzer, None)

    def _opened(self) -> Index:
        index = self.place.open(self.base.generation)
        try:
            self._recover(index)
        except BaseException:
            index.close()
            raise
        return index

    def create(self) -> None:
        """Makes the empty index of a new knowledge base, and keeps it open."""
        self._index = self._new_index(self.base.generation)

    def _new_index(self, generation: str) -> Index:
        return self.place.create(generation, self.embedder.dimension if self.embedder else None)

    def close(self) -> None:
        """Lets go of the index; nothing can be asked of it any more."""
        with self.write_lock, self._open_lock:
            self._is_closed = True
            if self._index is not None:
                self._index.close()
                self._index = None
                if self._is_dirty():
                    self._mark_dirty(False)

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

    @contextmanager
    def changing(self) -> Iterator[sa.Connection]:
        """A transaction whose changes the index has been told of at the end; without the lock, by the process that
        holds it, when that next searches or commits."""
        with self.write_lock:
            self._check_not_closed()
            with self.store.write() as connection:
                yield connection
            if not self.store.is_read_only:
                self._take_over()

    def refresh(self) -> None:
        """Takes over the metadata and settings that other processes wrote, before a search. Looks once a second at
        most, and leaves it to a thread that is just writing."""
        now = time.monotonic()
        if now - self._looked_at < LOOK_EVERY_S or not self.write_lock.acquire(blocking=False):
            return
        try:
            self._looked_at = now
            self._take_over()
        finally:
            self.write_lock.release()

    def _take_over(self) -> None:
        """Brings the settings here and the index up to what SQL says. An index of other software is left as it is:
        its rebuild starts from SQL."""
        with self.store.read() as connection:
            settings, is_pending = catalog.news(connection, self.base.id)
        if not is_pending:
            self.base = replace(self.base, settings=settings)
        elif self._misfit() is None:
            with self.writing():
                self.drain()

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
            base = self._current(connection)
            changed = [version for _, action, version in rows if action != "delete"]
            metadata = documents.metadata_of_versions(connection, changed, base.has_built_in_fields)
            fields = catalog.fields(connection, base) if changed else {}
            renewed = [version for _, action, version in rows if action == "points" and version in metadata]
            chunks = [chunk for version in renewed for chunk in versions.chunks_of(connection, version)]
        if rows:
            if chunks:
                self._add_all(index, chunks, metadata)
            self._tell(index, rows, fields, metadata)
        # Only now: until the index knows the built-in fields, no search here may use them.
        self.base = base

    def _current(self, connection: sa.Connection) -> BaseRecord:
        """The knowledge base with its settings as they are now: another process may have changed them."""
        return replace(self.base, settings=catalog.settings_of(connection, self.base.id))

    def _tell(
        self,
        index: Index,
        rows: Sequence[tuple[int, str, str]],
        fields: Mapping[str, FieldType],
        metadata: Mapping[str, Mapping[str, Value]],
    ) -> None:
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
    ) -> dict[str, str]:
        """Puts chunks into an index, or their children where they have any, durably. `metadata` is by version.

        Returns the versions that hold a text without a vector, and which text that is: not all of their points are
        there. Raises `EmbeddingError` when the model gives no vectors at all.
        """
        refused: dict[str, str] = {}
        searched = (record for chunk in chunks for record in chunk.children or (chunk,))
        for group in batched(searched, POINTS_AT_ONCE):
            texts = [searched_text(record) for record in group]
            vectors, reasons = self._vectors(texts)
            for at, reason in reasons.items():
                refused.setdefault(group[at].version_id, f"{_named(group[at])} has no vector: {reason}")
            index.upsert(
                self._points([(group[at], texts[at], vectors[at]) for at in sorted(vectors)], metadata)
            )
        index.flush()
        return refused

    def _add_all(
        self, index: Index, chunks: Sequence[ChunkRecord], metadata: Mapping[str, Mapping[str, Value]]
    ) -> None:
        for reason in self.add(index, chunks, metadata).values():
            raise EmbeddingError(reason)

    def _vectors(self, texts: Sequence[str]) -> tuple[Mapping[int, Vector | None], Mapping[int, str]]:
        """By position the vectors, and the reasons for those that there are not."""
        if self.embedder is None:
            return dict.fromkeys(range(len(texts))), {}
        try:
            return dict(enumerate(self.embedder.embed_documents(texts))), {}
        except TextsNotEmbedded as error:
            return error.vectors, error.reasons

    def _points(
        self,
        embedded: Sequence[tuple[ChunkRecord | ChildRecord, str, Vector | None]],
        metadata: Mapping[str, Mapping[str, Value]],
    ) -> list[Point]:
        points = []
        for record, text, vector in embedded:
            keywords = record.keywords if isinstance(record, ChunkRecord) else None
            words, bigrams = self.analysis.terms(self.analyzer, text, keywords)
            points.append(
                Point(
                    id=record.point,
                    version=record.version_id,
                    words=tuple(words),
                    bigrams=tuple(bigrams),
                    vector=vector,
                    metadata=metadata[record.version_id],
                )
            )
        return points

    def rebuild(self, analysis: AnalysisRule) -> EmbeddingUsage | None:
        """Builds a new generation from SQL, analysed by this rule, and makes it the one of this knowledge base.

        This object stands for the old one and is closed; its index is still there. Returns what the vectors took.
        """
        self._check_open()
        settings = {name: value for name, value in self.base.settings.items() if name not in ANALYSIS_NAMES}
        base = replace(
            self.base,
            generation=identity.new_version(),
            settings={**settings, **analysis.as_settings()},
        )
        if base.embedding is not None:
            self.embedders.forget(base.embedding)
        new = Generation(self.store, self.workspace, self.place, self.embedders, base)
        with self.write_lock:
            before = new.embedder.usage if new.embedder else None
            index = new._new_index(base.generation)
            try:
                told = new._fill(index)
            except BaseException:
                index.close()
                self.place.remove(base.generation)
                raise
            index.close()
            self.close()
            self._switch_to(new, told)
        return new.embedder.usage.since(before) if new.embedder and before else None

    def _fill(self, index: Index) -> int:
        """Puts everything in SQL into the index; returns the last outbox row that this has made needless."""
        with self.store.read() as connection:
            base = self._current(connection)
            rows = outbox.pending(connection, base.id)
            fields = catalog.fields(connection, base)
            records = [
                record.searchable(base.has_built_in_fields)
                for record in documents.of_base(connection, base.id)
            ]
        for name, kind in fields.items():
            index.declare_field(name, kind)
        for group in batched((record for record in records if record.active_version), DOCUMENTS_AT_ONCE):
            metadata = {record.active_version or "": record.metadata for record in group}
            with self.store.read() as connection:
                chunks = [chunk for version in metadata for chunk in versions.chunks_of(connection, version)]
            self._add_all(index, chunks, metadata)
        index.optimize()
        index.flush()
        return rows[-1][0] if rows else 0

    def _switch_to(self, new: Generation, told: int) -> None:
        """What the old index had yet to be told is in the new one, up to the outbox row `told`."""
        old = self.base
        with self.store.write() as connection:
            catalog.replace_generation(connection, old.id, old.generation, new.base.generation, new.signature)
            kept = catalog.settings_of(connection, old.id)
            analysis = new.analysis.as_settings()
            settings = {name: value for name, value in kept.items() if name not in ANALYSIS_NAMES}
            catalog.store_settings(connection, old.id, {**settings, **analysis})
            outbox.settle(connection, old.id, told)


def _named(record: ChunkRecord | ChildRecord) -> str:
    """A chunk or child, for a person who looks for it in the document."""
    kind = "child" if isinstance(record, ChildRecord) else "chunk"
    beginning = " ".join(record.content[:NAMED_CHARACTERS].split())
    return f"{kind} {record.position} at character {record.start} ({beginning!r}…)"


def searched_text(record: ChunkRecord | ChildRecord) -> str:
    """What is analysed and embedded of a chunk or child: its context, then its content, a line break in a cell as a
    space. Of a question not its answer, whose many words would say little about what is asked."""
    text = f"{record.context}\n{record.content}" if record.context else record.content
    return _CELL_BREAK.sub(" ", text) if "<br>" in text else text
