"""The general chunker on documents with blocks: headings, tables, code and lists, and where passages stand."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chunkers import General
from knowledge.errors import InputError
from knowledge.types import Block, BlockKind, Chunk, Document, Locator

Piece = tuple[BlockKind, str]


def written(pieces: Sequence[Piece], locators: Sequence[Locator] = (), separator: str = "\n\n") -> Document:
    """A document of these blocks; a heading's level is the number of its marks."""
    text, blocks = "", []
    for number, (kind, content) in enumerate(pieces):
        start = len(text)
        text += content + separator
        level = len(content) - len(content.lstrip("#")) if kind == "heading" else None
        locator = locators[number] if locators else Locator()
        blocks.append(Block(kind=kind, start=start, end=start + len(content), level=level, locator=locator))
    return Document(text=text, blocks=tuple(blocks))


def sentences(count: int, word: str = "word") -> str:
    return " ".join(f"Sentence {word} {number}." for number in range(count))


headings = st.sampled_from(("# Top", "## Middle", "### Deep", "## 第二章 总则")).map(
    lambda text: ("heading", text)
)
paragraphs = st.builds(
    lambda count, word: ("paragraph", sentences(count, word)), st.integers(1, 40), st.sampled_from("甲乙x")
)
tables = st.integers(1, 40).map(
    lambda n: ("table", "| a | b |\n| --- | --- |" + "".join(f"\n| {i} | 值。好 |" for i in range(n)))
)
code = st.integers(1, 30).map(lambda n: ("code", "\n".join(f"    line({i})" for i in range(n))))
items = st.integers(1, 60).map(lambda n: ("list", "- " + "item " * n + "end"))
layouts = st.lists(st.one_of(headings, paragraphs, tables, code, items), max_size=12).map(written)
generals = st.builds(
    General,
    max_length=st.sampled_from((200, 300)),
    overlap=st.integers(0, 100),
    delimiters=st.sampled_from((("\n",), ("。",), (". ", "\n"), ())),
)


def new_starts(document: Document, chunks: Sequence[Chunk]) -> list[int]:
    """Where the text begins that the chunk before did not have."""
    starts, end = [], 0
    for chunk in chunks:
        rest = document.text[end:]
        starts.append(end + len(rest) - len(rest.lstrip()))
        end = chunk.end
    return starts


@settings(max_examples=150, deadline=None)
@given(layouts, generals)
def test_chunks_are_spans_that_respect_the_layout(document: Document, general: General) -> None:
    text, chunks = document.text, general.chunk(document)
    starts = new_starts(document, chunks)
    ends = [chunk.end for chunk in chunks]
    for chunk, start, end in zip(chunks, starts, [0, *ends], strict=False):
        assert text[chunk.start : chunk.end] == chunk.content == chunk.content.strip() != ""
        assert len(chunk.content) <= general.max_length
        assert chunk.start <= start
        assert end - chunk.start <= general.overlap
    assert [chunk.start for chunk in chunks] == sorted({chunk.start for chunk in chunks})
    assert ends == sorted(set(ends))
    assert text[ends[-1] if ends else 0 :].strip() == ""
    for block, following in pairwise(document.blocks):
        if block.kind == "heading" and following.kind != "heading":
            assert not any(block.start < end <= following.start for end in ends)
            assert not any(
                chunk.start < block.start <= start for chunk, start in zip(chunks, starts, strict=True)
            )
        if block.kind == "table":
            assert all(text[start - 1] == "\n" for start in starts if block.start < start < block.end)
            assert all(text[c.start - 1] == "\n" for c in chunks if block.start < c.start < block.end)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400), st.lists(st.integers(0, 400), max_size=20), st.randoms(use_true_random=False))
def test_any_valid_blocks_will_do(text: str, positions: list[int], random: object) -> None:
    borders = sorted(min(position, len(text)) for position in positions)
    kinds: tuple[BlockKind, ...] = ("heading", "paragraph", "list", "table", "code", "image")
    blocks = tuple(
        Block(
            kind=kinds[(start + end) % 6],
            start=start,
            end=end,
            level=end % 7 or None,
            locator=Locator(row=end % 3 or None),
        )
        for start, end in zip(borders[::2], borders[1::2], strict=False)
    )
    covered = 0
    for chunk in General(max_length=50, overlap=20).chunk(Document(text=text, blocks=blocks)):
        assert text[chunk.start : chunk.end] == chunk.content == chunk.content.strip() != ""
        assert len(chunk.content) <= 50
        assert text[covered : chunk.start].strip() == ""
        covered = chunk.end
    assert text[covered:].strip() == ""


def test_a_heading_starts_a_chunk_and_gives_it_a_trail() -> None:
    document = written(
        [
            ("heading", "# Guide #"),
            ("heading", "## 安装"),
            ("paragraph", sentences(8)),
            ("heading", "## Use"),
            ("paragraph", sentences(8)),
            ("heading", "# Other"),
            ("paragraph", sentences(8)),
        ]
    )
    chunks = General(max_length=300).chunk(document)
    assert [chunk.content.split("\n")[0] for chunk in chunks] == ["# Guide #", "## Use", "# Other"]
    assert [chunk.headings for chunk in chunks] == [("Guide", "安装"), ("Guide", "Use"), ("Other",)]
    assert [chunk.context for chunk in chunks] == ["Guide > 安装", "Guide > Use", "Other"]


def test_underlined_headings_lose_their_underline() -> None:
    document = Document(
        text="Big Title\n=========\n\nText.", blocks=(Block(kind="heading", start=0, end=19, level=1),)
    )
    assert General().chunk(document)[0].headings == ("Big Title",)


def test_every_chunk_of_a_long_section_has_its_trail_and_overlaps_within_it() -> None:
    document = written(
        [("heading", "# A"), ("paragraph", sentences(40)), ("heading", "# B"), ("paragraph", sentences(40))]
    )
    chunks = General(max_length=200, overlap=40).chunk(document)
    border = document.text.index("# B")
    assert all(chunk.headings == (("A",) if chunk.start < border else ("B",)) for chunk in chunks)
    assert all(chunk.end < border or chunk.start >= border for chunk in chunks)
    overlaps = [before.end - after.start for before, after in pairwise(chunks)]
    assert [overlap > 0 for overlap in overlaps].count(False) == 1


def test_tiny_sections_of_one_rank_share_a_chunk() -> None:
    document = written(
        [
            ("heading", "## One"),
            ("paragraph", "Short."),
            ("heading", "## Two"),
            ("paragraph", "Short too."),
            ("heading", "# Higher"),
            ("paragraph", "Short as well."),
        ]
    )
    assert [chunk.content for chunk in General().chunk(document)] == [
        "## One\n\nShort.\n\n## Two\n\nShort too.",
        "# Higher\n\nShort as well.",
    ]


def test_sheets_never_share_a_chunk() -> None:
    document = written(
        [("table", "| a | 1 |"), ("table", "| b | 2 |")],
        [Locator(sheet="S", row=1, row_end=1), Locator(sheet="T", row=1, row_end=1)],
    )
    assert [chunk.locator.sheet for chunk in General().chunk(document)] == ["S", "T"]


def test_blocks_are_preferred_to_lines() -> None:
    first, second = "a" * 20 + "\n" + "b" * 19, "c" * 20 + "\n" + "d" * 19
    document = written([("paragraph", first), ("paragraph", second)])
    assert [c.content for c in General(max_length=70, overlap=0).chunk(document)] == [first, second]


def test_a_delimiter_of_the_user_is_preferred_to_blocks() -> None:
    pieces: list[Piece] = [
        ("paragraph", "a" * 20 + "\n====="),
        ("paragraph", "b" * 30),
        ("paragraph", "c" * 30),
    ]
    chunks = General(max_length=60, overlap=0, delimiters=("=====",)).chunk(written(pieces))
    assert [chunk.content for chunk in chunks] == [pieces[0][1], f"{'b' * 30}\n\n{'c' * 30}"[:30], "c" * 30]


def test_code_and_list_items_stay_whole() -> None:
    block = "\n\n".join(f"call({number})" for number in range(10))
    item = "- 第一句话。第二句话。" + "长" * 40
    document = written(
        [("paragraph", sentences(7)), ("code", block), ("paragraph", sentences(7)), ("list", item)]
    )
    contents = [
        chunk.content for chunk in General(max_length=200, overlap=0, delimiters=("。",)).chunk(document)
    ]
    assert any(block in content for content in contents)
    assert any(item in content for content in contents)


def test_a_long_table_is_cut_between_rows_and_keeps_its_header() -> None:
    header = "| 名称 | 价格 |"
    rows = [f"| item {number} | {number}. 元 |" for number in range(30)]
    document = written([("heading", "# 价目"), ("table", "\n".join([header, "| --- | --- |", *rows]))])
    first, *others = General(max_length=200, overlap=30).chunk(document)
    assert first.content.startswith(f"# 价目\n\n{header}\n| --- | --- |\n| item 0 |")
    assert first.context == "价目"
    assert others
    for chunk in others:
        assert chunk.context == f"价目\n{header}"
        assert set(chunk.content.split("\n")) <= set(rows)


def test_a_long_row_is_cut_at_the_lines_of_its_cells() -> None:
    lines = [f"{letter * 40}, {letter * 30}" for letter in "abcde"]
    chunks = General(max_length=160, overlap=0).chunk(written([("table", f"| {'<br>'.join(lines)} |")]))
    assert [chunk.content for chunk in chunks] == [
        f"| {lines[0]}<br>{lines[1]}<br>",
        f"{lines[2]}<br>{lines[3]}<br>",
        f"{lines[4]} |",
    ]


def test_overlap_never_begins_at_the_rule_below_a_header() -> None:
    table = "| a long header | of two columns |\n| --- | --- |\n| 1 | 2 |"
    document = written([("paragraph", sentences(2)), ("table", table), ("paragraph", sentences(4))])
    chunks = General(max_length=110, overlap=40).chunk(document)
    assert any(before.end > after.start for before, after in pairwise(chunks))
    assert not any(chunk.content.startswith("| ---") for chunk in chunks)


def test_rows_that_are_blocks_are_packed_and_located() -> None:
    rows = ["| name | city |\n| --- | --- |", *(f"| item {number} | 北京市 |" for number in range(2, 31))]
    locators = [Locator(sheet="S", row=number, row_end=number) for number in range(1, 31)]
    document = written([("table", row) for row in rows], locators, separator="\n")
    chunks = General(max_length=200, overlap=0).chunk(document)
    assert chunks[0].context == ""
    assert {chunk.context for chunk in chunks[1:]} == {"| name | city |"}
    spans = [(chunk.locator.row, chunk.locator.row_end) for chunk in chunks]
    assert spans[0][0] == 1
    assert spans[-1][1] == 30
    assert all(before[1] + 1 == after[0] for before, after in pairwise(spans))  # type: ignore[operator]


def test_pages_are_merged() -> None:
    document = written(
        [("paragraph", "On page one."), ("paragraph", "On page two."), ("paragraph", "x " * 100)],
        [Locator(page=1), Locator(page=2), Locator(page=2)],
    )
    chunks = General(max_length=80, overlap=0).chunk(document)
    assert chunks[0].locator == Locator(page=1, page_end=2)
    assert chunks[1].locator == Locator(page=2)


def test_text_without_blocks_has_no_trail() -> None:
    for document in ("# Title\n\nText.", Document(text="# Title\n\nText.")):
        (chunk,) = General().chunk(document)
        assert chunk == Chunk(content="# Title\n\nText.", start=0, end=14, locator=Locator(line=1))


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ([(0, 5), (3, 6)], "begins before 5"),
        ([(0, 99)], "ends at 99, the text at 10"),
        ([(4, 2)], "begins before"),
    ],
)
def test_impossible_blocks_are_explained(blocks: list[tuple[int, int]], message: str) -> None:
    made = tuple(Block(kind="paragraph", start=start, end=end) for start, end in blocks)
    with pytest.raises(InputError, match=message):
        General().chunk(Document(text="0123456789", blocks=made))
