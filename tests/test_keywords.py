"""A passage's keywords: few, readable, and standing for terms that the passage has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexers import StandardAnalyzer
from indexers.keywords import keyword_terms, keywords

ANALYZER = StandardAnalyzer()
PHRASES = (
    "Proteins bind the protein kinase.",
    "GPT-3.5-turbo answers in 2024",
    "每年享有十天带薪年假。",
    "使用GPT-4模型审批",
    "Wi-Fi, C++ & naïve cafés",
    "これはペンです。",
    "PPR-9087",
    "of the and",
    "한국어 문장",
)
passages = st.lists(st.sampled_from(PHRASES), max_size=6).map("\n".join)


@given(text=passages, number=st.integers(0, 20))
def test_keywords_are_at_most_so_many_and_each_stands_for_terms_of_the_text(text: str, number: int) -> None:
    found = keywords(ANALYZER, text, number)
    assert len(found) <= number
    assert len(set(found)) == len(found)
    assert found == keywords(ANALYZER, text, number + 5)[: len(found)]
    words, bigrams = ANALYZER.document_terms(text)
    for keyword in found:
        its_words, its_bigrams = ANALYZER.document_terms(keyword)
        assert set(its_words or its_bigrams) <= {*words, *bigrams}


@given(text=passages)
def test_with_every_keyword_all_words_are_indexed(text: str) -> None:
    words, bigrams = ANALYZER.document_terms(text)
    found = keyword_terms(ANALYZER, text, keywords(ANALYZER, text, 1000))
    assert found[0] == words
    assert set(found[1]) <= set(bigrams)
    assert bool(found[1]) == bool(bigrams) or words


def test_frequent_and_rare_words_come_first_as_the_text_spells_them() -> None:
    text = "The new Proteins and another new protein bind. Proteins of the kinase fold in 7 new days."
    assert keywords(ANALYZER, text, 2) == ("Proteins", "kinase")


def test_parts_of_a_chosen_word_are_not_chosen_again() -> None:
    assert keywords(ANALYZER, "Valve PPR-9087 is brass", 2) == ("PPR-9087", "brass")


def test_only_the_keywords_terms_are_indexed_with_their_occurrences() -> None:
    text = "Proteins bind a protein kinase"
    assert keyword_terms(ANALYZER, text, ["protein"]) == (["protein", "protein"], [])
    assert keyword_terms(ANALYZER, "每年享有十天带薪年假", ["带薪"]) == (["带薪"], ["带薪"])
    assert keyword_terms(ANALYZER, text, []) == ([], [])


def test_a_keyword_that_the_text_lacks_is_indexed_once() -> None:
    assert keyword_terms(ANALYZER, "十天带薪", ["休假"]) == (["休假"], ["休假"])


def test_phrases_of_the_vocabulary_are_readable_and_indexed_as_their_term() -> None:
    analyzer = StandardAnalyzer(synonyms=[["annual leave", "年假"]])
    text = "Every annual leave"
    assert keywords(analyzer, text, 1) == ("annual leave",)
    (term,) = analyzer.query_terms("年假")[0]
    assert term in keyword_terms(analyzer, text, ["annual leave"])[0]


@pytest.mark.parametrize("text", ["", "。", "of the"])
def test_text_without_terms_has_no_keywords(text: str) -> None:
    assert keywords(ANALYZER, text, 10) == ()
