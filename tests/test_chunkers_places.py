"""Where passages stand in the original file: their lines, pages and rows."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from chunkers import General
from extractors import extract
from knowledge.types import Block, Document, Locator

FRONT_MATTER = "---\ntitle: Guide\ntags:\n  - one\n  - two\n---\n"
PARTS = (
    "# 标题",
    "Title\n=====",
    "- first item\n- second item\n\n\n- third item",
    "```py\ncall(1)\n\n\ncall(2)\n```",
    "| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |",
    "Some words of a paragraph.\nIts second line goes on for a while, until it ends here.",
    "第一句话。第二句话，讲得很长很长。\n第三句话。",
    "   indented words",
)


def page(number: int, end: int | None = None) -> Locator:
    return Locator(page=number, page_end=end)


def paragraphs(contents: list[str], locators: list[Locator]) -> Document:
    text, blocks = "", []
    for content, locator in zip(contents, locators, strict=True):
        start = len(text)
        text += content + "\n\n"
        blocks.append(Block(kind="paragraph", start=start, end=start + len(content), locator=locator))
    return Document(text=text, blocks=tuple(blocks))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(("", FRONT_MATTER)),
    st.lists(
        st.tuples(st.sampled_from(PARTS), st.sampled_from(("\n", "\n\n", "\n\n\n \n"))),
        min_size=1,
        max_size=30,
    ),
    st.sampled_from(("a.md", "a.txt")),
    st.sampled_from(("\n", "\r\n")),
    st.builds(
        General,
        max_length=st.sampled_from((50, 120)),
        overlap=st.integers(0, 40),
        delimiters=st.just(("\n",)),
    ),
)
def test_the_line_is_where_the_passage_begins_in_the_file(
    front: str, parts: list[tuple[str, str]], name: str, line_end: str, general: General
) -> None:
    written = front + "".join(part + separator for part, separator in parts)
    document = extract(written.replace("\n", line_end).encode(), name=name, sandbox=False)
    before = written.removesuffix(document.text).count("\n")
    for chunk in general.chunk(document):
        assert chunk.locator.line == before + document.text.count("\n", 0, chunk.start) + 1
        assert chunk.content.split("\n")[0] in written.split("\n")[chunk.locator.line - 1]


@given(st.text("ab \n", max_size=300))
def test_a_text_without_blocks_has_lines_too(text: str) -> None:
    for chunk in General(max_length=50).chunk(text):
        assert chunk.locator == Locator(line=1 + text.count("\n", 0, chunk.start))


def test_a_passage_that_begins_between_blocks_takes_the_line_of_the_next() -> None:
    document = extract(b"---\n\nText.", name="a.md", sandbox=False)
    (chunk,) = General().chunk(document)
    assert chunk.content == "---\n\nText."
    assert chunk.locator == Locator(line=3)


def test_blocks_without_lines_give_none() -> None:
    document = paragraphs(["one\ntwo"], [page(1)])
    assert General().chunk(document)[0].locator == page(1)


def test_overlap_is_not_cited() -> None:
    first, second = "Page one is here. It ends like this.", "Page two has words of its own to say."
    document = paragraphs([first, second], [page(1), page(2)])
    chunks = General(max_length=60, overlap=20).chunk(document)
    assert [chunk.content for chunk in chunks] == [first, f"It ends like this.\n\n{second}"]
    assert [chunk.locator for chunk in chunks] == [page(1), page(2)]


def test_the_line_is_that_of_the_overlap_which_is_shown() -> None:
    first, second = "Page one is here.\nIt ends like this.", "Page two has words of its own to say."
    document = paragraphs([first, second], [Locator(page=1, line=1), Locator(page=2, line=4)])
    _, chunk = General(max_length=60, overlap=20).chunk(document)
    assert chunk.content.startswith("It ends like this.")
    assert chunk.locator == Locator(page=2, line=2)


def test_rows_that_are_repeated_are_not_cited() -> None:
    rows = "".join(f"item {number},北京市\n" for number in range(2, 31))
    document = extract(f"name,city\n{rows}".encode(), name="a.csv", sandbox=False)
    chunks = General(max_length=200, overlap=40).chunk(document)
    assert any(before.end > after.start for before, after in pairwise(chunks))
    spans = [(chunk.locator.row, chunk.locator.row_end) for chunk in chunks]
    assert (spans[0][0], spans[-1][1]) == (1, 30)
    assert all(before[1] + 1 == after[0] for before, after in pairwise(spans))  # type: ignore[operator]


def test_a_passage_over_a_page_border_names_both_pages() -> None:
    document = paragraphs(["One.", "Two."], [page(1), page(2)])
    assert General().chunk(document)[0].locator == page(1, 2)


def test_the_line_is_right_far_down_in_one_block() -> None:
    text = "a line of a log, as long as others\n" * 5000
    document = extract(text.encode(), name="a.log", sandbox=False)
    last = General(max_length=100, overlap=0).chunk(document)[-1]
    assert last.end == len(text) - 1
    assert last.locator.line == text.count("\n", 0, last.start) + 1 > 4990
