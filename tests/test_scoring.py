"""The final score: each formula by hand, and the limits it keeps."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.scoring import (
    BIGRAM_SHARE,
    K1,
    NAMED,
    FieldTerms,
    count_weight,
    keyword_score,
    semantic_score,
    shown,
    text_raw,
    text_scale,
    weighted,
)

NOTHING = FieldTerms({}, {})


def test_one_perfect_match_of_every_term_reads_seventy_percent() -> None:
    idf = 2.0
    raw = idf * 1 * (K1 + 1) / (1 + K1)  # one occurrence in a passage of average length
    ceiling = (K1 + 1) * idf
    assert keyword_score(raw, ceiling) == pytest.approx(1 - (1 - 1 / 2.2) ** 2)
    assert keyword_score(raw, ceiling) == pytest.approx(0.70, abs=0.005)


def test_ceiling_counts_both_fields_and_caps_unseen_terms_at_the_heaviest_seen() -> None:
    words = FieldTerms({"年假": 1, "几天": 1}, {"年假": 3.0})
    bigrams = FieldTerms({"年假": 1}, {"年假": 1.5})
    ceiling, _ = text_scale(words, bigrams, {})
    assert ceiling == pytest.approx((K1 + 1) * (3.0 + 3.0 + BIGRAM_SHARE * 1.5))


def test_a_repeated_term_counts_as_the_root_of_its_rounded_count() -> None:
    once, _ = text_scale(FieldTerms({"leave": 1}, {"leave": 2.0}), NOTHING, {})
    often, _ = text_scale(FieldTerms({"leave": 17}, {"leave": 2.0}), NOTHING, {})
    assert often == pytest.approx(4 * once)
    assert [count_weight(count) ** 2 for count in range(1, 9)] == pytest.approx([1, 2, 2, 4, 4, 4, 4, 8])


def test_a_question_whose_terms_occur_nowhere_scores_nothing() -> None:
    assert text_scale(FieldTerms({"xyzzy": 1}, {}), NOTHING, {}) == (0.0, 0.0)
    assert keyword_score(0.0, 0.0) == 0.0


def test_without_a_background_a_question_is_trusted() -> None:
    _, trust = text_scale(FieldTerms({"leave": 2, "days": 1}, {"leave": 2.0}), NOTHING, {})
    assert trust == 1.0


def test_trust_by_hand() -> None:
    words = FieldTerms({"card": 1, "transfer": 4}, {"card": 6.0, "transfer": 3.0})
    _, trust = text_scale(words, NOTHING, {"card": 3.0, "transfer": 4.0})
    in_base, backed, evidence = 6.0 + 2 * 3.0, 3.0 + 2 * 3.0, 3.0 + 2 * 4.0
    assert trust == pytest.approx(backed / in_base * (1 - math.exp(-evidence / NAMED)))


weights = st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0.01, 12), min_size=1)


@given(
    counts=st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 9), min_size=1),
    in_base=weights,
    background=weights,
)
def test_a_perfect_passage_reaches_its_trust_and_none_exceeds_it(
    counts: dict[str, int], in_base: dict[str, float], background: dict[str, float]
) -> None:
    known = {term: weight for term, weight in in_base.items() if term in counts}
    ceiling, trust = text_scale(FieldTerms(counts, known), NOTHING, background)
    assert 0.0 <= trust <= 1.0
    most = (K1 + 1) * sum(count_weight(counts[term]) * weight for term, weight in known.items())
    assert most <= ceiling * (1 + 1e-9)
    assert keyword_score(most, ceiling, trust) <= 1 - (1 - trust) ** 2 + 1e-9


@given(term=st.sampled_from("abc"), less=st.floats(0.1, 10), more=st.floats(0, 5))
def test_a_question_of_rarer_words_is_trusted_more(term: str, less: float, more: float) -> None:
    words = FieldTerms({term: 1}, {term: 5.0})
    assert text_scale(words, NOTHING, {term: less})[1] <= text_scale(words, NOTHING, {term: less + more})[1]


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
    trust=st.floats(0, 1),
)
def test_keyword_score_keeps_the_order_of_bm25_and_stays_in_range(
    raw: float, more: float, ceiling: float, trust: float
) -> None:
    low, high = keyword_score(raw, ceiling, trust), keyword_score(raw + more, ceiling, trust)
    assert 0.0 <= low <= high <= 1.0


@given(score=st.floats(allow_nan=False))
def test_shown_scores_are_in_range(score: float) -> None:
    assert 0.0 <= shown(score) <= 1.0
    assert math.isclose(shown(score), min(max(score, 0.0), 1.0), abs_tol=1e-6)


def test_bigrams_weigh_less_than_words() -> None:
    assert text_raw(2.0, 1.0) == pytest.approx(2.0 + BIGRAM_SHARE)
