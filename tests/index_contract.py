"""What every index must do: tests that each implementation inherits.

After any sequence of writes an index must answer like a `MemoryIndex` built afresh from the points that are
left: same points, same scores, same term weights.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexers import MemoryIndex
from knowledge.errors import EmbeddingError, InputError
from knowledge.filters import And, Condition, Filter, Not, Or
from knowledge.protocols import Index, TextField
from knowledge.types import Point, Scored, Value

DIMENSION = 3
TEXT_FIELDS: tuple[TextField, ...] = ("words", "bigrams")
WORDS = ("年假", "leave", "c++", "gpt-3.5-turbo", "Ü", "not", "a", "x" * 100)
STRING_FIELDS = ("部门", 'odd."name"[0] %', "undeclared")
NUMBER_FIELDS = ("year", "7", "undeclared number")
STRINGS = ("7", "007", "HR", "hr", "", " HR ", "财务", "long" * 500)
NUMBERS = (0.0, -1.5, 0.1 + 0.2, 0.3, 2024.0, 1_700_000_000.123456, 1e300)
VERSIONS = ("v1", "v2", "v3")

bounded = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

strings = st.sampled_from(STRINGS)
numbers = st.sampled_from(NUMBERS)


def one_or_several(scalars: st.SearchStrategy) -> st.SearchStrategy:
    return scalars | st.lists(scalars, max_size=3).map(tuple)


metadata = st.fixed_dictionaries(
    {},
    optional={name: one_or_several(strings) for name in STRING_FIELDS}
    | {name: one_or_several(numbers) for name in NUMBER_FIELDS},
)
terms = st.lists(st.sampled_from(WORDS), max_size=6).map(tuple)
any_term = st.text(st.characters(exclude_categories=("Cc", "Cs", "Z")), min_size=1, max_size=6)
vectors = st.lists(st.integers(-3, 3), min_size=DIMENSION, max_size=DIMENSION).filter(any).map(np.float32)
points = st.builds(
    Point,
    id=st.integers(0, 15) | st.just(2**62),
    version=st.sampled_from(VERSIONS),
    words=terms,
    bigrams=terms,
    vector=st.none() | vectors,
    metadata=metadata,
)

fields = st.sampled_from(STRING_FIELDS + NUMBER_FIELDS)
equalities = st.sampled_from(("=", "!=", "is", "is-not"))
orders = st.sampled_from((">", "<", ">=", "<=", "before", "after"))
conditions = st.one_of(
    st.builds(Condition, fields, equalities, strings | numbers),
    st.builds(Condition, fields, orders, numbers),
    st.builds(
        Condition,
        fields,
        st.sampled_from(("in", "not-in")),
        st.lists(strings | numbers, max_size=3).map(tuple),
    ),
    st.builds(Condition, fields, st.sampled_from(("empty", "not-empty"))),
)
"""All that an index decides by itself; looking inside strings is resolved before it is asked."""
filters = st.recursive(
    conditions,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: And(tuple(parts)))
        | st.lists(inner, max_size=3).map(lambda parts: Or(tuple(parts)))
        | inner.map(Not)
    ),
    max_leaves=5,
)

Write = tuple[str, object]
writes = st.lists(
    st.one_of(
        st.tuples(st.just("upsert"), st.lists(points, max_size=8)),
        st.tuples(st.just("delete"), st.lists(st.sampled_from(VERSIONS), max_size=2)),
        st.tuples(st.just("set"), st.tuples(st.sampled_from(VERSIONS), metadata)),
        st.tuples(st.sampled_from(("optimize", "reopen", "ask")), st.none()),
    ),
    max_size=8,
)


class IndexContract:
    """Inherit, and say how an index is made and how it is opened again."""

    points_of_a_version = 20
    """Of the test with many points: 350 versions."""

    def make(self, folder: Path, dimension: int | None) -> Index:
        raise NotImplementedError

    def reopen(self, index: Index, folder: Path) -> Index:
        raise NotImplementedError

    @contextmanager
    def fresh(self, dimension: int | None = DIMENSION) -> Iterator[tuple[Index, Path]]:
        with TemporaryDirectory() as parent:
            folder = Path(parent) / "index"
            index = self.make(folder, dimension)
            yield index, folder
            index.close()

    @contextmanager
    def used(self) -> Iterator[IndexInUse]:
        """One index for all examples of a property: each begins by deleting what the last one left."""
        with TemporaryDirectory() as parent:
            folder = Path(parent) / "index"
            in_use = IndexInUse(self.make(folder, DIMENSION), lambda index: self.reopen(index, folder))
            for name in STRING_FIELDS[:2]:
                in_use.index.declare_field(name, "string")
            for name in NUMBER_FIELDS[:2]:
                in_use.index.declare_field(name, "number")
                in_use.index.declare_field(name, "number")
            yield in_use
            in_use.index.close()

    def test_answers_as_if_built_from_what_is_left(self):
        @bounded
        @given(history=writes, query=terms, vector=vectors, limit=st.integers(0, 20))
        def check(history, query, vector, limit):
            reference = in_use.write(history)
            index = in_use.index
            assert index.count() == reference.count()
            assert index.point_ids() == reference.point_ids()
            for field in TEXT_FIELDS:
                assert_same(partial(text_search, field, query), index, reference, limit)
                assert index.term_weights(field, WORDS) == pytest.approx(reference.term_weights(field, WORDS))
            assert_same(partial(vector_search, vector), index, reference, limit)

        with self.used() as in_use:
            check()

    def test_filters_and_ids_narrow_the_answer_and_nothing_else(self):
        @bounded
        @given(
            stored=st.lists(points, max_size=12),
            changed=st.none() | st.tuples(st.sampled_from(VERSIONS), metadata),
            wheres=st.lists(filters, min_size=1, max_size=10),
            ids=st.none() | st.lists(st.integers(0, 20), max_size=8),
        )
        def check(stored, changed, wheres, ids):
            reference = in_use.write([("upsert", stored), *([("set", changed)] if changed else [])])
            vector = np.float32([1, 2, 3])
            for where in wheres:
                by_text = partial(text_search, "words", WORDS, where=where, ids=ids)
                by_vector = partial(vector_search, vector, where=where, ids=ids)
                assert_same(by_text, in_use.index, reference)
                assert_same(by_vector, in_use.index, reference)

        with self.used() as in_use:
            check()

    def test_a_filter_and_its_negation_divide_the_points(self):
        @bounded
        @given(stored=st.lists(points, max_size=12), where=filters)
        def check(stored, where):
            in_use.write([("upsert", [replace(point, words=("a",)) for point in stored])])
            inside = {found.id for found in in_use.index.search_text("words", ["a"], 100, where)}
            outside = {found.id for found in in_use.index.search_text("words", ["a"], 100, Not(where))}
            assert inside | outside == in_use.index.point_ids()
            assert not inside & outside

        with self.used() as in_use:
            check()

    def test_many_points_written_deleted_and_packed(self):
        chance = random.Random(7)
        first = self.random_points(chance, range(300))
        again = self.random_points(chance, range(250, 350))
        renamed = {"year": 2025.0}
        history: list[Write] = [
            ("upsert", first),
            ("optimize", None),
            ("delete", [f"v{number}" for number in range(150)]),
            ("upsert", again),
            ("set", ("v201", renamed)),
            ("optimize", None),
            ("delete", [f"v{number}" for number in range(150, 290)]),
            ("optimize", None),
            ("delete", [f"v{number}" for number in range(290, 300)]),
            ("upsert", again[::7]),
            ("reopen", None),
        ]
        where = Condition("year", ">=", 2010.0)
        with self.used() as in_use:
            reference = in_use.write(history)
            index = in_use.index
            assert index.point_ids() == reference.point_ids()
            for k in range(20):
                query = [f"t{k}", f"t{k * 7}", f"t{k * 31}"]
                vector = np.float32([chance.gauss(0, 1) for _ in range(DIMENSION)])
                assert_same(partial(text_search, "words", query), index, reference, 10)
                assert_same(partial(text_search, "words", query, where=where), index, reference, 10)
                assert_same(partial(vector_search, vector, where=where), index, reference, 10)
                assert index.term_weights("words", query) == pytest.approx(
                    reference.term_weights("words", query)
                )

    def random_points(self, chance: random.Random, versions: range) -> list[Point]:
        size = self.points_of_a_version
        return [
            random_point(chance, number, f"v{number // size}")
            for number in range(versions.start * size, versions.stop * size)
        ]

    def test_a_term_stands_for_itself_alone(self):
        @bounded
        @given(different=st.lists(any_term, min_size=1, max_size=8, unique=True))
        def check(different):
            stored = [replace(text_point(n, ""), words=(term,)) for n, term in enumerate(different)]
            in_use.write([("upsert", stored)])
            for number, term in enumerate(different):
                assert [hit.id for hit in in_use.index.search_text("words", [term], 9)] == [number]
            assert in_use.index.term_weights("words", different).keys() == set(different)

        with self.used() as in_use:
            check()

    def test_numbers_of_seventeen_digits_equal_themselves_after_packing(self):
        chance = random.Random(5)
        stored = [
            replace(point, words=("a",), metadata={"year": chance.random() * 10 ** chance.randint(-5, 12)})
            for point in self.random_points(chance, range(300))
        ]
        with self.used() as in_use:
            in_use.write([("upsert", stored), ("optimize", None), ("reopen", None)])
            for point in stored[:: len(stored) // 50]:
                value = point.metadata["year"]
                at_least, above = Condition("year", ">=", value), Condition("year", ">", value)
                equal = And((at_least, Condition("year", "<=", value)))
                assert found(in_use.index, Condition("year", "=", value)) == [point.id]
                assert found(in_use.index, And((at_least, Not(above)))) == [point.id]
                assert found(in_use.index, equal) == [point.id]
                assert found(in_use.index, And((Condition("year", "!=", value), equal))) == []

    def test_a_score_by_hand(self):
        with self.fresh(dimension=None) as (index, _):
            index.upsert(
                [text_point(1, "a b b"), text_point(2, "a"), text_point(3, ""), text_point(4, "c c")]
            )
            # Point 3 has no term and does not count: N = 3, average length 2, df(b) = 1, tf = 2, length 3.
            idf = math.log(1 + (3 - 1 + 0.5) / (1 + 0.5))
            expected = idf * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 3 / 2))
            assert index.search_text("words", ["b"], 10) == [Scored(1, pytest.approx(expected))]
            assert index.term_weights("words", ["b", "absent", "b"]) == {"b": pytest.approx(idf)}

    def test_a_cosine_by_hand(self):
        with self.fresh(dimension=2) as (index, _):
            index.upsert([vector_point(1, [3, 4]), vector_point(2, [-1, 0]), text_point(3, "a")])
            assert index.search_vector(np.float32([2, 0]), 5) == [
                Scored(1, pytest.approx(0.6)),
                Scored(2, pytest.approx(-1)),
            ]

    def test_a_repeated_query_term_counts_once(self):
        with self.fresh(dimension=None) as (index, _):
            index.upsert([text_point(1, "a b"), text_point(2, "b")])
            once = index.search_text("words", ["a", "b"], 5)
            assert index.search_text("words", ["a", "b", "a", "a"], 5) == once

    def test_setting_metadata_removes_the_old_names_and_keeps_the_text(self):
        with self.fresh(dimension=None) as (index, _):
            index.upsert([replace(text_point(1, "a"), metadata={"部门": "HR", "year": 2024.0})])
            index.set_metadata("v", {"year": 2025.0})
            assert found(index, Condition("部门", "=", "HR")) == []
            assert found(index, Condition("year", "=", 2025.0)) == [1]
            index.set_metadata("v", {})
            assert found(index, Condition("year", "!=", 2025.0)) == [1]
            assert found(index, Condition("year", "empty")) == [1]

    def test_the_same_id_again_replaces_the_point(self):
        with self.fresh(dimension=None) as (index, _):
            index.upsert([text_point(1, "a")])
            index.upsert([replace(text_point(1, "b"), version="w")])
            index.delete_versions(["v"])
            assert index.search_text("words", ["a"], 5) == []
            assert [hit.id for hit in index.search_text("words", ["b"], 5)] == [1]

    def test_nothing_asked_nothing_found(self):
        with self.fresh() as (index, _):
            index.upsert([text_point(1, "a"), vector_point(2, [1, 0, 0])])
            index.delete_versions([])
            index.upsert([])
            assert index.search_text("words", [], 5) == []
            assert index.search_text("words", ["a"], 0) == []
            assert index.search_text("words", ["a"], 5, ids=[]) == []
            assert index.search_vector(np.float32([1, 0, 0]), 0) == []
            assert index.term_weights("words", []) == {}

    @pytest.mark.parametrize("bad", [[0, 0, 0], [math.nan, 1, 0], [math.inf, 1, 0], [1e30, 0, 0], [1, 0]])
    def test_vectors_that_cannot_be_compared_are_refused(self, bad):
        with self.fresh() as (index, _):
            with pytest.raises(EmbeddingError):
                index.upsert([text_point(1, "a"), vector_point(2, bad)])
            with pytest.raises(EmbeddingError):
                index.search_vector(np.float32(bad), 5)
            assert index.count() == 0

    def test_a_vector_for_an_index_without_vectors_is_refused(self):
        with self.fresh(dimension=None) as (index, _):
            with pytest.raises(EmbeddingError, match="holds no vectors"):
                index.upsert([vector_point(1, [1, 0, 0])])
            with pytest.raises(EmbeddingError, match="holds no vectors"):
                index.search_vector(np.float32([1, 0, 0]), 5)

    @pytest.mark.parametrize("bad", [math.nan, math.inf, (1.0, -math.inf)])
    def test_numbers_that_cannot_be_compared_are_refused(self, bad):
        with self.fresh(dimension=None) as (index, _):
            with pytest.raises(InputError, match="finite"):
                index.upsert([replace(text_point(1, "a"), metadata={"year": bad})])
            index.upsert([text_point(1, "a")])
            with pytest.raises(InputError, match="finite"):
                index.set_metadata("v", {"year": bad})

    @pytest.mark.parametrize(
        ("op", "bound", "expected"),
        [
            ("<", math.inf, [1]),
            (">", -math.inf, [1]),
            ("=", math.inf, []),
            (">", math.nan, []),
            ("before", math.nan, []),
            ("is-not", math.nan, [1, 2]),
            ("!=", math.nan, [1, 2]),
        ],
    )
    def test_bounds_that_no_point_can_hold(self, op, bound, expected):
        with self.fresh(dimension=None) as (index, _):
            index.upsert([replace(text_point(1, "a"), metadata={"year": 2024.0}), text_point(2, "a")])
            assert found(index, Condition("year", op, bound)) == expected

    def test_an_empty_string_and_zero_are_values_and_an_empty_list_is_none(self):
        with self.fresh(dimension=None) as (index, _):
            values: tuple[Value, ...] = ("", 0.0, (), ("", 1.0))
            index.upsert(
                [replace(text_point(n, "a"), metadata={"f": value}) for n, value in enumerate(values)]
                + [text_point(9, "a")]
            )
            assert found(index, Condition("f", "empty")) == [2, 9]
            assert found(index, Condition("f", "not-empty")) == [0, 1, 3]
            assert found(index, Condition("f", "not-in", ())) == [0, 1, 2, 3, 9]
            assert found(index, Condition("f", "in", ())) == []


class IndexInUse:
    """An index that is written to, and what should be in it."""

    def __init__(self, index: Index, reopen: Callable[[Index], Index]) -> None:
        self.index = index
        self._reopen = reopen

    def write(self, history: Sequence[Write]) -> MemoryIndex:
        """Empties the index, writes to it, and builds the reference from the points that are left."""
        self.index.delete_versions(sorted({*VERSIONS, *versions_in(history)}))
        left: dict[int, Point] = {}
        for action, argument in history:
            self._apply(action, argument)
            left = remaining(left, action, argument)
        reference = MemoryIndex(DIMENSION)
        reference.upsert(tuple(left.values()))
        return reference

    def _apply(self, action: str, argument) -> None:
        match action:
            case "upsert":
                self.index.upsert(argument)
            case "delete":
                self.index.delete_versions(argument)
            case "set":
                self.index.set_metadata(*argument)
            case "optimize":
                self.index.optimize()
            case "ask":
                self.index.term_weights("words", WORDS)
            case "reopen":
                self.index.flush()
                self.index = self._reopen(self.index)


def versions_in(history: Sequence[Write]) -> set[str]:
    return {point.version for action, argument in history if action == "upsert" for point in argument}


def remaining(left: Mapping[int, Point], action: str, argument) -> dict[int, Point]:
    match action:
        case "upsert":
            return {**left, **{point.id: point for point in argument}}
        case "delete":
            return {number: point for number, point in left.items() if point.version not in argument}
        case "set":
            version, metadata = argument
            return {
                number: replace(point, metadata=metadata) if point.version == version else point
                for number, point in left.items()
            }
    return dict(left)


def text_search(field, terms, index, limit, where=None, ids=None) -> list[Scored]:
    return index.search_text(field, terms, limit, where, ids)


def vector_search(vector, index, limit, where=None, ids=None) -> list[Scored]:
    return index.search_vector(vector, limit, where, ids)


Search = Callable[[Index, int], list[Scored]]


def assert_same(search: Search, index: Index, reference: Index, limit: int = 100) -> None:
    """Same scores in order, and every point with its own score: equal scores may come in any order."""
    got = search(index, limit)
    everything = {scored.id: scored.score for scored in search(reference, 1_000_000)}
    expected = [scored.score for scored in search(reference, limit)]
    assert [scored.score for scored in got] == pytest.approx(expected, rel=1e-5, abs=1e-5)
    assert len({scored.id for scored in got}) == len(got)
    assert {scored.id: scored.score for scored in got} == pytest.approx(
        {scored.id: everything.get(scored.id) for scored in got}, rel=1e-5, abs=1e-5
    )


def found(index: Index, where: Filter) -> list[int]:
    return sorted(scored.id for scored in index.search_text("words", ["a", "b"], 100, where))


def text_point(number: int, words: str) -> Point:
    return Point(id=number, version="v", words=tuple(words.split()), bigrams=())


def vector_point(number: int, values: list[float]) -> Point:
    return Point(id=number, version="v", words=(), bigrams=(), vector=np.float32(values))


def random_point(chance: random.Random, number: int, version: str) -> Point:
    metadata: dict[str, Value] = {"year": float(chance.randint(2000, 2024))} if number % 3 else {}
    return Point(
        id=number,
        version=version,
        words=tuple(f"t{int(chance.expovariate(0.01))}" for _ in range(chance.randint(0, 30))),
        bigrams=(),
        vector=np.float32([chance.gauss(0, 1) for _ in range(DIMENSION)]),
        metadata=metadata,
    )
