"""The check of finished chunks: each problem is named, good chunks pass."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chunkers import QA, General, check
from knowledge.types import Chunk

TABLE = "| name | price |\n| --- | --- |\n| one apple | 10 |\n| two pears | 20 |\n| three figs | 30 |"


def span(text: str, content: str, context: str = "") -> Chunk:
    start = text.index(content)
    return Chunk(content=content, start=start, end=start + len(content), context=context)


def problems(text: str, *chunks: Chunk, **limits: int) -> list[tuple[int, str]]:
    return [(finding.position, finding.problem) for finding in check(text, chunks, **limits)]


@settings(max_examples=100, deadline=None)
@given(st.text("ab |\n-。.", max_size=300), st.integers(0, 20))
def test_findings_are_in_order_and_belong_to_chunks(text: str, overlap: int) -> None:
    chunks = General(max_length=50, overlap=overlap).chunk(text)
    findings = check(text, chunks)
    assert [finding.position for finding in findings] == sorted(finding.position for finding in findings)
    assert all(0 <= finding.position < len(chunks) and finding.detail for finding in findings)


def test_good_chunks_pass() -> None:
    text = "The first sentence is here. “The second one, too.” 第三句话也在这里了。\nA title without\n\nThe end, 2"
    contents = ("The first sentence is here.", "“The second one, too.”", "第三句话也在这里了。")
    last = ("A title without", "The end, 2")
    assert check(text, [span(text, content) for content in (*contents, *last)]) == []


@pytest.mark.parametrize(
    ("content", "limits", "problem"),
    [
        ("Short.", {}, "too short"),
        ("This is a long sentence.", {"longest": 20}, "too long"),
        ("This is a long", {}, "cut mid-sentence"),
        ("===== * * * =====", {}, "mostly symbols"),
    ],
)
def test_problems_of_one_chunk(content: str, limits: dict[str, int], problem: str) -> None:
    text = "This is a long sentence. Short. ===== * * * =====\n"
    assert problems(text, span(text, content), **limits) == [(0, problem)]


def test_repetition_names_the_first() -> None:
    text = "Terms and conditions.\nSomething else here.\nterms  and conditions."
    chunks = General(merge=False, overlap=0).chunk(text)
    (finding,) = check(text, chunks)
    assert (finding.position, finding.problem, finding.detail) == (2, "repeated", "the same as chunk 0")


def test_rows_cut_apart_and_rows_without_their_header() -> None:
    header = "| name | price |"
    rows = "| two pears | 20 |\n| three figs | 30 |"
    assert problems(TABLE, span(TABLE, "| one apple | 10 |\n| two pears")) == [
        (0, "cut mid-row"),
        (0, "table without its header"),
    ]
    assert problems(TABLE, span(TABLE, rows)) == [(0, "table without its header")]
    assert problems(TABLE, span(TABLE, rows, header)) == []
    assert problems(TABLE, span(TABLE, TABLE)) == []


def test_questions_may_be_short() -> None:
    text = "Q: Price?\nA: 9 euros."
    assert check(text, QA().chunk(text)) == []
