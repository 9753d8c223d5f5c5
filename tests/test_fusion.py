"""The best of several legs is exactly the best of scoring everything."""

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.types import Scored
from retrieval.fusion import DECIMALS, exact_top


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
        (round(weighted_sum(tuple(leg.get(id_, 0.0) for leg in legs)), DECIMALS) for id_ in points),
        reverse=True,
    )
    ranking = exact_top([TableLeg(leg) for leg in legs], weighted_sum, wanted)
    found = [point.score for point in ranking.points]

    assert found == everything[: len(found)]
    assert len(found) >= min(wanted, len(points))
    if len(found) < len(points):
        assert not ranking.complete
        assert everything[len(found)] < found[-1], "all ties of the last point are there"


@given(legs=st.lists(tables, min_size=1, max_size=3), short=st.integers(1, 20), more=st.integers(0, 60))
@settings(max_examples=60, deadline=None)
def test_a_shorter_ranking_is_the_beginning_of_a_longer_one(
    legs: list[dict[int, float]], short: int, more: int
) -> None:
    leg_list = [TableLeg(leg) for leg in legs]
    first = [point.score for point in exact_top(leg_list, weighted_sum, short).points]
    longer = [point.score for point in exact_top(leg_list, weighted_sum, short + more).points]
    assert first[:short] == longer[: len(first[:short])]


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
