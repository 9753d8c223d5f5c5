"""The measures, by hand."""

import math

import pytest

from knowledge.evaluation import mrr, ndcg, recall

FOUND = ["a", "b", "c", "d"]


def test_ndcg_by_hand() -> None:
    grades = {"b": 2.0, "d": 1.0, "x": 1.0}
    gained = 2 / math.log2(3) + 1 / math.log2(5)
    ideal = 2 / math.log2(2) + 1 / math.log2(3) + 1 / math.log2(4)
    assert ndcg(FOUND, grades, 10) == pytest.approx(gained / ideal)
    assert ndcg(FOUND, grades, 2) == pytest.approx((2 / math.log2(3)) / (2 + 1 / math.log2(3)))


def test_recall_and_mrr_by_hand() -> None:
    grades = {"b": 1.0, "x": 1.0}
    assert recall(FOUND, grades, 1) == 0.0
    assert recall(FOUND, grades, 10) == 0.5
    assert mrr(FOUND, grades) == 0.5
    assert mrr(FOUND, grades, k=1) == 0.0


def test_a_perfect_and_an_empty_answer() -> None:
    assert ndcg(["a"], {"a": 3.0}, 10) == 1.0
    assert (ndcg([], {"a": 3.0}, 10), recall([], {"a": 1.0}, 10), mrr([], {"a": 1.0})) == (0.0, 0.0, 0.0)
