"""The best of several legs is exactly the best of scoring everything; fusion by ranks by hand."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexers import MemoryIndex
from knowledge.types import Point, Scored
from retrieval.fusion import TIE, exact_top, rrf
from retrieval.search import Question, rank


@dataclass(frozen=True)
class TableLeg:
    """A leg over scores that are known."""

    table: dict[int, float]
    least: float = 0.0

    def best(self, limit: int) -> list[Scored]:
        ranked = sorted(self.table.items(), key=lambda item: -item[1])
        return [Scored(id_, score) for id_, score in ranked[:limit]]

    def scores(self, ids: Sequence[int]) -> list[Scored]:
        return [Scored(id_, self.table[id_]) for id_ in ids if id_ in self.table]


def weighted_sum(scores: tuple[float, ...]) -> float:
    return sum(score * weight for score, weight in zip(scores, (1.0, 0.3, 0.5), strict=False))


tables = st.dictionaries(st.integers(1, 400), st.integers(1, 40).map(lambda n: n / 8), max_size=300)


@given(legs=st.lists(tables, min_size=1, max_size=3), wanted=st.integers(1, 90))
@settings(max_examples=150, deadline=None)
def test_equals_scoring_every_point(legs: list[dict[int, float]], wanted: int) -> None:
    points = set().union(*legs)
    everything = sorted(
        (weighted_sum(tuple(leg.get(id_, 0.0) for leg in legs)) for id_ in points), reverse=True
    )
    ranking = exact_top([TableLeg(leg) for leg in legs], weighted_sum, wanted)
    found = [point.score for point in ranking.points]

    assert found == pytest.approx(everything[: len(found)], abs=TIE)
    assert len(found) >= min(wanted, len(points))
    if len(found) < len(points):
        assert not ranking.complete
        assert everything[len(found)] < found[-1] - TIE, "all ties of the last point are there"


@given(legs=st.lists(tables, min_size=1, max_size=3), short=st.integers(1, 20), more=st.integers(0, 60))
@settings(max_examples=60, deadline=None)
def test_a_shorter_ranking_is_the_beginning_of_a_longer_one(
    legs: list[dict[int, float]], short: int, more: int
) -> None:
    leg_list = [TableLeg(leg) for leg in legs]
    first = [point.score for point in exact_top(leg_list, weighted_sum, short).points]
    longer = [point.score for point in exact_top(leg_list, weighted_sum, short + more).points]
    assert first[:short] == longer[: len(first[:short])]


def test_scores_that_differ_by_noise_are_ties_and_shown_alike() -> None:
    noisy = TableLeg({1: 0.5, 2: 0.5 + 3e-7, 3: 0.5 - 3e-7, 4: 0.5 - 3e-5})
    ranking = exact_top([noisy], lambda scores: scores[0], 1)
    assert [point.score for point in ranking.points] == [0.5 + 3e-7] * 3 + [0.5 - 3e-5]


def test_a_hit_of_one_leg_gets_the_score_of_the_other() -> None:
    deep = {id_: 1.0 - id_ / 1000 for id_ in range(1, 500)}
    other = {499: 5.0}
    ranking = exact_top([TableLeg(deep), TableLeg(other)], lambda scores: scores[0] + scores[1], 1)
    assert ranking.points[0].id == 499
    assert ranking.points[0].legs == (deep[499], 5.0)


def test_no_legs_that_find_anything() -> None:
    ranking = exact_top([TableLeg({}), TableLeg({})], sum, 5)
    assert ranking.points == ()
    assert ranking.complete


def test_reciprocal_ranks_by_hand() -> None:
    keyword = [Scored(7, 0.9), Scored(8, 0.5), Scored(9, 0.1)]
    semantic = [Scored(9, 0.8), Scored(7, 0.7)]
    assert rrf([keyword, semantic]) == [
        Scored(7, pytest.approx(1 / 61 + 1 / 62)),
        Scored(9, pytest.approx(1 / 63 + 1 / 61)),
        Scored(8, pytest.approx(1 / 62)),
    ]


def test_ties_share_the_best_of_their_ranks() -> None:
    ranking = [Scored(1, 0.9), Scored(2, 0.5), Scored(3, 0.5), Scored(4, 0.1)]
    shares = {point.id: point.score for point in rrf([ranking], k=10)}
    assert shares == pytest.approx({1: 1 / 11, 2: 1 / 12, 3: 1 / 12, 4: 1 / 14})


ranked = st.dictionaries(st.integers(1, 30), st.integers(1, 5), max_size=20).map(
    lambda table: sorted((Scored(id_, score) for id_, score in table.items()), key=lambda point: -point.score)
)


@given(rankings=st.lists(ranked, max_size=4), random=st.randoms())
def test_reciprocal_ranks_do_not_depend_on_the_order_of_rankings_or_ties(rankings, random) -> None:
    other_way = [sorted(ranking, key=lambda point: (-point.score, random.random())) for ranking in rankings]
    random.shuffle(other_way)
    assert rrf(rankings) == rrf(other_way)


def index_of(*texts: str, vectors: Sequence[Sequence[float]] | None = None) -> MemoryIndex:
    """Texts of words between spaces, with ids from 0."""
    index = MemoryIndex(2 if vectors else None)
    index.upsert(
        [
            Point(
                id=id_,
                version="v",
                words=tuple(text.split()),
                bigrams=(),
                vector=np.array(vectors[id_], np.float32) if vectors else None,
            )
            for id_, text in enumerate(texts)
        ]
    )
    return index


def test_what_a_question_repeats_weighs_more() -> None:
    index = index_of("red car", "blue boat")
    once = rank(index, Question(mode="full-text", words={"red": 1, "blue": 1}), 5)
    assert once.points[0].score == once.points[1].score
    often = rank(index, Question(mode="full-text", words={"red": 1, "blue": 4}), 5)
    assert [point.id for point in often.points] == [1, 0]
    share = 2 / (1 + 2) / 2.2
    assert often.points[0].score == pytest.approx(1 - (1 - share) ** 2, abs=TIE)


@given(counts=st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 5), min_size=1))
def test_repetition_never_takes_the_score_out_of_range(counts: dict[str, int]) -> None:
    index = index_of("a b c", "a a d", "e f", "b")
    for point in rank(index, Question(mode="full-text", words=counts), 10).points:
        assert 0 < point.score <= 1


def test_hybrid_search_by_ranks() -> None:
    index = index_of("red car", "red red car", "boat", vectors=[[1, 0], [0, 1], [1, 0.1]])
    question = Question(mode="hybrid", fusion="rrf", words={"red": 1}, vector=np.array([1, 0], np.float32))
    ranking = rank(index, question, 1)
    assert ranking.complete
    assert [(point.id, point.score) for point in ranking.points] == [
        (0, pytest.approx(1 / 62 + 1 / 61)),
        (1, pytest.approx(1 / 61 + 1 / 63)),
        (2, pytest.approx(1 / 62)),
    ]
    assert rank(index, question, 1) == rank(index, question, 50)


def test_ranks_are_taken_below_the_vector_floor_too() -> None:
    index = index_of("red", "boat", vectors=[[1, 0], [-1, 0]])
    question = Question(mode="hybrid", fusion="rrf", floor=0.6, vector=np.array([1, 0], np.float32))
    assert [point.id for point in rank(index, question, 5).points] == [0, 1]


def test_a_hybrid_question_without_a_vector_is_answered_by_full_text_alone() -> None:
    index = index_of("red car", "boat")
    words = {"red": 1}
    by_ranks = rank(index, Question(mode="hybrid", fusion="rrf", words=words), 5)
    assert by_ranks == rank(index, Question(mode="full-text", words=words), 5)
