"""The parent-child chunker: children lie within their parents and hold all of their text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chunkers import General, ParentChild, without_duplicates
from knowledge.errors import InputError
from knowledge.types import Block, Chunk, Document, Locator

texts = st.lists(
    st.one_of(
        st.sampled_from(
            ("word ", "他说：“好。”", "\n", "\n\n", "x" * 60, "👍🏽", "  ", "==", "A sentence. ")
        ),
        st.text(max_size=10),
    ),
    max_size=60,
).map("".join)


@st.composite
def chunkers(draw: st.DrawFn) -> ParentChild:
    parent = draw(st.sampled_from((60, 200)))
    return ParentChild(
        parent=General(max_length=parent, overlap=draw(st.sampled_from((0, 20)))),
        child=General(
            max_length=draw(st.sampled_from((50, 80))),
            overlap=draw(st.sampled_from((0, 10))),
            merge=draw(st.booleans()),
        ),
        mode=draw(st.sampled_from(("paragraph", "full-doc"))),
        full_doc_length=draw(st.sampled_from((1, 30, 10_000))),
    )


def check_family(text: str, parent: Chunk, chunker: ParentChild) -> None:
    covered = parent.start
    assert text[parent.start : parent.end] == parent.content == parent.content.strip() != ""
    for child in parent.children:
        assert parent.start <= child.start < child.end <= parent.end
        assert text[child.start : child.end] == child.content == child.content.strip()
        assert len(child.content) <= chunker.child.max_length
        assert text[covered : child.start].strip() == ""
        assert child.children == ()
        covered = child.end
    assert covered == parent.end


@settings(max_examples=150, deadline=None)
@given(texts, chunkers())
def test_children_are_spans_that_cover_their_parent(text: str, chunker: ParentChild) -> None:
    parents, warnings = chunker.chunk_with_warnings(text)
    for parent in parents:
        check_family(text, parent, chunker)
    if chunker.mode == "paragraph":
        alone = chunker.parent.chunk(text)
        assert [(parent.start, parent.end) for parent in parents] == [(c.start, c.end) for c in alone]
    else:
        end = parents[0].end if parents else 0
        assert len(parents) == bool(text.strip())
        assert all(len(parent.content) <= chunker.full_doc_length for parent in parents)
        assert bool(warnings) == bool(text[end:].strip())
    assert (parents, warnings) == chunker.chunk_with_warnings(text)


def page(number: int) -> Locator:
    return Locator(page=number)


def test_parents_run_over_page_breaks_and_children_keep_their_pages() -> None:
    first, second = "This sentence stands on page one.", "This sentence stands on page two."
    document = Document(
        text=f"{first}\n{second}",
        blocks=(
            Block(kind="paragraph", start=0, end=33, locator=page(1)),
            Block(kind="paragraph", start=34, end=67, locator=page(2)),
        ),
    )
    (parent,) = ParentChild(child=General(max_length=50, overlap=0)).chunk(document)
    assert parent.content == document.text
    assert parent.locator == Locator(page=1, page_end=2)
    assert [child.content for child in parent.children] == [first, second]
    assert [child.locator for child in parent.children] == [page(1), page(2)]


def test_children_have_the_trail_of_headings() -> None:
    body = "One sentence of the body. " * 10
    document = Document(
        text=f"# Title\n\n{body}",
        blocks=(
            Block(kind="heading", start=0, end=7, level=1),
            Block(kind="paragraph", start=9, end=8 + len(body)),
        ),
    )
    (parent,) = ParentChild(child=General(max_length=60)).chunk(document)
    assert {child.context for child in parent.children} == {"Title"}


def test_a_full_document_is_one_parent_and_says_what_it_cuts_off() -> None:
    text = "\n".join(f"Line {number:04} of the document." for number in range(1000))
    (parent,), warnings = ParentChild(mode="full-doc").chunk_with_warnings(text)
    lines = 10_000 // len("Line 0000 of the document.\n")
    assert parent.content == "\n".join(text.splitlines()[:lines])
    left_out = len(text) - len(parent.content)
    assert warnings == (
        f"the last {left_out} of {len(text)} characters are left out: a full-doc parent holds 10000 (characters);"
        " raise full_doc_length or use mode paragraph",
    )


def test_the_limit_of_a_full_document_counts_what_the_parent_counts() -> None:
    chunker = ParentChild(parent=General(length="words"), mode="full-doc", full_doc_length=7)
    (parent,) = chunker.chunk("one two three four. five six seven eight nine")
    assert parent.content == "one two three four."


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "full_doc"}, "mode must be paragraph or full-doc, got 'full_doc'"),
        ({"full_doc_length": 0}, "full_doc_length must be a whole number from 1 on, got 0"),
    ],
)
def test_wrong_options_are_explained(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        ParentChild(**options)  # type: ignore[arg-type]


def test_repeated_passages_are_removed_and_handed_back() -> None:
    footer = "Confidential — do not  distribute"
    text = f"First page.\n{footer}\nSecond page.\n{footer.upper()}\nFirst page."
    chunks = General(merge=False, overlap=0).chunk(text)
    kept, removed = without_duplicates(chunks)
    assert [chunk.content for chunk in kept] == ["First page.", footer, "Second page."]
    assert [chunk.start for chunk in removed] == [chunks[3].start, chunks[4].start]
