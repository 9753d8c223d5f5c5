"""Where the terms of a question stand in a passage."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexers import StandardAnalyzer
from indexers.folding import fold, fold_with_spans

ALPHABET = (
    "abcXYZ éßİﬁ½ 的年假员工國圖書館小米 かなカナｶﾞ 한국어 ภาษา हिन्दी Жя "
    "0123456789 １２Ａ -._/@:&'’+#,，。！（）第条月日"
    "\u3000\t\n\u00ad\u200b\u0301\u0327"
)
WORDS = [
    "annual",
    "leave",
    "年假",
    "带薪年休假",
    "第12条",
    "2024年1月31日",
    "model x-200 pro",
    "C++",
    ".NET",
    "国家图书馆",
]
texts = st.text() | st.text(st.sampled_from(ALPHABET), max_size=40)
texts |= st.lists(st.sampled_from(WORDS) | st.text(st.sampled_from(ALPHABET), max_size=3), max_size=8).map(
    "".join
)

plain = StandardAnalyzer()
with_words = StandardAnalyzer(
    dictionary=("带薪年休假", "Model X-200 Pro", "カナ"), synonyms=(("年假", "annual leave"), ("C++", "图书"))
)
analyzers = st.sampled_from([plain, with_words])


def highlighted(analyzer: StandardAnalyzer, text: str, query: str) -> list[str]:
    return [text[start:end] for start, end in analyzer.highlights(text, query)]


def terms(located):
    return [[term for term, _, _ in field] for field in located]


def shared(analyzer: StandardAnalyzer, text: str, query: str) -> set[str]:
    of_text, of_query = analyzer.document_terms(text), analyzer.query_terms(query)
    return {term for field in (0, 1) for term in of_text[field] if term in of_query[field]}


@given(texts)
def test_a_folded_text_knows_where_each_of_its_characters_comes_from(text):
    folded, spans = fold_with_spans(text)
    assert terms(plain.located_terms(folded)) == terms(plain.located_terms(fold(text)))
    assert len(spans) == len(folded)
    for start, end in set(spans):
        assert fold(text[start:end]) == "".join(
            character for character, span in zip(folded, spans, strict=True) if span == (start, end)
        )


@given(analyzers, texts)
def test_located_terms_are_the_terms_of_the_document(analyzer, text):
    folded = fold(text)
    words, bigrams = analyzer.located_terms(folded)
    of_document = analyzer.document_terms(text)
    assert sorted(word.term for word in words) == sorted(of_document[0])
    assert [bigram.term for bigram in bigrams] == of_document[1]
    assert all(folded[start:end] == term for term, start, end in bigrams)


@given(analyzers, texts, texts)
def test_spans_are_in_order_disjoint_and_share_a_term_with_the_question(analyzer, text, query):
    end = -1
    for start, stop in analyzer.highlights(text, query):
        assert end < start < stop <= len(text)
        end = stop
        assert shared(analyzer, text[start:stop], query)


@given(analyzers, texts, texts)
def test_there_is_a_span_where_question_and_passage_share_a_term(analyzer, text, query):
    assert bool(analyzer.highlights(text, query)) == bool(shared(analyzer, text, query))


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("Employees are entitled to annual leave.", "entitlement", ["entitled"]),
        ("员工每年可享受带薪休假。", "休假", ["休假"]),
        ("員工每年可享受帶薪休假。", "休假", ["休假"]),
        ("the ﬁle ＡＢＣ １２ İstanbul", "file abc i̇stanbul", ["ﬁle", "ＡＢＣ", "İstanbul"]),
        ("write to ann.lee@x-corp.com", "lee", ["lee"]),
        ("write to ann.lee@x-corp.com", "ann.lee@x-corp.com", ["ann.lee@x-corp.com"]),
        ("依照第12条、第13条", "第12条", ["第12条", "第", "条"]),
        ("infor\u00admation e\u0301t", "information ét", ["infor\u00admation", "e\u0301t"]),
        ("nothing in common", "年假", []),
        ("", "年假", []),
    ],
)
def test_spans_by_hand(text, query, expected):
    assert highlighted(plain, text, query) == expected


def test_synonyms_light_each_other_up():
    assert highlighted(with_words, "她还剩五天年假。", "annual leave") == ["年假"]
    assert highlighted(with_words, "Your Annual Leave begins", "年假") == ["Annual Leave"]
