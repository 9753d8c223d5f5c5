"""The general chunker on plain text: what always holds, then examples to check by hand, then old defects."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chunkers
from chunkers import General
from knowledge.defaults import BY_NAME
from knowledge.errors import InputError
from knowledge.types import Chunk, Locator

SYMBOLS = (
    "e\u0301",
    "か\u3099",
    "👩\u200d👩\u200d👧",
    "👍🏽",
    "🇨🇳",
    "❤\ufe0f",
    "1\ufe0f\u20e3",
    "葛\U000e0100",
    "\u1112\u1161\u11ab",
)
FRAGMENTS = (
    *SYMBOLS,
    "word ",
    "Dr. Who said so. ",
    "他说：“今天很好。”然后走了。",
    "GPT-4模型，3.14％",
    "これは文です。",
    "\n",
    "\n\n",
    "\r\n",
    "\u2028",
    "   \t ",
    "\u3000\u3000",
    "\u200b",
    "x" * 70,
    "长" * 60,
    "https://example.com/a/b?c=d&e=f ",
    "。",
    "；",
    "--",
    "\\n",
)
DELIMITERS = ("\n", "\\n\\n", "。", ". ", " ", "--", "；", "x", "\\u3002", "\\\\n", "e")

texts = st.one_of(
    st.lists(st.sampled_from(FRAGMENTS), max_size=60).map("".join),
    st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=20)), max_size=40).map("".join),
)


@st.composite
def generals(draw: st.DrawFn) -> General:
    max_length = draw(st.sampled_from((50, 51, 80, 200)))
    return General(
        max_length=max_length,
        overlap=draw(st.integers(0, max_length - 1)),
        delimiters=tuple(draw(st.lists(st.sampled_from(DELIMITERS), max_size=3))),
    )


def check_spans(text: str, chunks: list[Chunk], general: General) -> None:
    covered = 0
    for before, chunk in zip([None, *chunks], chunks, strict=False):
        assert text[chunk.start : chunk.end] == chunk.content == chunk.content.strip() != ""
        assert len(chunk.content) <= general.max_length
        assert text[covered : chunk.start].strip() == ""
        if before:
            assert before.start < chunk.start
            assert before.end < chunk.end
            assert before.end - chunk.start <= general.overlap
        covered = chunk.end
    assert text[covered:].strip() == ""


@settings(max_examples=400, deadline=None)
@given(texts, generals())
def test_chunks_are_spans_that_cover_the_text(text: str, general: General) -> None:
    chunks = general.chunk(text)
    check_spans(text, chunks, general)
    assert chunks == general.chunk(text)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from((*SYMBOLS, "字", "a", " ")), min_size=60, max_size=200), st.integers(0, 40))
def test_what_is_seen_as_one_character_is_never_split(symbols: list[str], overlap: int) -> None:
    borders, position = set(), 0
    for symbol in symbols:
        borders.add(position)
        position += len(symbol)
    for chunk in General(max_length=50, overlap=overlap).chunk("".join(symbols)):
        assert chunk.start in borders
        assert chunk.end in borders | {position}


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(("word", "3.14", "模型", "使用", "GPT-4", " ", "，", "long" * 5)), max_size=150)
)
def test_words_and_numbers_are_never_split(pieces: list[str]) -> None:
    text = "".join(part for piece in pieces for part in (piece, " " if piece.isascii() else ""))
    for chunk in General(max_length=50, overlap=20, delimiters=()).chunk(text):
        for position in (chunk.start, chunk.end):
            assert not re.fullmatch("[A-Za-z0-9.-]{2}", text[max(position - 1, 0) : position + 1])


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.text("abc 中文，", min_size=1, max_size=60).filter(str.strip), min_size=1, max_size=30),
    st.sampled_from(("\n", "。", "=====", "；\n")),
)
def test_pieces_that_fit_are_never_cut_and_share_chunks_while_they_fit(
    pieces: list[str], delimiter: str
) -> None:
    general = General(max_length=80, overlap=0, delimiters=(delimiter,))
    text = "".join(piece + delimiter for piece in pieces)
    chunks = general.chunk(text)
    ends, position = set(), 0
    for piece in pieces:
        position += len(piece + delimiter)
        ends.add(len(text[:position].rstrip()))
    assert {chunk.end for chunk in chunks} <= ends
    for chunk, following in pairwise(chunks):
        assert following.end - chunk.start > general.max_length


def contents(text: str, **options: object) -> list[str]:
    return [chunk.content for chunk in General(**options).chunk(text)]  # type: ignore[arg-type]


def test_defaults_are_those_of_the_table() -> None:
    general = General()
    assert (general.max_length, general.overlap) == (
        BY_NAME["max_length"].default,
        BY_NAME["overlap"].default,
    )
    assert general.delimiters == (BY_NAME["delimiter"].default,)


def test_public_names() -> None:
    assert chunkers.__all__ == [
        "QA",
        "VERSION",
        "General",
        "GeneratedQA",
        "ParentChild",
        "check",
        "clean",
        "without_duplicates",
    ]
    assert isinstance(chunkers.VERSION, str)
    with pytest.raises(AttributeError, match="no attribute 'Missing'"):
        _ = chunkers.Missing


@pytest.mark.parametrize("text", ["", " \n\t\u3000 "])
def test_blank_text_has_no_chunks(text: str) -> None:
    assert General().chunk(text) == []


def test_short_text_is_one_chunk() -> None:
    assert General().chunk("  Hello.\n") == [Chunk(content="Hello.", start=2, end=8, locator=Locator(line=1))]


def test_a_log_without_blank_lines_is_cited_by_line() -> None:
    text = "".join(f"2024-05-01 12:00:{number:03} 服务 started, all is well\n" for number in range(300))
    chunks = General().chunk(text)
    lines = [chunk.locator.line for chunk in chunks]
    assert lines[0] == 1
    assert len(set(lines)) == len(chunks) > 20
    for chunk, line in zip(chunks, lines, strict=True):
        assert line is not None
        assert text.splitlines()[line - 1].endswith(chunk.content.splitlines()[0])


@pytest.mark.parametrize(("max_length", "overlap"), [(50, 5), (300, 30), (499, 49), (500, 50), (4000, 50)])
def test_the_overlap_not_given_is_a_tenth_up_to_the_default(max_length: int, overlap: int) -> None:
    assert General(max_length=max_length).overlap == overlap
    assert General(max_length=max_length) == General(max_length=max_length, overlap=overlap)


def test_settings_cannot_be_changed() -> None:
    general = General(max_length=80)
    with pytest.raises(FrozenInstanceError):
        general.overlap = 3  # type: ignore[misc]
    assert hash(general) == hash(replace(general))
    assert repr(general).startswith("General(max_length=80, overlap=8, delimiters=('\\n',)")


def test_lines_are_packed_up_to_the_limit() -> None:
    lines = ["a" * 20, "b" * 20, "c" * 20, "d" * 20]
    assert contents("\n".join(lines), max_length=50, overlap=0) == [
        "\n".join(lines[:2]),
        "\n".join(lines[2:]),
    ]


def test_the_coarsest_delimiter_that_helps_is_used() -> None:
    text = "a" * 30 + "|" + "b" * 10 + "#" + "c" * 30 + "|" + "d" * 10
    expected = [text[:42], text[42:]]
    assert contents(text, max_length=50, overlap=0, delimiters=("#", "|")) == expected


def test_a_long_chinese_line_is_cut_after_sentences() -> None:
    first, second, third = "甲" * 29 + "。", "乙" * 27 + "！”", "丙" * 20 + "？"
    assert contents(first + second + third, max_length=60, overlap=0) == [first + second, third]


def test_a_long_english_line_is_cut_after_sentences_not_abbreviations() -> None:
    first, second = "This is what we heard from Dr. Smith.", "Nobody else was there, e.g. at noon."
    assert contents(f"{first} {second}", max_length=50, overlap=0) == [first, second]


def test_a_long_sentence_is_cut_after_a_clause_that_leaves_at_least_half() -> None:
    first, second = "When the rain had gone, they went out,", "all of them, to see the river."
    assert contents(f"{first} {second}", max_length=50, overlap=0) == [first, second]
    words = "Yes, but the rain had not gone and so they stayed at home for the day."
    assert contents(words, max_length=50, overlap=0)[0] == words[: words.index(" at home")]
    assert contents("甲" * 30 + "，乙" * 5 + "丙" * 40, max_length=50, overlap=0)[0].endswith("，乙，乙，")


def test_a_last_scrap_is_avoided_by_sharing_evenly() -> None:
    lines = [letter * 9 for letter in "abcdef"]
    assert contents("\n".join(lines), max_length=50, overlap=0) == [
        "\n".join(lines[:4]),
        "\n".join(lines[4:]),
    ]


def test_a_tiny_line_joins_the_long_one_that_must_be_cut_anyway() -> None:
    chunks = contents("Note\n" + "some words " * 12, max_length=60, overlap=0)
    assert chunks[0] == "Note\n" + "some words " * 4 + "some words"


def test_overlap_begins_at_a_sentence() -> None:
    text = "甲" * 30 + "。乙乙乙乙。\n" + "丙" * 30 + "。"
    assert contents(text, max_length=50, overlap=10) == [
        "甲" * 30 + "。乙乙乙乙。",
        "乙乙乙乙。\n" + "丙" * 30 + "。",
    ]


def test_overlap_begins_at_a_word_where_no_sentence_begins() -> None:
    text = "The quick brown fox jumps over the lazy dog again and again until the night falls"
    assert contents(text, max_length=50, overlap=15) == [
        "The quick brown fox jumps over the lazy dog again",
        "lazy dog again and again until the night falls",
    ]


def test_overlap_gives_way_to_a_piece_that_just_fits() -> None:
    pieces = ["word " * 8 + "end.", "more " * 9 + "end."]
    assert contents("\n".join(pieces), max_length=50, overlap=20) == pieces


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("\\n", "\n"),
        ("\\n\\n", "\n\n"),
        ("\\t", "\t"),
        ("\\\\n", "\\n"),
        ("\\u3002", "。"),
        ("\\ud83d\\ude00", "😀"),
        ("。", "。"),
        ("é", "é"),
        ("C:\\dir", "C:\\dir"),
        ("end\\", "end\\"),
        ("\\x41", "\\x41"),
        (".*", ".*"),
    ],
)
def test_delimiters_are_literal_but_for_a_few_escapes(written: str, meant: str) -> None:
    left, right = "l" * 40, "r" * 40
    chunks = contents(left + meant + right, max_length=60, overlap=0, delimiters=(written,))
    assert chunks == [(left + meant).rstrip(), right]


def test_escapes_are_understood_once_even_when_settings_are_copied() -> None:
    general = General(delimiters=("\\\\n",))
    assert General(delimiters=general.delimiters).delimiters == ("\\\\n",)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_length": 49}, "max_length must be a whole number from 50 to 4000, got 49"),
        ({"max_length": 4001}, "got 4001"),
        ({"max_length": "500"}, "got '500'"),
        ({"max_length": True}, "got True"),
        ({"overlap": -1}, "overlap must be a whole number from 0 to 2000, got -1"),
        ({"max_length": 60, "overlap": 60}, "overlap 60 must be less than max_length 60"),
        ({"max_length": 50, "overlap": 50}, "overlap 50 must be less than max_length 50"),
        ({"delimiters": "\n"}, "delimiters must be a list of strings"),
        ({"delimiters": (1,)}, "delimiters must be a list of strings"),
        ({"delimiters": ("",)}, "must not be empty"),
    ],
)
def test_wrong_settings_are_explained(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        General(**options)  # type: ignore[arg-type]


def test_spaces_survive_in_an_oversize_piece() -> None:
    text = "The quick brown fox jumps over the lazy dog again and again until the night"
    assert " ".join(contents(text, max_length=50, overlap=0)) == text


def test_a_chinese_delimiter_cuts() -> None:
    text = "第一句话讲的是猫。第二句话讲的是狗。第三句话讲的是鸟，它会飞。" * 4
    assert all(
        content.endswith("。") for content in contents(text, max_length=50, delimiters=("。",), overlap=0)
    )


def test_a_delimiter_stays_with_the_piece_before_it() -> None:
    text = "a" * 40 + "=====" + "b" * 40
    assert contents(text, max_length=50, overlap=0, delimiters=("=====",)) == ["a" * 40 + "=====", "b" * 40]


def test_sentences_are_not_glued_and_leading_symbols_stay() -> None:
    text = "#1 First sentence of the text. 'Second' one is here. Third one now, at the end."
    assert contents(text, max_length=55, overlap=0) == [
        "#1 First sentence of the text. 'Second' one is here.",
        "Third one now, at the end.",
    ]


def test_white_space_at_the_limit_does_not_count() -> None:
    lines = ["a" * 50, "b" * 50]
    assert contents(("\n" + " " * 500).join(lines), max_length=50, overlap=0) == lines


SHARED = Path(__file__).parents[2] / "shared" / "docs"


@pytest.mark.skipif(not SHARED.exists(), reason="the shared documents are not here")
def test_real_texts() -> None:
    general = General(max_length=300, overlap=40)
    for path in (*SHARED.glob("txt/*"), *SHARED.glob("md/*")):
        text = path.read_bytes().decode("utf-8", errors="replace")
        check_spans(text, general.chunk(text), general)
