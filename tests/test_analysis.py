"""Which terms a text has: invariants, then examples for each script and kind of code."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from importlib.metadata import version

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexers import StandardAnalyzer
from indexers.dictionary import Dictionary
from indexers.folding import TABLE, fold, simplified
from indexers.segmenter import Segmenter

analyzer = StandardAnalyzer()

ALPHABETS = (
    "abcXYZ éßİ 的年假员工小米 かなカナｶﾞ 한국어 ภาษา हिन्दी Жя 0123456789 １２Ａ -._/@:&'’+#,，。！（）"
    "\u3000\t\n\u00ad\u200b\u0301"
)
texts = st.text() | st.text(st.sampled_from(ALPHABETS), max_size=60)


def words(text: str) -> list[str]:
    return analyzer.document_terms(text)[0]


def bigrams(text: str) -> list[str]:
    return analyzer.document_terms(text)[1]


@given(texts)
def test_terms_are_short_and_hold_no_white_space(text):
    for term in (*words(text), *bigrams(text)):
        assert 0 < len(term) <= 100
        assert term.split() == [term]


@given(texts)
def test_the_same_text_gives_the_same_terms_whatever_came_before(text):
    assert analyzer.document_terms(text) == StandardAnalyzer().document_terms(text)


@given(texts, texts)
def test_lines_do_not_change_each_other(one, other):
    both = words(f"{one}\n{other}"), bigrams(f"{one}\n{other}")
    assert both == (words(one) + words(other), bigrams(one) + bigrams(other))


@given(texts)
def test_a_query_counts_the_terms_of_the_document(text):
    for of_query, of_document in zip(analyzer.query_terms(text), analyzer.document_terms(text), strict=True):
        first = list(dict.fromkeys(of_document))[:64]
        assert list(of_query.items()) == [(term, of_document.count(term)) for term in first]


@given(st.text(st.sampled_from("年假员工国家图书馆有限公司"), min_size=2))
def test_bigrams_overlap_along_a_chinese_run(text):
    assert bigrams(text) == [text[start : start + 2] for start in range(len(text) - 1)]


def test_a_long_query_keeps_its_first_64_terms():
    numbers = [str(number) for number in range(100, 300)]
    han = "".join(chr(0x4E00 + number) for number in range(200))
    assert list(analyzer.query_terms(" ".join(numbers))[0]) == numbers[:64]
    assert len(analyzer.query_terms(han)[1]) == 64


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The cats were running", ["cat", "run"]),
        ("Not without a permit, never", ["not", "without", "permit", "never"]),
        ("I don't; you can’t", ["not", "not"]),
        ("John's and the patient’s", ["john", "patient"]),
        ("O'Brien", ["obrien", "o", "brien"]),
        ("vitamin D, T cells", ["vitamin", "d", "t", "cell"]),
        ("Wi-Fi", ["wifi", "wi", "fi"]),
        ("Node.js", ["nodej", "node", "js"]),
        ("he said:yes/no", ["said", "yes", "no"]),
    ],
)
def test_english_words(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gpt-3.5-turbo", ["gpt-3.5-turbo", "gpt", "3.5", "turbo"]),
        ("PPR-9087.", ["ppr-9087", "ppr", "9087"]),
        ("C++, C# (C)", ["c++", "c", "c#", "c", "c"]),
        ("(.NET). ASP.NET", [".net", "net", "aspnet", "asp", "net"]),
        ("“.NET”、.NET《.NET》‘.NET’「.NET」", [".net", "net"] * 5),
        ("...and so: no", ["no"]),
        ("v1.2.3", ["v1.2.3", "v", "1.2.3"]),
        ("/usr/lib/python3", ["usr/lib/python3", "usr", "lib", "python", "3"]),
        ("+86 138-1234", ["86", "138-1234", "138", "1234"]),
        ("iPhone15", ["iphone15", "iphon", "15"]),
        ("iPhone 15", ["iphon", "15"]),
        ("<Ann.Lee@x-corp.com>", ["ann.lee@x-corp.com", "ann", "lee", "x", "corp", "com"]),
        ("https://x.org/p1", ["https://x.org/p1", "https", "x", "org", "p", "1"]),
        ("snake_case", ["snake_case", "snake", "case"]),
        ("AT&T", ["at&t", "t"]),
        ("2024-05-01 10:30", ["2024-05-01", "2024", "05", "01", "10:30", "10", "30"]),
        ("1,234,567 3.14 50%", ["1234567", "3.14", "50"]),
        ("1,2 3，400", ["1", "2", "3", "400"]),
        ("1,000." + "0" * 200, ["1000." + "0" * 95]),
        ("9f86d081884c7d659a2feaa0", ["9f86d081884c7d659a2feaa0"]),
        ("____ --- ... ", []),
    ],
)
def test_codes_are_kept_whole_and_in_parts(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("员工的合同是什么？", ["员工", "合同"]),
        # Not in the dictionary: its characters here, the pair in the other field.
        ("年假", ["年", "假"]),
        ("没有合同不能报销", ["没有", "合同", "不能", "报销"]),
        ("使用Python3.11编程", ["使用", "python3.11", "python", "3.11", "编程"]),
        ("ＰＰＲ－９０８７", ["ppr-9087", "ppr", "9087"]),
        ("依据第12条规定", ["依据", "第12条", "第", "12", "条", "规定"]),
        ("2024年1月31日", ["2024-01-31", "2024", "年", "1", "月", "31", "日"]),
        ("価格はｶﾞｲﾄﾞ", ["価", "格"]),
        ("LG전자 공장에서", ["lg", "전자", "공장에서"]),
        ("Жёлтый café", ["жёлтый", "café"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("infor\u00admation\ufeff", ["inform"]),
    ],
)
def test_words_of_other_scripts(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("年假。假", ["年假", "假"]),
        ("食べる", ["食べ", "べる"]),
        ("ｶﾞｲﾄﾞ", ["ガイ", "イド"]),
        ("한국어", ["한국", "국어"]),
        ("ไทย", ["ไท", "ทย"]),
        ("plain café", []),
    ],
)
def test_bigrams_of_scripts_without_spaces(text, expected):
    assert bigrams(text) == expected


def test_width_and_case_do_not_matter():
    assert words("ＧＰＴ－４ ﬁle STRASSE ２０２４") == words("gpt-4 file straße 2024")


@pytest.mark.parametrize(
    "text",
    [
        "1.1" * 50_000 + "a",
        "111," * 50_000 + "'s",
        "a-" * 50_000,
        "a1" * 50_000,
        "中1" * 50_000,
        "'s" * 50_000,
    ],
)
def test_long_runs_without_spaces_take_linear_time(text):
    # Anything quadratic would take minutes.
    words(text)


def test_the_signature_names_what_terms_depend_on():
    minor = ".".join(version("rjieba").split(".")[:2])
    parts = {f"rjieba-{minor}", f"pystemmer-{version('PyStemmer')}", f"unicode-{unicodedata.unidata_version}"}
    assert parts < set(analyzer.signature.split())
    assert analyzer.signature == StandardAnalyzer().signature


def test_the_dictionary_is_loaded_for_much_han_text_only():
    script = (
        "import sys; from indexers import StandardAnalyzer; analyzer = StandardAnalyzer(); analyzer.signature\n"
        "analyzer.document_terms('Café, かな 한국 “quoted”'); assert 'rjieba' not in sys.modules\n"
        "analyzer.query_terms('一年可以休几天年假'); assert 'rjieba' not in sys.modules\n"
        "analyzer.document_terms('年假' * 600); assert 'rjieba' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


HAN = st.text(st.sampled_from("的年假员工入职满三年以后享有带薪休中华人民共和国万鹭汀𠮷"), max_size=30)


@given(HAN)
def test_looking_words_up_finds_what_the_loaded_dictionary_finds(run):
    assert Segmenter(patience=len(run))(run) == Segmenter(patience=-1)(run)


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("我来到北京清华大学", ["我", "来到", "北京", "清华大学"]),
        ("研究生命的起源", ["研究", "生命", "的", "起源"]),
        ("中华人民共和国", ["中华人民共和国"]),
        ("鹭汀", ["鹭", "汀"]),
        ("", []),
    ],
)
def test_words_by_hand(run, expected):
    assert Dictionary().cut(run) == expected


@pytest.mark.parametrize(
    ("document", "question", "shared"),
    [
        ("a total of 1,234.56 euros", "1234.56", "1234.56"),
        ("a 3.5mm plug", "3.5 mm", "3.5"),
        ("send an E\u2011mail", "e-mail", "email"),
        ("第12条", "第 12 条", "12"),
        ("2024年1月31日起施行", "2024-01-31", "2024-01-31"),
        ("员工請假規定", "员工请假", "请假"),
        ("售后服务", "售後服務", "售后服务"),
        ("ＬＴ－500型", "lt-500", "lt-500"),
    ],
)
def test_the_same_thing_written_twice_shares_a_term(document, question, shared):
    assert shared in words(document)
    assert shared in analyzer.query_terms(question)[0]


TABLES = TABLE.read_text(encoding="utf-8").splitlines()
HAN_OF_BOTH = st.text(
    st.sampled_from("員工請假規定網路后後里裡裏臺台乾干发髮發abc 1，。か\n") | st.sampled_from(TABLES[0])
)


@given(HAN_OF_BOTH)
def test_traditional_and_simplified_texts_have_the_same_terms(text):
    assert len(simplified(text)) == len(text)
    assert simplified(simplified(text)) == simplified(text)
    assert analyzer.document_terms(simplified(text)) == analyzer.document_terms(text)
    assert analyzer.query_terms(simplified(text)) == analyzer.query_terms(text)


@given(st.text(st.sampled_from(TABLES[1])))
def test_simplified_text_stays_what_it_is(text):
    assert simplified(text) == text


def test_folding_by_hand():
    assert len(TABLES[0]) == len(TABLES[1])
    assert fold("這個軟體，後來在臺灣的裏面") == "这个软体，后来在台湾的里面"
    # These are simplified characters too, and mean something else there.
    assert fold("什么著名") == "什么著名"
