"""The final score: each formula by hand, and the limits it keeps."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.scoring import (
    BIGRAM_SHARE,
    K1,
    keyword_score,
    semantic_score,
    shown,
    text_ceiling,
    text_raw,
    weighted,
)


def test_one_perfect_match_of_every_term_reads_seventy_percent() -> None:
    idf = 2.0
    raw = idf * 1 * (K1 + 1) / (1 + K1)  # one occurrence in a passage of average length
    ceiling = (K1 + 1) * idf
    assert keyword_score(raw, ceiling) == pytest.approx(1 - (1 - 1 / 2.2) ** 2)
    assert keyword_score(raw, ceiling) == pytest.approx(0.70, abs=0.005)


def test_ceiling_counts_both_fields_and_caps_unseen_terms_at_the_heaviest_seen() -> None:
    ceiling = text_ceiling(["年假", "几天"], {"年假": 3.0}, ["年假"], {"年假": 1.5})
    assert ceiling == pytest.approx((K1 + 1) * (3.0 + 3.0 + BIGRAM_SHARE * 1.5))


def test_a_question_whose_terms_occur_nowhere_scores_nothing() -> None:
    assert text_ceiling(["xyzzy"], {}, [], {}) == 0.0
    assert keyword_score(0.0, 0.0) == 0.0


def test_semantic_score_is_zero_at_the_floor_and_one_for_identical_texts() -> None:
    assert semantic_score(0.31, 0.31) == 0.0
    assert semantic_score(1.0, 0.31) == 1.0
    assert semantic_score(0.2, 0.31) < 0
    assert shown(semantic_score(0.2, 0.31)) == 0.0


def test_weighted_by_hand() -> None:
    assert weighted(0.8, 0.4, 0.5) == pytest.approx(0.6)
    assert weighted(0.8, 0.4, 0.0) == 0.4
    assert weighted(0.8, 0.4, 1.0) == 0.8


@given(
    raw=st.floats(0, 1e6, allow_nan=False),
    more=st.floats(0, 1e6, allow_nan=False),
    ceiling=st.floats(1e-6, 1e6, allow_nan=False),
)
def test_keyword_score_keeps_the_order_of_bm25_and_stays_in_range(
    raw: float, more: float, ceiling: float
) -> None:
    low, high = keyword_score(raw, ceiling), keyword_score(raw + more, ceiling)
    assert 0.0 <= low <= high <= 1.0


@given(score=st.floats(allow_nan=False))
def test_shown_scores_are_in_range(score: float) -> None:
    assert 0.0 <= shown(score) <= 1.0
    assert math.isclose(shown(score), min(max(score, 0.0), 1.0), abs_tol=1e-6)


def test_bigrams_weigh_less_than_words() -> None:
    assert text_raw(2.0, 1.0) == pytest.approx(2.0 + BIGRAM_SHARE)
