"""The question-answer chunker: pairs from tables and from running text, as spans."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chunkers import QA
from extractors import extract
from knowledge.errors import InputError
from knowledge.types import Block, Document

cells = st.text("abc 问？|\\?;<br>", max_size=12)


def table(rows: list[tuple[str, ...]], name: str = "faq.csv") -> Document:
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    return extract("\n".join(quoted).encode(), name=name, sandbox=False)


def pairs(document: Document | str, **columns: object) -> list[tuple[str, str | None]]:
    return [(chunk.content, chunk.answer) for chunk in QA(**columns).chunk(document)]  # type: ignore[arg-type]


def check_spans(text: str, qa: QA, document: Document | str) -> None:
    chunks, warnings = qa.chunk_with_warnings(document)
    for chunk in chunks:
        assert chunk.answer_span is not None
        assert chunk.answer is not None
        assert text[chunk.start : chunk.end] == chunk.content == chunk.content.strip() != ""
        answer = text[slice(*chunk.answer_span)]
        assert answer == answer.strip() != ""
        assert "|" in answer or "<" in answer or chunk.answer == answer
    assert (chunks, warnings) == qa.chunk_with_warnings(document)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(cells, cells, cells), max_size=8), st.booleans())
def test_pairs_of_tables_are_spans(rows: list[tuple[str, str, str]], similar: bool) -> None:
    document = table([("Question", "Answer", "Similar questions"), *rows])
    check_spans(document.text, QA(similar="C") if similar else QA(), document)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                ("Q: ", "A: ", "问：", "答：", "\n", "1. ", "2、", "How?", "## ", "text ", "**", "？")
            ),
            st.text(max_size=5),
        ),
        max_size=40,
    ).map("".join)
)
def test_pairs_of_text_are_spans(text: str) -> None:
    check_spans(text, QA(), text)
    headings = re.finditer("^## .*", text, re.MULTILINE)
    blocks = tuple(Block(kind="heading", start=h.start(), end=h.end(), level=2) for h in headings)
    check_spans(text, QA(), Document(text=text, blocks=blocks))


FAQ = [
    ("id", "问题（必填）", "Reply text"),
    ("1", "年假有几天？", "五天"),
    ("2", "Can I | pipe?", "Use a|b"),
    ("3", "", "no question"),
]


@pytest.mark.parametrize(
    ("question", "answer"),
    [("问题（必填）", "Reply text"), ("问题", "reply text"), ("B", "C"), (1, 2), ("1", "2")],
)
def test_columns_have_names_letters_and_numbers(question: object, answer: object) -> None:
    assert pairs(table(FAQ), question=question, answer=answer) == [
        ("年假有几天？", "五天"),
        (r"Can I \| pipe?", "Use a|b"),
    ]


def test_rows_without_a_half_are_reported() -> None:
    chunks, warnings = QA(question="B", answer="C").chunk_with_warnings(table(FAQ))
    assert warnings == ("rows left out for want of a question or an answer: 1; the first is row 4",)
    assert [chunk.locator.row for chunk in chunks] == [2, 3]


def test_the_first_two_columns_of_a_sheet_unless_they_have_the_usual_names() -> None:
    assert pairs(table([("x", "y", "z"), ("a", "b", "c")])) == [("a", "b")]
    assert pairs(table([("答案", "x", "问题"), ("a", "b", "c")])) == [("c", "a")]


def test_several_spellings_share_an_answer() -> None:
    document = table(
        [("Q", "Q2", "A", "相似问法"), ("How much?", "Price?", "9", "cost; 多少钱？要花多少钱？<br>fee")]
    )
    assert pairs(document, question=["Q", "Q2"]) == [
        (spelling, "9") for spelling in ("How much?", "Price?", "cost", "多少钱？", "要花多少钱？", "fee")
    ]
    assert pairs(document, question="Q", similar=[]) == pairs(document, question="Q")
    (first, *others) = QA(question="Q").chunk(document)
    assert {chunk.answer_span for chunk in others} == {first.answer_span}


def test_a_column_may_say_that_its_cells_hold_a_question_on_each_line() -> None:
    header = ("分段标题（选填）", "分段内容（必填，问题答案）", "问题（选填，单元格内一行一个）")
    rows = [header, ("标题", "第一行。\n第二行。", "怎么办？\n如何做\n\n怎样处理")]
    assert pairs(extract(csv_of(rows), name="a.csv", sandbox=False)) == [
        (spelling, "第一行。\n第二行。") for spelling in ("怎么办？", "如何做", "怎样处理")
    ]
    rows = [("Question", "Answer", "Similar questions"), ("Two\nlines?", "Yes.", "One\nTwo")]
    assert pairs(extract(csv_of(rows), name="a.csv", sandbox=False)) == [
        (spelling, "Yes.") for spelling in ("Two<br>lines?", "One", "Two")
    ]


def csv_of(rows: Sequence[Sequence[str]]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue().encode()


def test_tables_of_other_documents_need_the_usual_names() -> None:
    rows = "| {0} | {1} |\n| --- | --- |\n| Who? | Me. |"
    named = extract(f"# Help\n\n{rows.format('Question', 'Answer')}".encode(), name="a.md", sandbox=False)
    (chunk,) = QA().chunk(named)
    assert (chunk.content, chunk.answer, chunk.headings) == ("Who?", "Me.", ("Help",))
    other = extract(f"# Help\n\n{rows.format('Name', 'Place')}".encode(), name="a.md", sandbox=False)
    assert pairs(other) == []
    assert pairs(other, question="Name", answer="Place") == [("Who?", "Me.")]


def test_tables_and_running_text_in_the_order_of_the_document() -> None:
    text = (
        "# Help\n\n## How much?\n\nTen.\n\n| Question | Answer |\n| --- | --- |\n| Who? | Me. |\n\n"
        "## Where?\n\nHere.\n"
    )
    expected = [("How much?", "Ten."), ("Who?", "Me."), ("Where?", "Here.")]
    assert pairs(extract(text.encode(), name="a.md", sandbox=False)) == expected


def test_html_tables() -> None:
    html = "<table><tr><th>Question</th><th>Answer</th></tr><tr><td>Who | what?</td><td>a|b</td></tr></table>"
    assert pairs(extract(html.encode(), name="a.html", sandbox=False)) == [(r"Who \| what?", "a|b")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Q: What?\nA: That.\nAnd more.\n\nQ: Who?\nA: Me.",
            [("What?", "That.\nAnd more."), ("Who?", "Me.")],
        ),
        ("Q1. What?\nA1. That.\nQ2. Who?\nA2. Me.", [("What?", "That."), ("Who?", "Me.")]),
        ("问：哪里？答：这里。\n问：谁？答：我。", [("哪里？", "这里。"), ("谁？", "我。")]),
        ("问题：哪里\n答案：这里", [("哪里", "这里")]),
        (
            "**问题1：** 多少\n**答案：**\n五\n1. 步骤？\n六",
            [("多少", "五\n1. 步骤？\n六")],
        ),
        ("Question: Two\nlines?\nAnswer: Yes.", [("Two\nlines?", "Yes.")]),
        (
            "常见问题\n1. 可以退货吗？\n可以。\n1）七天内\n2、运费谁付？\n买家。",
            [("可以退货吗？", "可以。\n1）七天内"), ("运费谁付？", "买家。")],
        ),
        ("(1) Who?\nMe.\n(2) Why?\nBecause.", [("Who?", "Me."), ("Why?", "Because.")]),
        ("Just text. Is it? Yes.", []),
    ],
)
def test_forms_of_running_text(text: str, expected: list[tuple[str, str]]) -> None:
    assert pairs(text) == expected


def test_headings_that_ask_are_answered_below() -> None:
    text = "# FAQ\n## 1. 如何安装？\npip install\n\n### Details\nmore\n## Notes\nnone\n## How to run\nrun it"
    document = extract(text.encode(), name="a.md", sandbox=False)
    chunks = QA().chunk(document)
    assert [(chunk.content, chunk.answer, chunk.headings) for chunk in chunks] == [
        ("如何安装？", "pip install\n\n### Details\nmore", ("FAQ",)),
        ("How to run", "run it", ("FAQ",)),
    ]


def test_questions_without_an_answer_are_reported() -> None:
    chunks, warnings = QA().chunk_with_warnings("Q: a?\nA: b\nQ: c?\n\nQ: d?\nA: e")
    assert [chunk.content for chunk in chunks] == ["a?", "d?"]
    assert warnings == ("questions left out for want of a question or an answer: 1; the first is line 3",)


def test_no_pairs_are_reported() -> None:
    assert "no question-answer pairs found" in QA().chunk_with_warnings("Nothing here.")[1][0]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"question": "Frage"},
            "no table has the columns 'Frage'; the first one has 'id', '问题（必填）', 'Reply text'",
        ),
        ({"answer": 7}, "no table has the columns 7"),
        ({"answer": True}, "a column must be a name, a letter or a number from 0, got True"),
        ({"question": ["Q", ""]}, "got ''"),
    ],
)
def test_wrong_columns_are_explained(columns: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        pairs(table(FAQ), **columns)


def test_columns_of_a_text_without_tables_are_explained() -> None:
    with pytest.raises(InputError, match="no table to read the columns 'Q' from"):
        pairs("Q: a?\nA: b", question="Q")


@pytest.mark.parametrize("unit", ["*", "Q: ", "1. ", "? ", "?\t", "A ", "\n1. a?", "\nQ: a\nA: b", "#"])
def test_hostile_text_is_read_without_going_back(unit: str) -> None:
    assert pairs("Q: a\nA: b\n" + unit * 20_000)[0][0] == "a"
