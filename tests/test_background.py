"""How rare a term is in the language at large: limits first, then words whose order anyone can judge."""

import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexers import StandardAnalyzer
from indexers.background import (
    ENGLISH_STEMS,
    NUMBERS,
    PASSAGE_WORDS,
    RAREST,
    background_weights,
    passage_idf,
)

RAREST_WEIGHT = passage_idf(RAREST)


@given(st.text(st.characters(exclude_categories=["Cs", "Z", "C"]), min_size=1, max_size=20))
def test_any_term_has_a_weight_within_the_limits(term: str) -> None:
    weight = background_weights([term])[term]
    assert 0 <= weight <= RAREST_WEIGHT


@given(common=st.floats(RAREST, 0.1), rarer=st.floats(0.01, 1))
def test_rarer_words_weigh_more(common: float, rarer: float) -> None:
    assert passage_idf(common) <= passage_idf(common * rarer)


def test_passage_idf_by_hand() -> None:
    assert passage_idf(0.01) == pytest.approx(-math.log(1 - 0.99**PASSAGE_WORDS))


@pytest.mark.parametrize(
    "commonest_first",
    ["new account transfer supersed", "年 手机 离婚 羊肠线", "of protein leukemia", "7 42 365 2024"],
)
def test_the_order_of_words_that_anyone_knows(commonest_first: str) -> None:
    terms = commonest_first.split()
    weights = [background_weights(terms)[term] for term in terms if term != "of"]
    assert weights == sorted(weights)
    assert len(set(weights)) == len(weights)


def test_what_no_table_knows_is_as_rare_as_can_be() -> None:
    unknown = ["zzqxv", "ppr-9087", "年假假", "これ", "١٢٣٤٥"]
    assert background_weights(unknown) == pytest.approx(dict.fromkeys(unknown, RAREST_WEIGHT))


def test_a_number_is_as_rare_as_its_digits_are_many() -> None:
    assert background_weights(["42"])["42"] == pytest.approx(passage_idf(NUMBERS / 100))


def test_the_table_is_sorted_and_of_our_stems() -> None:
    lines = ENGLISH_STEMS.read_bytes().splitlines()
    stems = [line.split(b" ")[0] for line in lines]
    assert stems == sorted(stems)
    assert len(set(stems)) == len(stems)
    words = StandardAnalyzer().document_terms("Aerodynamics of heated wings, and countries")[0]
    assert all(background_weights([word])[word] < RAREST_WEIGHT for word in words)


def test_it_loads_no_package() -> None:
    script = (
        "import sys; from indexers.background import background_weights; background_weights(['leave', '员工'])\n"
        "sys.exit(any(name in sys.modules for name in ('numpy', 'rjieba', 'Stemmer', 'jieba')))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
