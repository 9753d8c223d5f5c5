"""Hits for a language model: one text that fits, answers of pairs, neighbours, and Dify's list."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge import KnowledgeBase, Workspace
from knowledge.contexts import CUT, LEAST, context, estimated_tokens, shown
from knowledge.errors import InputError
from knowledge.types import (
    ChunkRef,
    Document,
    DocumentRef,
    Hit,
    Hits,
    KnowledgeBaseRef,
    Locator,
)
from retrieval import as_dify_result

FAQ = "Q: How long is the warranty?\nA: Two years.\n\nQ: Who pays the return?\nA: The buyer does.\n"


def hit(content: str, name: str = "a.txt", highlights: tuple[tuple[int, int], ...] = ()) -> Hit:
    return Hit(
        score=0.5,
        content=content,
        context="",
        knowledge_base=KnowledgeBaseRef(id="kb", name="books"),
        document=DocumentRef(id="d", key=name, name=name, metadata={"year": 2024.0, "tags": ("a", "b")}),
        chunk=ChunkRef(id="c", position=3, start=0, end=len(content)),
        locator=Locator(page=2),
        highlights=highlights,
    )


def hits(*contents: str) -> Hits:
    return Hits("q", "full-text", tuple(map(hit, contents)), True)


SENTENCES = st.lists(
    st.sampled_from(["The crane lifts. ", "年假二十天。", "A b c d e f. ", "x" * 40]), min_size=1
)
CONTENTS = SENTENCES.map("".join).filter(str.strip)


@given(st.lists(CONTENTS, max_size=6), st.integers(1, 400))
@settings(deadline=None)
def test_it_never_takes_more_tokens_than_allowed_and_counts_every_hit(contents: list[str], room: int) -> None:
    found = hits(*contents)
    made = context(found, room)
    assert made.tokens == estimated_tokens(made.text) <= room or not made.hits
    assert len(made.hits) + made.left_out == len(contents)
    assert made.hits == found.hits[: len(made.hits)]
    for whole in made.hits[: len(made.hits) - made.cut]:
        assert shown(whole) in made.text


def test_each_passage_stands_under_its_place() -> None:
    made = context(hits("first", "second"), 100)
    assert made.text == "[1] a.txt · page 2\nfirst\n\n[2] a.txt · page 2\nsecond"


def test_the_last_passage_is_cut_around_what_answers() -> None:
    text = "Before it all. " * 40 + "The answer is here. " + "After it all. " * 40
    at = text.index("The answer")
    found = Hits("q", "full-text", (hit(text, highlights=((at, at + 10),)),), True)
    made = context(found, LEAST + 20)
    assert made.cut == 1
    assert "The answer is here." in made.text
    assert made.text.endswith(CUT)
    assert f"\n{CUT}Before it all." in made.text


def test_nothing_found_is_an_empty_text() -> None:
    assert context(hits(), 100).text == ""


def test_a_tokenizer_of_ones_own_counts() -> None:
    made = context(hits("one two three", "four"), 8, count=lambda text: len(text.split()))
    assert (len(made.hits), made.left_out, made.tokens) == (
        1,
        1,
        len("[1] a.txt · page 2 one two three".split()),
    )


@pytest.fixture
def faq(tmp_path: Path) -> Iterator[KnowledgeBase]:
    with Workspace(tmp_path / "workspace") as workspace:
        kb = workspace.create("faq", structure="qa", embedding="hash:32")
        kb.ingest(Document(name="faq.txt", text=FAQ))
        yield kb


def test_a_question_that_is_known_has_its_answer(faq: KnowledgeBase) -> None:
    found = faq.answer("How long is the warranty?", threshold=0.3)
    assert found is not None
    assert found.answer == "Two years."
    assert faq.answer("zebra stripes", threshold=0.9) is None


def test_answers_are_of_question_answer_bases(tmp_path: Path) -> None:
    with Workspace(tmp_path) as workspace, pytest.raises(InputError, match="has no answers"):
        workspace.create("plain").answer("anything")


def test_the_passages_around_a_hit(tmp_path: Path) -> None:
    lines = "".join(f"We saw {word} and nothing else at all today.\n" for word in WORDS)
    with Workspace(tmp_path) as workspace:
        kb = workspace.create("lines", max_length=50, overlap=0)
        kb.ingest(Document(name="a.txt", text=lines))
        found = kb.search("cranes")[0]
        assert [chunk.position for chunk in kb.neighbours(found)] == [1, 3]
        assert [chunk.position for chunk in kb.neighbours(found, before=5, after=0)] == [0, 1]


WORDS = "anchors boats cranes docks".split()


def test_a_context_of_a_search(tmp_path: Path) -> None:
    with Workspace(tmp_path) as workspace:
        kb = workspace.create("port")
        kb.ingest(Document(name="a.txt", text="Harbour cranes lift containers."))
        assert (
            kb.context("cranes", max_tokens=50).text == "[1] a.txt · line 1\nHarbour cranes lift containers."
        )
        assert kb.context("zebra", max_tokens=50).text == ""
        with pytest.raises(InputError, match="allowed: a whole number from 1"):
            kb.context("cranes", max_tokens=0)


def test_the_list_of_the_retrieval_node() -> None:
    (entry,) = as_dify_result([hit("text")])
    assert (entry["content"], entry["title"]) == ("text", "a.txt")
    metadata = entry["metadata"]
    assert (metadata["_source"], metadata["dataset_name"], metadata["score"]) == ("knowledge", "books", 0.5)
    assert (metadata["segment_position"], metadata["position"]) == (4, 1)
    assert metadata["doc_metadata"] == {"year": 2024.0, "tags": ["a", "b"]}
