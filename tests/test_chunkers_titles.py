"""The trail of headings holds what a reader sees: Markdown's marks are taken off, names and sums are not."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunkers import General
from extractors import extract
from knowledge.types import Block, Chunk, Document


def chunk_under(heading: str) -> Chunk:
    document = extract(f"{heading}\n\nText.".encode(), name="a.md", sandbox=False)
    (chunk,) = General().chunk(document)
    return chunk


@pytest.mark.parametrize(
    ("heading", "title"),
    [
        ("## **父子模式**", "父子模式"),
        ('## 指定检索方式 <a href="#x" id="x"></a>', "指定检索方式"),
        ("## [Title](url)", "Title"),
        ("## `code` name", "code name"),
        ("## Title ##", "Title"),
        ("## **Title** ##   ", "Title"),
        ("## A *word*, __another one__ and ~~a third~~", "A word, another one and a third"),
        ("## ***Both*** and **one *in* another**", "Both and one in another"),
        ("## API**密钥**配置", "API密钥配置"),
        ("## **步骤 1：**安装", "步骤 1：安装"),
        ('## [**Bold** `code`](https://a.b/c_(d) "e")', "Bold code"),
        ("## [![Logo](a.png)](b) Name", "Logo Name"),
        ("## [Title][ref] and a note[^1]", "Title and a note"),
        ("## [a\\_b](c\\_d) e\\_f", "a_b e_f"),
        ("## Title {#anchor}", "Title"),
        ("## Q&amp;A&nbsp;&lt;b&gt;", "Q&A <b>"),
        ("## One<br/>two <!-- three -->", "One two"),
        ("## <https://a.b/c>", "https://a.b/c"),
        ("## ``a `b` c`` and `*d*`", "a `b` c and *d*"),
        ("**Title**\n---------", "Title"),
        ("## C#", "C#"),
        ("## C# and F# ##", "C# and F#"),
        ("## a*b", "a*b"),
        ("## 3*4*5 = 60", "3*4*5 = 60"),
        ("## 2 * 3 ** 4", "2 * 3 ** 4"),
        ("## f(*args, **kwargs)", "f(*args, **kwargs)"),
        ("## snake_case_name", "snake_case_name"),
        ("## __init__.py and _emphasis of snake_case_", "__init__.py and emphasis of snake_case"),
        ("## List<String> and Map<K, V>", "List<String> and Map<K, V>"),
        ("## [1.0.0] - 2024", "[1.0.0] - 2024"),
        ("## values[0][1]", "values[0][1]"),
        ("## \\*not emphasis\\*", "*not emphasis*"),
        ("## &#xE000; `x` \ue001", "\ue000 x \ue001"),
        ("## 50 % off & more <3", "50 % off & more <3"),
    ],
)
def test_a_title_is_what_a_reader_sees(heading: str, title: str) -> None:
    chunk = chunk_under(heading)
    assert (chunk.headings, chunk.context) == ((title,), title)
    assert chunk.content == f"{heading}\n\nText."


@pytest.mark.parametrize("heading", ["##", "## ##", "# <a id='x'></a>", "# ![](logo.png)"])
def test_a_heading_without_words_has_no_title(heading: str) -> None:
    assert chunk_under(heading).headings == ()


def test_headings_that_are_not_markdown_stay_as_they_are() -> None:
    written = "The *.py and *.md of **kwargs [a](b)"
    document = Document(text=written, blocks=(Block(kind="heading", start=0, end=len(written), level=1),))
    assert General().chunk(document)[0].headings == (written,)


@given(st.text("ab字 .,-", min_size=1).filter(str.strip))
def test_a_title_without_marks_is_unchanged(title: str) -> None:
    assert chunk_under(f"# {title}").headings == (" ".join(title.split()),)


@given(st.text("*_~`[]()<>!\\\\&#;{}a字 \ue000", max_size=60))
def test_any_title_can_be_read(title: str) -> None:
    written = f"# {title}"
    document = Document(text=written, blocks=(Block(kind="heading", start=0, end=len(written), level=1),))
    for chunk in General(max_length=100).chunk(document):
        assert all(title == " ".join(title.split()) != "" for title in chunk.headings)


@pytest.mark.parametrize(
    "unit",
    [
        "*a ",
        "_a ",
        "_a_",
        "-_a",
        "a__",
        "[",
        "[a",
        "![a](b",
        "`",
        "``a`",
        "` `` ",
        "<a ",
        "<!--",
        "&#1",
        "\\",
        "{#",
        "# ",
    ],
)
def test_the_time_is_linear_in_hostile_titles(unit: str) -> None:
    written = f"# {unit * (6000 // len(unit))}x"
    text = f"{written}\n" * 10
    starts = range(0, len(text), len(written) + 1)
    blocks = tuple(Block(kind="heading", start=start, end=start + len(written), level=1) for start in starts)
    started = time.perf_counter()
    General().chunk(Document(text=text, blocks=blocks))
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    ("name", "heading", "title"),
    [
        ("a.rst", "=====\nGuide\n=====", "Guide"),
        ("a.rst", "Below\n~~~~~", "Below"),
        ("a.rst", "Plain\n=====", "Plain"),
        ("a.org", "* TODO First :tag:work:", "First"),
        ("a.org", "** Second: a *bold* word", "Second: a *bold* word"),
    ],
)
def test_marks_of_other_markup_are_taken_off(name: str, heading: str, title: str) -> None:
    document = extract(f"{heading}\n\nText.\n".encode(), name=name, sandbox=False)
    assert General().chunk(document)[-1].headings[-1] == title
