"""The embedded index: a Qdrant Edge shard in a folder, searched exactly, in this process.

The engine holds the interpreter lock during every call. Without a graph (`m=0`) vector search compares with
every point; `optimize` then only packs the points into files that open fast.

Text statistics must be those of the live points. The engine's own are, until a point leaves a packed segment:
deleted, or written anew, it is still counted there until the segment is packed again. From then on every text query
asks for statistics over a filter, which takes milliseconds with 100,000 points; a marker file says whether it must.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import qdrant_edge as edge

from indexers.edge_payload import edge_filter, field_indexes
from indexers.point_checks import check_metadata, vector_values
from indexers.qdrant_payload import METADATA, metadata_payload
from knowledge.errors import AlreadyExists, InputError, KnowledgeError, WorkspaceError, WorkspaceLocked
from knowledge.filters import Filter
from knowledge.types import FieldType, Point, Scored, Value, Vector

if TYPE_CHECKING:
    # Names of the type stubs only.
    from qdrant_edge import ConditionType, NamedVector, PayloadSchemaParams, PointId

    from knowledge.protocols import TextField

_CONFIG_FILE: Final = "edge_config.json"
_REMEDY: Final = "build it anew: knowledge rebuild NAME"
_UPSERT_POINTS: Final = 1_000
_SCROLL_POINTS: Final = 20_000
_CACHED_WEIGHTS: Final = 100_000
_PACK_POINTS: Final = 5_000
_PACK_SHARE: Final = 10
"""Packing rewrites the shard: done when a tenth of it is new, its cost stays in proportion to what was added."""

_VECTOR: Final = "text"
_PLACEHOLDER: Final = "none"
"""The engine packs only points that have a vector: where there is none, each gets a single 1."""

_MARKER: Final = "exact_statistics"
"""Present while no packed segment holds points that are gone."""
_PACKING: Final = "packing"
"""Present while segments are packed. A process that ends in between may leave old and new segments side by side,
whose terms count twice: packing again mends that."""
_UNFINISHED: Final = "temp_segments"

_LIVE = edge.Filter(must=[edge.FieldCondition("live", match=edge.MatchValue("1"))])
_OVER_LIVE_POINTS = edge.SearchParams(idf=edge.IdfParams(corpus=_LIVE))
_ONLY_WEIGHT = edge.Bm25Params(k=0.0, b=0.0)


class EdgeIndex:
    """An `Index` in a folder. One process at a time may have it open."""

    def __init__(self, shard: edge.EdgeShard, path: Path, dimension: int | None) -> None:
        self._shard = shard
        self._path = path
        self._dimension = dimension
        self._weights: dict[tuple[TextField, str], float | None] = {}
        self._deleted = 0
        self._marker = path / _MARKER
        self._is_exact = self._marker.exists()

    @classmethod
    def create(cls, path: Path, dimension: int | None) -> EdgeIndex:
        """A new index in the folder `path`; `dimension` is None when its points have no vectors."""
        if path.exists() and any(path.iterdir()):
            raise AlreadyExists(f"{path} is not empty; open it, or create the index in another folder")
        path.mkdir(parents=True, exist_ok=True)
        with _engine_errors(path):
            shard = edge.EdgeShard.create(str(path), _config(dimension))
            _index_own_fields(shard)
        (path / _MARKER).touch()
        return cls(shard, path, dimension)

    @classmethod
    def open(cls, path: Path) -> EdgeIndex:
        """The index in the folder `path`. Raises `WorkspaceError` when it is missing or damaged."""
        dimension = _stored_dimension(path)
        with _engine_errors(path):
            if (path / _PACKING).exists():
                shutil.rmtree(path / _UNFINISHED, ignore_errors=True)
            shard = edge.EdgeShard.load(str(path), _config(dimension))
            _index_own_fields(shard)
            index = cls(shard, path, dimension)
            if (path / _PACKING).exists():
                index._pack()
        return index

    @property
    def dimension(self) -> int | None:
        return self._dimension

    def upsert(self, points: Sequence[Point]) -> None:
        stored = [self._stored(point) for point in points]
        for start in range(0, len(stored), _UPSERT_POINTS):
            batch = stored[start : start + _UPSERT_POINTS]
            operation = edge.UpdateOperation.upsert_points(batch)
            self._update(operation, only_adds=not self._holds([point.id for point in batch]))

    def delete_versions(self, versions: Sequence[str]) -> None:
        before = self.count()
        self._update(edge.UpdateOperation.delete_points_by_filter(_of_versions(versions)))
        self._deleted += before - self.count()

    def set_metadata(self, version: str, metadata: Mapping[str, Value]) -> None:
        check_metadata(metadata)
        payload = {METADATA: metadata_payload(metadata)}
        self._update(edge.UpdateOperation.set_payload_by_filter(_of_versions([version]), payload))

    def declare_field(self, name: str, kind: FieldType) -> None:
        with _engine_errors(self._path):
            present = self._shard.info().payload_schema
            for path, schema in field_indexes(name, kind):
                if path not in present:
                    self._shard.update(edge.UpdateOperation.create_field_index(path, schema))

    def flush(self) -> None:
        with _engine_errors(self._path):
            self._shard.flush()

    def search_text(
        self,
        field: TextField,
        terms: Sequence[str],
        limit: int,
        where: Filter | None = None,
        ids: Sequence[int] | None = None,
    ) -> list[Scored]:
        """As the protocol says; N and the average length count the points that have a term in `field`."""
        if not terms:
            return []
        return self._search(edge.TextQuery(field, " ".join(terms)), limit, where, ids, self._statistics)

    def search_vector(
        self, vector: Vector, limit: int, where: Filter | None = None, ids: Sequence[int] | None = None
    ) -> list[Scored]:
        values = vector_values(vector, self._dimension)
        exact = edge.SearchParams(exact=True)
        return self._search(edge.Query.Nearest(values, using=_VECTOR), limit, where, ids, exact)

    def term_weights(self, field: TextField, terms: Sequence[str]) -> dict[str, float]:
        # A write puts a new dictionary in place: what is measured before it never lands in the new one.
        known = self._weights
        unknown = [term for term in dict.fromkeys(terms) if (field, term) not in known]
        if len(known) + len(unknown) > _CACHED_WEIGHTS:
            known = self._weights = {}
            unknown = list(dict.fromkeys(terms))
        for term, weight in zip(unknown, self._measured_weights(field, unknown), strict=True):
            known[field, term] = weight
        return {term: weight for term in terms if (weight := known[field, term]) is not None}

    def point_ids(self) -> set[int]:
        found: set[int] = set()
        offset: PointId | None = None
        with _engine_errors(self._path):
            while True:
                page = edge.ScrollRequest(
                    offset=offset, limit=_SCROLL_POINTS, with_payload=False, with_vector=False
                )
                records, offset = self._shard.scroll(page)
                found.update(int(record.id) for record in records)
                if offset is None:
                    return found

    def count(self) -> int:
        with _engine_errors(self._path):
            return int(self._shard.count(edge.CountRequest(exact=True)))

    def optimize(self) -> None:
        """Packs the points for faster opening, when enough of them are new or deleted."""
        with _engine_errors(self._path):
            info = self._shard.info()
            new = info.points_count - info.indexed_vectors_count
            if max(new, self._deleted) >= max(_PACK_POINTS, info.points_count // _PACK_SHARE):
                self._pack()

    def _pack(self) -> None:
        packing = self._path / _PACKING
        packing.touch()
        _sync(self._path)
        self._shard.optimize()
        self._shard.flush()
        self._marker.touch()
        packing.unlink(missing_ok=True)
        _sync(self._path)
        self._deleted = 0
        self._is_exact = True
        self._weights = {}

    def close(self) -> None:
        with _engine_errors(self._path):
            self._shard.close()

    def _stored(self, point: Point) -> edge.Point:
        check_metadata(point.metadata)
        vector: dict[str, NamedVector] = {}
        if point.vector is not None:
            vector = {_VECTOR: vector_values(point.vector, self._dimension)}
        elif self._dimension is None:
            vector = {_PLACEHOLDER: [1.0]}
        payload = {
            "words": " ".join(point.words),
            "bigrams": " ".join(point.bigrams),
            "live": "1",
            "version": point.version,
            METADATA: metadata_payload(point.metadata),
        }
        return edge.Point(point.id, vector, payload)

    def _holds(self, ids: Sequence[PointId]) -> bool:
        """Whether any of these points is there."""
        with _engine_errors(self._path):
            any_of = edge.Filter(must=[edge.HasIdCondition(set(ids))])
            return bool(self._shard.count(edge.CountRequest(filter=any_of, exact=True)))

    def _update(self, operation: edge.UpdateOperation, *, only_adds: bool = False) -> None:
        """`only_adds`: no point leaves the segment it is in."""
        try:
            with _engine_errors(self._path):
                if not only_adds:
                    self._doubt_statistics()
                self._shard.update(operation)
        finally:
            self._weights = {}

    def _doubt_statistics(self) -> None:
        """Durably, before it becomes true: what is packed may hold points that are gone."""
        if self._is_exact and self._shard.info().indexed_vectors_count:
            self._is_exact = False
            self._marker.unlink(missing_ok=True)
            _sync(self._path)

    @property
    def _statistics(self) -> edge.SearchParams | None:
        return None if self._is_exact else _OVER_LIVE_POINTS

    def _search(
        self,
        query: edge.TextQuery | edge.Query,
        limit: int,
        where: Filter | None,
        ids: Sequence[int] | None,
        params: edge.SearchParams | None,
    ) -> list[Scored]:
        if limit <= 0:
            return []
        conditions: list[ConditionType] = []
        if where is not None:
            conditions.append(edge_filter(where))
        if ids is not None:
            conditions.append(edge.HasIdCondition(set(ids)))
        # A filter without conditions is not free: every vector is asked whether it passes.
        narrowed = edge.Filter(must=conditions) if conditions else None
        request = edge.QueryRequest(
            limit=limit, query=query, filter=narrowed, params=params, with_payload=False
        )
        with _engine_errors(self._path):
            return [Scored(int(found.id), found.score) for found in self._shard.query(request)]

    def _measured_weights(self, field: TextField, terms: Sequence[str]) -> list[float | None]:
        """With k = b = 0 the best score of a term is its idf."""
        requests = [
            edge.QueryRequest(
                limit=1, query=edge.TextQuery(field, term, _ONLY_WEIGHT), params=self._statistics
            )
            for term in terms
        ]
        with _engine_errors(self._path):
            answers = self._shard.query_batch(edge.QueryBatchRequest(requests)) if requests else []
        return [found[0].score if found else None for found in answers]


def _config(dimension: int | None) -> edge.EdgeConfig:
    vector = edge.EdgeVectorParams(size=dimension or 1, distance=edge.Distance.Cosine)
    return edge.EdgeConfig(
        vectors={_PLACEHOLDER if dimension is None else _VECTOR: vector},
        hnsw_config=edge.HnswIndexConfig(m=0, ef_construct=16, full_scan_threshold=2**40),
        # `optimize` decides when to pack; the engine's own thresholds stay out of the way.
        optimizers=edge.EdgeOptimizersConfig(
            indexing_threshold=1, deleted_threshold=1e-9, vacuum_min_vector_number=1
        ),
    )


def _index_own_fields(shard: edge.EdgeShard) -> None:
    """Also on opening: a process may have died between creating the shard and this."""
    text = edge.TextIndexParams(
        tokenizer=edge.TokenizerType.Whitespace, lowercase=False, scoring=True, min_token_len=1
    )
    keyword = edge.PayloadSchemaType.Keyword
    schemas: dict[str, edge.PayloadSchemaType | PayloadSchemaParams] = {
        "words": text,
        "bigrams": text,
        "live": keyword,
        "version": keyword,
    }
    present = shard.info().payload_schema
    for name, schema in schemas.items():
        if name not in present:
            shard.update(edge.UpdateOperation.create_field_index(name, schema))


def _sync(folder: Path) -> None:
    """Makes what was created and removed in a folder outlive a power failure, where the system can."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _of_versions(versions: Sequence[str]) -> edge.Filter:
    return edge.Filter(must=[edge.FieldCondition("version", match=edge.MatchAny(list(versions)))])


def _stored_dimension(path: Path) -> int | None:
    try:
        vectors = json.loads((path / _CONFIG_FILE).read_text("utf-8"))["vectors"]
        return int(vectors[_VECTOR]["size"]) if _VECTOR in vectors else None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WorkspaceError(f"no usable index in {path} ({error}); {_REMEDY}") from error


@contextmanager
def _engine_errors(path: Path) -> Iterator[None]:
    """The engine raises bare exceptions, and panics outside of `Exception`: both become ours here."""
    try:
        yield
    except BaseException as error:
        panicked = type(error).__name__ == "PanicException"
        if isinstance(error, KnowledgeError) or not (panicked or isinstance(error, Exception)):
            raise
        raise _translated(error, path) from error


def _translated(error: BaseException, path: Path) -> KnowledgeError:
    message = str(error).partition("\n")[0]
    if "WouldBlock" in message:
        return WorkspaceLocked(f"the index {path} is open elsewhere; close it there, or wait")
    if "not initialized" in message:
        return InputError(f"the index {path} is closed; open it again")
    if "No space left" in message:
        return WorkspaceError(f"no space left to write the index {path}; free some and try again")
    return WorkspaceError(f"the index {path} does not work ({message}); {_REMEDY}")
