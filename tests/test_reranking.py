"""The order of a reranker: that of its scores, of usable ones only, ties as they were."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexers.cross_encoding import score_of
from knowledge.errors import InputError, RerankError
from knowledge.registry import load_reranker
from knowledge.types import Scored
from retrieval.reranking import excerpt, rerank


@dataclass(frozen=True)
class Given:
    """A reranker that gives these scores."""

    given: Sequence[float | None]
    fingerprint: str = "given"

    def scores(self, query: str, texts: Sequence[str]) -> Sequence[float | None]:
        return self.given


def ranked(scores: Sequence[float | None], threshold: float | None = None) -> list[Scored]:
    return rerank(Given(scores), "question", ["text"] * len(scores), threshold)


SCORES = st.lists(st.none() | st.floats(0, 1), max_size=12)


@given(scores=SCORES, threshold=st.none() | st.floats(0, 1))
def test_the_order_is_that_of_the_scores(scores: list[float | None], threshold: float | None) -> None:
    found = ranked(scores, threshold)
    least = threshold or 0
    kept = [at for at, score in enumerate(scores) if score and score >= least]
    assert sorted(one.id for one in found) == kept
    assert [one.score for one in found] == [scores[one.id] for one in found]
    assert found == sorted(found, key=lambda one: (-one.score, one.id))


def test_ties_stay_in_the_order_of_the_pool() -> None:
    assert ranked([0.5, 0.9, 0.5, None, 0.0]) == [Scored(1, 0.9), Scored(0, 0.5), Scored(2, 0.5)]


def test_rounding_beyond_the_ends_is_taken_for_the_ends() -> None:
    assert ranked([1.0005, -0.0005]) == [Scored(0, 1.0)]


@pytest.mark.parametrize("score", [math.nan, math.inf, 4.2, -3.0])
def test_what_is_no_score_is_refused(score: float) -> None:
    with pytest.raises(RerankError, match=r"allowed: 0 to 1"):
        ranked([0.5, score])


def test_scores_are_one_for_each_text() -> None:
    with pytest.raises(RerankError, match="1 scores of 2 texts"):
        rerank(Given([0.5]), "question", ["a", "b"])


def test_nothing_is_asked_about_nothing() -> None:
    assert rerank(Given([0.5]), "question", []) == []


@given(
    text=st.text(max_size=40), length=st.integers(1, 50), start=st.integers(0, 40), size=st.integers(0, 40)
)
def test_an_excerpt_holds_what_it_is_around(text: str, length: int, start: int, size: int) -> None:
    start = min(start, len(text))
    end = min(start + size, len(text))
    cut = excerpt(text, length, start, end)
    assert len(cut) == min(length, len(text))
    assert cut in text
    assert text[start:end][:length] in cut


def test_an_excerpt_is_the_beginning_as_long_as_that_will_do() -> None:
    assert excerpt("abcdefgh", 4) == "abcd"
    assert excerpt("abcdefgh", 4, 1, 2) == "abcd"
    assert excerpt("abcdefgh", 4, 5, 6) == "defg"
    assert excerpt("abcdefgh", 4, 7, 8) == "efgh"


@given(logit=st.floats(allow_nan=False))
def test_logits_become_scores_that_mirror_each_other(logit: float) -> None:
    assert 0 <= score_of(logit) <= 1
    assert score_of(logit) + score_of(-logit) == pytest.approx(1)


def test_large_logits_are_told_apart() -> None:
    assert score_of(0) == 0.5
    assert score_of(17) == pytest.approx(1 / (1 + math.exp(-17)))
    assert score_of(17) < score_of(20) < 1


@pytest.mark.parametrize("spec", ["", "cohere", "openai:model@http://host/v1", "late:local"])
def test_an_unknown_reranker_is_said_with_those_there_are(spec: str) -> None:
    with pytest.raises(InputError, match="sentence-transformers:MODEL_OR_PATH"):
        load_reranker(spec, http=pytest.fail)
