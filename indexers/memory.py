"""The reference index: every score straight from its formula, nothing on disk, nothing approximate."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np

from indexers.point_checks import check_metadata, vector_values
from knowledge.filters import Filter, matches
from knowledge.protocols import TextField
from knowledge.types import FieldType, Point, Scored, Value, Vector

K1 = 1.2
B = 0.75


@dataclass(slots=True)
class _TextStatistics:
    """Term counts of one text field, over the points that have any term in it."""

    lengths: dict[int, int] = field(default_factory=dict)
    postings: dict[str, dict[int, int]] = field(default_factory=dict)
    total_length: int = 0

    def add(self, point_id: int, terms: Sequence[str]) -> None:
        if terms:
            self.lengths[point_id] = len(terms)
            self.total_length += len(terms)
        for term, count in Counter(terms).items():
            self.postings.setdefault(term, {})[point_id] = count

    def remove(self, point_id: int, terms: Sequence[str]) -> None:
        self.total_length -= self.lengths.pop(point_id, 0)
        for term in set(terms):
            del self.postings[term][point_id]
            if not self.postings[term]:
                del self.postings[term]

    def weight(self, term: str) -> float:
        """ln(1 + (N - df + .5) / (df + .5)): never negative (Lucene's variant of Robertson's idf)."""
        frequency = len(self.postings[term])
        return math.log(1 + (len(self.lengths) - frequency + 0.5) / (frequency + 0.5))

    def scores(self, terms: Iterable[str]) -> dict[int, float]:
        """BM25 (Robertson et al., TREC-3, 1994) of every point that shares a term; each term once."""
        found: dict[int, float] = {}
        for term in dict.fromkeys(terms):
            for point_id, count in self.postings.get(term, {}).items():
                average = self.total_length / len(self.lengths)
                saturation = K1 * (1 - B + B * self.lengths[point_id] / average)
                gain = self.weight(term) * count * (K1 + 1) / (count + saturation)
                found[point_id] = found.get(point_id, 0.0) + gain
        return found


class MemoryIndex:
    """An exact `Index` in dictionaries. `dimension` is None when points have no vectors."""

    def __init__(self, dimension: int | None = None) -> None:
        self._dimension = dimension
        self._points: dict[int, Point] = {}
        self._ids_of_version: dict[str, set[int]] = {}
        self._text: dict[TextField, _TextStatistics] = {
            "words": _TextStatistics(),
            "bigrams": _TextStatistics(),
        }

    def upsert(self, points: Sequence[Point]) -> None:
        for point in points:
            check_metadata(point.metadata)
            if point.vector is not None:
                vector_values(point.vector, self._dimension)
        for point in points:
            self._remove(point.id)
            self._add(point)

    def delete_versions(self, versions: Sequence[str]) -> None:
        for version in versions:
            for point_id in tuple(self._ids_of_version.get(version, ())):
                self._remove(point_id)

    def set_metadata(self, version: str, metadata: Mapping[str, Value]) -> None:
        check_metadata(metadata)
        for point_id in self._ids_of_version.get(version, ()):
            self._points[point_id] = replace(self._points[point_id], metadata=dict(metadata))

    def declare_field(self, name: str, kind: FieldType) -> None:
        """Nothing to do: every field can be filtered."""

    def search_text(
        self,
        field: TextField,
        terms: Sequence[str],
        limit: int,
        where: Filter | None = None,
        ids: Sequence[int] | None = None,
    ) -> list[Scored]:
        scores = self._text[field].scores(terms)
        return _best(((point.id, scores[point.id]) for point in self._among(scores, where, ids)), limit)

    def search_vector(
        self, vector: Vector, limit: int, where: Filter | None = None, ids: Sequence[int] | None = None
    ) -> list[Scored]:
        query = np.asarray(vector_values(vector, self._dimension))
        query /= np.linalg.norm(query)
        with_vector = [point for point in self._among(self._points, where, ids) if point.vector is not None]
        return _best(((point.id, _cosine(point, query)) for point in with_vector), limit)

    def term_weights(self, field: TextField, terms: Sequence[str]) -> dict[str, float]:
        statistics = self._text[field]
        return {term: statistics.weight(term) for term in terms if term in statistics.postings}

    def point_ids(self) -> set[int]:
        return set(self._points)

    def count(self) -> int:
        return len(self._points)

    def flush(self) -> None:
        """Nothing to do: nothing is on disk."""

    def optimize(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""

    def _add(self, point: Point) -> None:
        self._points[point.id] = point
        self._ids_of_version.setdefault(point.version, set()).add(point.id)
        self._text["words"].add(point.id, point.words)
        self._text["bigrams"].add(point.id, point.bigrams)

    def _remove(self, point_id: int) -> None:
        point = self._points.pop(point_id, None)
        if point is None:
            return
        self._ids_of_version[point.version].remove(point_id)
        self._text["words"].remove(point_id, point.words)
        self._text["bigrams"].remove(point_id, point.bigrams)

    def _among(
        self, candidates: Iterable[int], where: Filter | None, ids: Sequence[int] | None
    ) -> Iterator[Point]:
        wanted = None if ids is None else frozenset(ids)
        for point_id in candidates:
            point = self._points[point_id]
            if (wanted is None or point_id in wanted) and (where is None or matches(where, point.metadata)):
                yield point


def _cosine(point: Point, unit_query: Vector) -> float:
    vector = np.asarray(point.vector, dtype=np.float64)
    return float(vector @ unit_query / np.linalg.norm(vector))


def _best(scores: Iterable[tuple[int, float]], limit: int) -> list[Scored]:
    ranked = sorted(scores, key=lambda scored: (-scored[1], scored[0]))
    return [Scored(point_id, score) for point_id, score in islice(ranked, max(limit, 0))]
