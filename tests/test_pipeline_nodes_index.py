"""Nodes of pipelines that work on knowledge bases: the one that fills them, and the one that searches."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge import Workspace
from knowledge.errors import InputError, NotFound
from knowledge.pipeline.files import File, read_document
from knowledge.pipeline.nodes import general_chunker, knowledge_index, knowledge_retrieval, qa_chunker
from knowledge.pipeline.nodes.parent_child_chunker import parent_child_chunks
from knowledge.pipeline.nodes.placing import placed
from knowledge.pipeline.nodes.structures import Piece, preview, read_pieces
from knowledge.pipeline.tools import DocumentContext, Tools
from knowledge.pipeline.variables import Values
from knowledge.types import Document

GUIDE = "# Leave\n\nTen days a year, see  https://hr.example/leave.\n\n## Sick leave\n\nA certificate is needed.\n"
FAQ = 'Question,Answer\nHow long?,"Ten days\nor more"\nWho pays | when?,The company\n'
NODE = {"chunk_structure": "text_model", "index_chunk_variable_selector": ["chunker", "result"]}
PAIRS = {"qa_chunks": [{"question": "How long?", "answer": "Ten days"}]}


def node(structure: str) -> dict[str, Any]:
    return {**NODE, "chunk_structure": structure}


def values(result: Any, file: File | None = None) -> Values:
    return Values({"chunker": {"result": result}, "entrance": {"file": file}, "sys": {"batch": "b1"}})


def tools(workspace: Workspace, name: str, key: str = "guide.md", **more: Any) -> Tools:
    return Tools(
        workspace=workspace,
        knowledge_base=workspace.open(name),
        document=DocumentContext(key=key, name=key, **more),
    )


@given(texts=st.lists(st.text("ab \n年", min_size=1, max_size=8).filter(str.strip), min_size=1, max_size=6))
def test_pieces_are_spans_wherever_they_come_from(texts: list[str]) -> None:
    pieces = [Piece(content=text) for text in texts]
    for sources in ([], [Document(text=" ".join(texts))], [Document(text="something else")]):
        document, chunks = placed(pieces, sources)
        assert [chunk.content for chunk in chunks] == texts
        assert all(document.text[chunk.start : chunk.end] == chunk.content for chunk in chunks)


def test_pieces_of_a_file_have_its_headings_and_lines() -> None:
    source = read_document(File.of_bytes("guide.md", GUIDE.encode()))
    (first, second) = general_chunker.general_chunks(GUIDE, max_chunk_length=70, chunk_overlap_length=0)
    document, chunks = placed([Piece(content=first), Piece(content=second)], [source])
    assert document.text == GUIDE
    assert chunks[1].headings == ("Leave", "Sick leave")
    assert chunks[1].locator.line == GUIDE[: GUIDE.index(second)].count("\n") + 1
    assert {chunk.origin for chunk in chunks} == {"source"}


def test_pieces_of_a_cleaned_file_are_found_in_it() -> None:
    cleaned = general_chunker.general_chunks(
        GUIDE,
        replace_consecutive_spaces_newlines_tabs=True,
        delete_all_urls_and_email_addresses=True,
    )
    document, chunks = placed([Piece(content=text) for text in cleaned], [Document(text=GUIDE)])
    assert "https" not in document.text
    assert [chunk.origin for chunk in chunks] == ["source"] * len(cleaned)


def test_what_a_file_does_not_say_was_generated_and_stands_at_its_end() -> None:
    pieces = [Piece(content="Ten days"), Piece(content="certificate"), Piece(content="A summary.")]
    document, chunks = placed(pieces, [Document(text=GUIDE)])
    assert document.text == f"{GUIDE}\n\nA summary."
    assert [chunk.origin for chunk in chunks] == ["source", "source", "generated"]


def test_a_child_that_its_parent_does_not_say_belongs_to_all_of_it() -> None:
    document, (chunk,) = placed([Piece(content="one two", children=("two", "three"))], [])
    two, three = chunk.children
    assert (two.content, document.text[two.start : two.end], two.origin) == ("two", "two", "source")
    assert (three.content, three.start, three.end, three.origin) == (
        "three",
        chunk.start,
        chunk.end,
        "generated",
    )


@pytest.mark.parametrize(
    ("structure", "result"),
    [
        ("text_model", {"chunks": []}),
        ("text_model", "one text"),
        ("text_model", [1]),
        ("text_model", []),
        ("text_model", [" "]),
        ("hierarchical_model", ["a"]),
        ("hierarchical_model", {"parent_mode": "page", "parent_child_chunks": []}),
        ("hierarchical_model", {"parent_mode": "paragraph", "parent_child_chunks": [{"parent_content": 1}]}),
        ("qa_model", {"qa_chunks": [{"question": "a"}]}),
        ("qa_model", {"qa_chunks": ["a"]}),
        ("graph_model", ["a"]),
    ],
)
def test_a_value_of_another_structure_is_refused(structure: str, result: Any) -> None:
    with pytest.raises(InputError):
        read_pieces(structure, result)


def test_the_previews_are_those_of_dify() -> None:
    assert preview(read_pieces("text_model", ["a", "", "b"])) == {
        "chunk_structure": "text_model",
        "preview": [{"content": "a"}, {"content": "b"}],
        "total_segments": 2,
    }
    assert preview(read_pieces("text_model", {"general_chunks": [{"content": "a", "files": None}]})) == {
        "chunk_structure": "text_model",
        "preview": [{"content": "a"}],
        "total_segments": 1,
    }
    assert preview(read_pieces("hierarchical_model", parent_child_chunks("a b", parent_mode="full_doc"))) == {
        "chunk_structure": "hierarchical_model",
        "parent_mode": "full-doc",
        "preview": [{"content": "a b", "child_chunks": ["a b"]}],
        "total_segments": 1,
    }
    assert preview(read_pieces("qa_model", PAIRS)) == {
        "chunk_structure": "qa_model",
        "qa_preview": PAIRS["qa_chunks"],
        "total_segments": 1,
    }


def test_a_preview_needs_no_knowledge_base_and_a_run_does() -> None:
    shown = knowledge_index.run(NODE, values(["a"]), Tools(preview=True))
    assert shown["preview"] == [{"content": "a"}]
    with pytest.raises(InputError, match="no knowledge base"):
        knowledge_index.run(NODE, values(["a"]), Tools())


def test_chunks_become_a_document_that_is_found(workspace: Workspace) -> None:
    kb = workspace.create("hr")
    file = File.of_bytes("guide.md", GUIDE.encode())
    chunks = general_chunker.general_chunks(GUIDE, max_chunk_length=70, chunk_overlap_length=0)
    outputs = knowledge_index.run(
        NODE, values(chunks, file), tools(workspace, "hr", metadata={"team": "people"})
    )
    record = kb.document("guide.md")
    assert outputs == {
        "dataset_id": kb.id,
        "dataset_name": "hr",
        "batch": "b1",
        "document_id": record.id,
        "document_name": "guide.md",
        "created_at": pytest.approx(record.created_at, abs=60),
        "display_status": "completed",
    }
    assert [chunk.content for chunk in kb.chunks("guide.md")] == chunks
    (hit,) = kb.search("certificate", where="team = people")
    assert hit.chunk.headings == ("Leave", "Sick leave")


def test_other_chunks_replace_the_document_and_the_same_ones_change_nothing(workspace: Workspace) -> None:
    kb = workspace.create("hr")

    def index(*chunks: str) -> str | None:
        knowledge_index.run(NODE, values(list(chunks)), tools(workspace, "hr"))
        return kb.document("guide.md").active_version

    first = index("one apple", "two pears")
    again = index("one apple", "two pears")
    changed = index("one apple", "three plums")
    assert first == again
    assert first != changed
    assert not kb.search("pears").hits
    assert len(kb.search("plums")) == 1
    assert len(kb.documents()) == 1


def test_chunks_that_cannot_be_stored_leave_the_document_as_it_was(workspace: Workspace) -> None:
    kb = workspace.create("hr")
    knowledge_index.run(NODE, values(["one apple"]), tools(workspace, "hr"))
    with pytest.raises(InputError):
        knowledge_index.run(NODE, values([]), tools(workspace, "hr"))
    assert len(kb.search("apple")) == 1


def test_parents_are_found_by_their_children(workspace: Workspace) -> None:
    kb = workspace.create("hr", structure="parent-child", embedding="hash:16")
    result = parent_child_chunks(GUIDE, max_length=70, subchunk_max_length=50)
    knowledge_index.run(node("hierarchical_model"), values(result), tools(workspace, "hr"))
    (hit, *_) = kb.search("certificate", mode="full-text")
    assert hit.children
    assert hit.content in [entry["parent_content"] for entry in result["parent_child_chunks"]]


def test_pairs_are_found_by_their_questions_and_say_their_row(workspace: Workspace) -> None:
    kb = workspace.create("faq", structure="qa", embedding="hash:16")
    file = File.of_bytes("faq.csv", FAQ.encode())
    knowledge_index.run(node("qa_model"), values(qa_chunker.qa_chunks(file), file), tools(workspace, "faq"))
    (hit, *_) = kb.search("How long?", mode="full-text")
    assert (hit.answer, hit.locator.row) == ("Ten days\nor more", 2)
    assert {chunk.origin for chunk in kb.chunks("guide.md")} == {"source"}


def test_a_pair_stands_in_its_own_row_though_another_says_its_words() -> None:
    file = File.of_bytes(
        "faq.csv", b"Question,Answer\nWhat is leave?,See: How long?\nHow long?,Ten days\nHow long?,So\n"
    )
    pairs = read_pieces("qa_model", qa_chunker.qa_chunks(file))
    document, chunks = placed(pairs.pieces, [read_document(file)])
    assert [chunk.locator.row for chunk in chunks] == [2, 3, 4]
    assert [document.text[slice(*(chunk.answer_span or (0, 0)))] for chunk in chunks] == [
        piece.answer for piece in pairs.pieces
    ]


def test_pairs_that_lack_a_half_are_left_out_and_counted(workspace: Workspace) -> None:
    kb = workspace.create("faq", structure="qa", embedding="hash:16")
    pairs = {"qa_chunks": [*PAIRS["qa_chunks"], {"question": "Why?", "answer": " "}]}
    knowledge_index.run(node("qa_model"), values(pairs), tools(workspace, "faq"))
    (warning,) = kb.document("guide.md").warnings
    assert warning.startswith("1 of 2 chunks")


def test_chunks_of_another_structure_than_the_base_are_refused(workspace: Workspace) -> None:
    workspace.create("hr")
    with pytest.raises(InputError, match="general"):
        knowledge_index.run(node("qa_model"), values(PAIRS), tools(workspace, "hr"))


@pytest.mark.parametrize(
    ("name", "suffix"), [("a.png", "png"), ("a.p-n_g", "png"), ("a", "bin"), ("a.图", "bin")]
)
def test_pictures_of_chunks_are_kept(workspace: Workspace, name: str, suffix: str) -> None:
    kb = workspace.create("hr")
    picture = File.of_bytes(name, b"not really a picture")
    chunks = {"general_chunks": [{"content": "see the picture", "files": [picture]}]}
    knowledge_index.run(NODE, values(chunks), tools(workspace, "hr"))
    (kept,) = kb.images("guide.md")
    assert kept.name == f"{hashlib.sha256(picture.read()).hexdigest()}.{suffix}"


def search(**more: Any) -> dict[str, Any]:
    return {"query_variable_selector": ["in", "query"], "dataset_ids": ["one", "two"], **more}


@pytest.fixture
def searched(workspace: Workspace) -> Workspace:
    for name, text in (("one", "apples and pears"), ("two", "apples")):
        workspace.create(name).ingest(Document(text=text, name=f"{name}.txt"), metadata={"from": name})
    return workspace


def test_several_bases_are_searched_as_one(searched: Workspace) -> None:
    query = Values({"in": {"query": "apples"}})
    found = knowledge_retrieval.run(search(), query, Tools(workspace=searched))["result"]
    scores = [entry["metadata"]["score"] for entry in found]
    assert {entry["title"] for entry in found} == {"one.txt", "two.txt"}
    assert scores == sorted(scores, reverse=True)
    assert [entry["metadata"]["position"] for entry in found] == [1, 2]
    best = knowledge_retrieval.run(
        search(multiple_retrieval_config={"top_k": 1}), query, Tools(workspace=searched)
    )
    assert best["result"][0]["content"] == found[0]["content"]
    assert len(best["result"]) == 1


def test_conditions_on_metadata_may_have_variables(searched: Workspace) -> None:
    conditions = {
        "logical_operator": "and",
        "conditions": [{"name": "from", "comparison_operator": "is", "value": "{{#in.base#}}"}],
    }
    found = knowledge_retrieval.run(
        search(metadata_filtering_mode="manual", metadata_filtering_conditions=conditions),
        Values({"in": {"query": "apples", "base": "two"}}),
        Tools(workspace=searched),
    )
    assert [entry["title"] for entry in found["result"]] == ["two.txt"]


@pytest.mark.parametrize("value", [2020, [2020], "2020"])
def test_one_value_is_a_list_of_one(searched: Workspace, value: Any) -> None:
    conditions = {"conditions": [{"name": "from", "comparison_operator": "in", "value": value}]}
    found = knowledge_retrieval.run(
        search(metadata_filtering_mode="manual", metadata_filtering_conditions=conditions),
        Values({"in": {"query": "apples"}}),
        Tools(workspace=searched),
    )
    assert found == {"result": []}


def test_an_empty_question_finds_nothing(searched: Workspace) -> None:
    found = knowledge_retrieval.run(search(), Values({"in": {"query": " "}}), Tools(workspace=searched))
    assert found == {"result": []}


def test_what_cannot_be_searched_is_said(searched: Workspace) -> None:
    query = Values({"in": {"query": "apples"}})
    with pytest.raises(NotFound, match="one, two"):
        knowledge_retrieval.run(search(dataset_ids=["b8f0"]), query, Tools(workspace=searched))
    with pytest.raises(InputError, match="manual"):
        knowledge_retrieval.run(search(metadata_filtering_mode="automatic"), query, Tools(workspace=searched))
    with pytest.raises(InputError, match="workspace"):
        knowledge_retrieval.run(search(), query, Tools())
