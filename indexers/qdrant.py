"""The index on a Qdrant server: one collection, found again by text, vector and filter, exactly.

The server, 1.20 or newer, ranks by BM25 itself: the text indexes of the payload fields `words` and `bigrams` keep
term counts and lengths, and a text query takes its statistics over the live points. Three things make it exact.

- Terms are written so that every tokenizer takes each for one word (`_word`).
- The collection has one shard, because the statistics are those of a shard.
- No graph is built (`m=0`): a vector is compared with every point.

Every write is waited for, so whatever reads next sees it, and it outlives a killed server. A power failure of
the server's machine can cost the last seconds: it writes its log to disk every five (`flush_interval_sec`).

`:memory:` or a folder in place of a URL is the client's own imitation of a server, for tests and small trials.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final

from indexers.point_checks import check_metadata, vector_values
from indexers.qdrant_connection import (
    QdrantClient,
    already_there,
    connected,
    is_url,
    models,
    no_collection,
    server_errors,
)
from indexers.qdrant_payload import METADATA, field_indexes, metadata_payload, payload_filter
from knowledge.filters import Filter
from knowledge.types import FieldType, Point, Scored, Value, Vector

if TYPE_CHECKING:
    from knowledge.protocols import TextField

_UPSERT_POINTS: Final = 500
_UPSERT_BYTES: Final = 8_000_000
"""A quarter of what the server takes in one request."""
_SCROLL_POINTS: Final = 20_000

_VECTOR: Final = "text"
_ONLY_WEIGHT = models.Bm25Scoring(bm25=models.Bm25Params(k=0.0, b=0.0))
_LIVE = models.Filter(must=[models.FieldCondition(key="live", match=models.MatchValue(value="1"))])
_OVER_LIVE_POINTS = models.SearchParams(idf=models.IdfCorpusParams(corpus=_LIVE))
"""Deleted points leave the statistics of a text field only when these are taken over a filter."""
_ALLOWED = models.StrictModeConfig(unindexed_filtering_retrieve=True)
"""Conditions ask for the strings and the numbers of a field, of which one kind only has an index."""
_PLAIN_WORD = re.compile(r"(?!0x)[0-9a-z\u4e00-\u9fff]+")


class QdrantIndex:
    """An `Index` in a collection of a Qdrant server. Threads may share it; one process at a time may write."""

    def __init__(self, client: QdrantClient, location: str, collection: str, dimension: int | None) -> None:
        self._client = client
        self._location = location
        self._collection = collection
        self._dimension = dimension
        # The imitation counts live points only, and has no corpus to choose.
        self._text_params = _OVER_LIVE_POINTS if is_url(location) else None

    @classmethod
    def create(cls, location: str, collection: str, dimension: int | None) -> QdrantIndex:
        """A new collection at the URL `location`; `dimension` is None when its points have no vectors.

        Raises `AlreadyExists` when the server has a collection of that name.
        """
        client = connected(location)
        with server_errors(location, collection):
            if client.collection_exists(collection):
                raise already_there(location, collection)
            client.create_collection(
                collection,
                vectors_config=_vectors_config(dimension),
                shard_number=1,
                hnsw_config=models.HnswConfigDiff(m=0),
                strict_mode_config=_ALLOWED,
            )
        return cls._ready(client, location, collection, dimension)

    @classmethod
    def open(cls, location: str, collection: str) -> QdrantIndex:
        """The collection at the URL `location`. Raises `WorkspaceError` when it is missing or not reached."""
        client = connected(location)
        with server_errors(location, collection):
            if not client.collection_exists(collection):
                raise no_collection(location, collection)
            vectors = client.get_collection(collection).config.params.vectors
        stored = vectors.get(_VECTOR) if isinstance(vectors, dict) else None
        return cls._ready(client, location, collection, stored.size if stored else None)

    @classmethod
    def _ready(
        cls, client: QdrantClient, location: str, collection: str, dimension: int | None
    ) -> QdrantIndex:
        """Also on opening: a process may have died between creating the collection and this."""
        index = cls(client, location, collection, dimension)
        for name in ("words", "bigrams"):
            index._index_field(name, models.TextIndexParams(type=models.TextIndexType.TEXT, scoring=True))
        for name in ("live", "version"):
            index._index_field(name, models.PayloadSchemaType.KEYWORD)
        return index

    @property
    def dimension(self) -> int | None:
        return self._dimension

    def upsert(self, points: Sequence[Point]) -> None:
        stored = [self._stored(point) for point in points]
        with self._errors():
            for batch in _batches(stored):
                self._client.upsert(self._collection, batch, wait=True)

    def delete_versions(self, versions: Sequence[str]) -> None:
        with self._errors():
            selector = models.FilterSelector(filter=_of_versions(versions))
            self._client.delete(self._collection, selector, wait=True)

    def set_metadata(self, version: str, metadata: Mapping[str, Value]) -> None:
        check_metadata(metadata)
        payload = {METADATA: metadata_payload(metadata)}
        with self._errors():
            self._client.set_payload(self._collection, payload, points=_of_versions([version]), wait=True)

    def declare_field(self, name: str, kind: FieldType) -> None:
        for path, schema in field_indexes(name, kind):
            self._index_field(path, models.PayloadSchemaType(schema))

    def flush(self) -> None:
        """Nothing to do: every write was waited for."""

    def search_text(
        self,
        field: TextField,
        terms: Sequence[str],
        limit: int,
        where: Filter | None = None,
        ids: Sequence[int] | None = None,
    ) -> list[Scored]:
        if not terms:
            return []
        query = models.TextQuery(text=_words(terms))
        return self._search(query, field, limit, where, ids, self._text_params)

    def search_vector(
        self, vector: Vector, limit: int, where: Filter | None = None, ids: Sequence[int] | None = None
    ) -> list[Scored]:
        query = models.NearestQuery(nearest=vector_values(vector, self._dimension))
        return self._search(query, _VECTOR, limit, where, ids, models.SearchParams(exact=True))

    def term_weights(self, field: TextField, terms: Sequence[str]) -> dict[str, float]:
        """With k = b = 0 the best score of a term is its idf."""
        asked = list(dict.fromkeys(terms))
        requests = [
            models.QueryRequest(
                query=models.TextQuery(text=models.TextQueryInput(query=_word(term), scoring=_ONLY_WEIGHT)),
                using=field,
                params=self._text_params,
                limit=1,
            )
            for term in asked
        ]
        with self._errors():
            answers = self._client.query_batch_points(self._collection, requests) if requests else []
        found = zip(asked, answers, strict=True)
        return {term: answer.points[0].score for term, answer in found if answer.points}

    def point_ids(self) -> set[int]:
        found: set[int] = set()
        offset: Any = None
        with self._errors():
            while True:
                records, offset = self._client.scroll(
                    self._collection, limit=_SCROLL_POINTS, offset=offset, with_payload=False
                )
                found.update(int(record.id) for record in records)
                if offset is None:
                    return found

    def count(self) -> int:
        with self._errors():
            return self._client.count(self._collection, exact=True).count

    def optimize(self) -> None:
        """Nothing to do: the server tidies by itself."""

    def close(self) -> None:
        """Closes the connection; the collection stays."""
        self._client.close()

    def drop(self) -> None:
        """Deletes the collection with all its points, and closes the connection."""
        with self._errors():
            self._client.delete_collection(self._collection)
        self.close()

    def _errors(self) -> AbstractContextManager[None]:
        return server_errors(self._location, self._collection)

    def _index_field(self, path: str, schema: models.PayloadSchemaType | models.TextIndexParams) -> None:
        with self._errors():
            self._client.create_payload_index(self._collection, path, schema, wait=True)

    def _stored(self, point: Point) -> models.PointStruct:
        check_metadata(point.metadata)
        vector: dict[str, Any] = {}
        if point.vector is not None:
            vector = {_VECTOR: vector_values(point.vector, self._dimension)}
        payload = {
            "words": _words(point.words),
            "bigrams": _words(point.bigrams),
            "live": "1",
            "version": point.version,
            METADATA: metadata_payload(point.metadata),
        }
        return models.PointStruct(id=point.id, vector=vector, payload=payload)

    def _search(
        self,
        query: models.TextQuery | models.NearestQuery,
        using: str,
        limit: int,
        where: Filter | None,
        ids: Sequence[int] | None,
        params: models.SearchParams | None,
    ) -> list[Scored]:
        if limit <= 0:
            return []
        conditions: list[models.Condition] = []
        if where is not None:
            conditions.append(models.Filter.model_validate(payload_filter(where)))
        if ids is not None:
            conditions.append(models.HasIdCondition(has_id=list(ids)))
        with self._errors():
            answer = self._client.query_points(
                self._collection,
                query=query,
                using=using,
                query_filter=models.Filter(must=conditions),
                search_params=params,
                limit=limit,
                with_payload=False,
            )
        return [Scored(int(found.id), found.score) for found in answer.points]


def _words(terms: Iterable[str]) -> str:
    return " ".join(map(_word, terms))


def _word(term: str) -> str:
    """The term in letters and digits that no tokenizer splits, folds or changes: as it is, or in hexadecimal."""
    return term if _PLAIN_WORD.fullmatch(term) else f"0x{term.encode('utf-8', 'surrogatepass').hex()}"


def _batches(points: Iterable[models.PointStruct]) -> Iterator[list[models.PointStruct]]:
    batch: list[models.PointStruct] = []
    size = 0
    for point in points:
        added = len(point.model_dump_json().encode())
        if batch and (len(batch) == _UPSERT_POINTS or size + added > _UPSERT_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(point)
        size += added
    if batch:
        yield batch


def _vectors_config(dimension: int | None) -> dict[str, models.VectorParams]:
    if dimension is None:
        return {}
    return {_VECTOR: models.VectorParams(size=dimension, distance=models.Distance.COSINE)}


def _of_versions(versions: Sequence[str]) -> models.Filter:
    match = models.MatchAny(any=list(versions))
    return models.Filter(must=[models.FieldCondition(key="version", match=match)])
