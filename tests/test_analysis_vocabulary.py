"""The dictionary and the synonyms of one knowledge base: what they change, and that they change nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from indexers import StandardAnalyzer
from indexers.folding import fold
from indexers.user_words import UserWords
from knowledge.errors import InputError

plain = StandardAnalyzer()

HAN = "的年假今员工入职享有带薪休期中华人民共和国万鹭汀"
runs = st.text(st.sampled_from(HAN), max_size=20)
han_words = st.text(st.sampled_from(HAN), min_size=2, max_size=6)
dictionaries = st.lists(han_words, min_size=1, max_size=5)
texts = st.text(st.sampled_from(HAN + "abc12 -.，カナ\n"), max_size=40)

ENTRIES = ("年假", "带薪年休假", "annual leave", "Model X-200 Pro", "カナ", "5G基站", "C++", "人工 智能")
fragments = st.lists(st.sampled_from(ENTRIES) | texts, max_size=6).map("".join)
LEAVE = ("年假", "带薪年休假", "annual leave")
of_leave = StandardAnalyzer(synonyms=[LEAVE])
LEAVE_TERM = "=annual=leave"


def words(analyzer: StandardAnalyzer, text: str) -> list[str]:
    return analyzer.document_terms(text)[0]


@given(dictionaries, runs)
@example(["年假", "年假期"], "休年假")
def test_the_words_of_a_run_joined_are_the_run(dictionary, run):
    user_words = UserWords(dictionary)
    found = any(word in run for word in dictionary)
    assert "".join(user_words.cut(run)) == (run if found else "")


@given(dictionaries)
def test_each_word_of_the_dictionary_alone_is_one_word(dictionary):
    analyzer = StandardAnalyzer(dictionary=dictionary)
    for word in dictionary:
        assert words(analyzer, word) == [fold(word)]
        assert words(analyzer, f"x，{word}。") == ["x", fold(word)]


@given(dictionaries, texts)
def test_text_without_any_entry_has_the_terms_that_it_always_had(dictionary, text):
    folded = fold(text)
    absent = [word for word in dictionary if fold(word) not in folded] or ["鲸鱼"]
    analyzer = StandardAnalyzer(dictionary=absent, synonyms=[(f"{absent[0]}鹭", "zyzzyva")])
    assert analyzer.document_terms(text) == plain.document_terms(text)
    assert analyzer.query_terms(text) == plain.query_terms(text)


@given(fragments)
def test_bases_do_not_see_each_other_s_words(text):
    before = plain.document_terms(text)
    one = StandardAnalyzer(dictionary=("带薪年休假",), synonyms=[LEAVE])
    other = StandardAnalyzer(dictionary=("休假带薪",))
    terms = one.document_terms(text), other.document_terms(text)
    assert terms == (one.document_terms(text), other.document_terms(text))
    assert plain.document_terms(text) == before


@given(fragments)
def test_order_and_spelling_of_the_entries_do_not_matter(text):
    one = StandardAnalyzer(dictionary=ENTRIES, synonyms=[LEAVE, ("guide", "カナ")])
    other = StandardAnalyzer(
        dictionary=[entry.upper() for entry in reversed(ENTRIES)],
        synonyms=[("カナ", "ＧＵＩＤＥ"), LEAVE[::-1]],
    )
    assert one.signature == other.signature
    assert one.document_terms(text) == other.document_terms(text)
    assert one.query_terms(text) == other.query_terms(text)


@given(fragments)
def test_without_synonyms_a_question_has_the_terms_of_the_document(text):
    analyzer = StandardAnalyzer(dictionary=ENTRIES)
    for of_query, of_document in zip(analyzer.query_terms(text), analyzer.document_terms(text), strict=True):
        assert sorted(of_query) == sorted(set(of_document))


@given(st.sampled_from(LEAVE), st.sampled_from(LEAVE), texts, texts)
def test_every_member_finds_every_other(asked, written, before, after):
    question = of_leave.query_terms(asked)
    assert question == ({LEAVE_TERM: 1}, {})
    assert LEAVE_TERM in words(of_leave, f"{before}\n{written}\n{after}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("带薪年假和今年假期", ["带薪", "年假", "今年", "假期"]),
        ("帶薪年休假期間", ["带薪年休假", "期间"]),
        ("万鹭汀小区", ["万鹭汀", "小区"]),
        ("the model X-200  Pro!", ["=model=x-200=pro", "model", "x-200", "x", "200", "pro"]),
        ("supermodel X-200 Pro", ["supermodel", "x-200", "x", "200", "pro"]),
        ("ガイドとカナ", ["カナ"]),
    ],
)
def test_dictionary_by_hand(text, expected):
    dictionary = ("年假", "带薪年休假", "万鹭汀", "Model X-200 Pro", "カナ")
    assert words(StandardAnalyzer(dictionary=dictionary), text) == expected


def test_documents_have_the_synonym_beside_their_own_words():
    assert words(of_leave, "Paid annual leaves") == ["paid", LEAVE_TERM, "annual", "leav"]
    assert of_leave.document_terms("休年假") == (["休", LEAVE_TERM, "年假"], ["休年", "年假"])


def test_a_question_has_the_synonym_in_place_of_its_words_and_bigrams():
    # 天年 and 年假 overlap 年假 and are gone with it.
    bigrams = {"我能": 1, "能请": 1, "请几": 1, "几天": 1}
    assert of_leave.query_terms("我能请几天年假") == ({"几天": 1, LEAVE_TERM: 1}, bigrams)
    assert of_leave.query_terms("annual leave in days") == ({LEAVE_TERM: 1, "day": 1}, {})


def test_the_longest_synonym_wins_in_a_question_and_documents_have_all():
    analyzer = StandardAnalyzer(synonyms=[("annual leave", "年假"), ("leave", "absence")])
    assert analyzer.query_terms("annual leave")[0] == {LEAVE_TERM: 1}
    assert words(analyzer, "annual leave") == [LEAVE_TERM, "annual", "=absence", "leav"]


def test_looked_up_and_loaded_dictionaries_agree():
    script = (
        "import sys; from indexers import StandardAnalyzer\n"
        "analyzer = StandardAnalyzer(dictionary=['年假', '中华人民'], synonyms=[['年休假', 'leave']])\n"
        "texts = ['今年假期有带薪年假', '中华人民共和国年休假', '万鹭汀的员工，leave 享有年休假期']\n"
        "looked_up = [analyzer.document_terms(text) for text in texts]; assert 'rjieba' not in sys.modules\n"
        "analyzer.document_terms('员工' * 600); assert 'rjieba' in sys.modules\n"
        "assert [analyzer.document_terms(text) for text in texts] == looked_up"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_plain_text_loads_none_of_it():
    script = (
        "import sys; from indexers import StandardAnalyzer; StandardAnalyzer().query_terms('员工 annual leave')\n"
        "assert not {'indexers.vocabulary', 'indexers.user_words', 'indexers.highlights'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_signature_tells_vocabularies_apart():
    signatures = {
        plain.signature,
        StandardAnalyzer(dictionary=["年假"]).signature,
        StandardAnalyzer(dictionary=["年假", "休假"]).signature,
        StandardAnalyzer(synonyms=[("年假", "休假")]).signature,
    }
    assert len(signatures) == 4
    assert StandardAnalyzer(dictionary=(), synonyms=[]).signature == plain.signature


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"dictionary": "年假"}, "is a text"),
        ({"dictionary": [""]}, "0 characters"),
        ({"dictionary": ["长" * 65]}, "65 characters"),
        ({"dictionary": [3]}, "is no text"),
        ({"dictionary": ["the of"]}, "holds nothing to search for"),
        ({"dictionary": map(str, range(10_001))}, "at most 10000"),
        ({"synonyms": ["年假"]}, "'年假' is a text"),
        ({"synonyms": [3]}, "is no group"),
        ({"synonyms": [("年假",)]}, "two different words"),
        ({"synonyms": [("Leave", "ＬＥＡＶＥ")]}, "two different words"),
        ({"synonyms": [("the", "年假")]}, "holds nothing to search for"),
        ({"synonyms": [("leave", "年假"), ("leaves", "休假")]}, "in two groups"),
    ],
)
def test_what_cannot_be_taken_is_said(given, said):
    with pytest.raises(InputError, match=said):
        StandardAnalyzer(**given)
