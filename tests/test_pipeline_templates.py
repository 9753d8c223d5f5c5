"""The built-in templates: seven pipelines that run as they are."""

from __future__ import annotations

from typing import Any

import pytest

from knowledge import KnowledgeBase, Workspace
from knowledge.demo import SAMPLES
from knowledge.pipeline.checking import problems
from knowledge.pipeline.dsl import read_pipeline, write_pipeline
from knowledge.pipeline.files import File
from knowledge.pipeline.filling import DocumentRun, Filling
from knowledge.pipeline.form_schema import form_schemas
from knowledge.pipeline.forms import filled_form
from knowledge.pipeline.node_types import ENTRANCE
from knowledge.pipeline.nodes.structures import STRUCTURES
from knowledge.pipeline.publishing import import_pipeline, publish
from knowledge.pipeline.stored_templates import template, templates
from tests.pipeline_models import answering

DOCUMENTS = SAMPLES / "documents"
SETTINGS = {
    "complex-pdf": ("hierarchical_model", "high_quality", "hybrid_search"),
    "contextual-enrichment": ("hierarchical_model", "high_quality", "hybrid_search"),
    "convert-to-markdown": ("hierarchical_model", "high_quality", "hybrid_search"),
    "general-mode": ("text_model", "economy", "keyword_search"),
    "llm-generated-qa": ("qa_model", "high_quality", "semantic_search"),
    "parent-child": ("hierarchical_model", "high_quality", "hybrid_search"),
    "simple-qa": ("qa_model", "high_quality", "semantic_search"),
}
"""Chunk structure, indexing and search, as Dify's documentation has them."""
NOTES = "- Price list: the probe LT-500 costs 1,280 euros."
TABLE = (
    "| Index | Question | Answer |\n|---|---|---|\n| 1 | How many days of leave are there? | Ten days. |\n"
)


def filled(
    workspace: Workspace,
    name: str,
    files: list[tuple[str, File]],
    *,
    inputs: Any = None,
    llm: str | None = None,
) -> tuple[KnowledgeBase, list[DocumentRun]]:
    """A knowledge base made by a template, and its runs, all of which succeeded."""
    pipeline = template(name).pipeline
    embedding = None if SETTINGS[name][1] == "economy" else "hash:16"
    kb = import_pipeline(workspace, name, pipeline, embedding=embedding)
    publish(workspace, name)
    filling = Filling(pipeline=pipeline, kb=kb, workspace=workspace, inputs=inputs or {}, llm=llm)
    runs = [filling.run(key, file) for key, file in files]
    assert [one.run.error for one in runs] == [None] * len(files)
    return kb, runs


def samples(*names: str) -> list[tuple[str, File]]:
    return [(name, File.of_path(DOCUMENTS / name)) for name in names]


def test_the_seven_templates_are_there_and_whole() -> None:
    assert [one.name for one in templates()] == sorted(SETTINGS)
    for one in templates():
        assert problems(one.pipeline) == []
        (store,) = one.pipeline.of_type("knowledge-index")
        data = store.data
        found = (
            data["chunk_structure"],
            data["indexing_technique"],
            data["retrieval_model"]["search_method"],
        )
        assert found == SETTINGS[one.name]
        assert one.pipeline.description


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_a_template_is_exported_as_it_is(name: str) -> None:
    pipeline = template(name).pipeline
    assert read_pipeline(write_pipeline(pipeline)) == pipeline


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_no_field_of_a_template_must_be_filled_in(name: str) -> None:
    pipeline = template(name).pipeline
    schemas = form_schemas(pipeline)
    for entrance in pipeline.of_type(ENTRANCE):
        assert filled_form(pipeline.inputs, entrance.id, {})
        assert schemas[entrance.id]["required"] == []


def test_general_mode_reads_every_sample(workspace: Workspace) -> None:
    kb, runs = filled(workspace, "general-mode", samples(*(path.name for path in DOCUMENTS.iterdir())))
    assert len(runs) == len(list(DOCUMENTS.iterdir()))
    assert (kb.record.structure, kb.record.indexing) == (STRUCTURES["text_model"], "economy")
    (hit, *_) = kb.search("LT-500 校准")
    assert hit.document.name == "水质记录仪用户手册.md"
    assert hit.chunk.headings


def test_the_branch_of_a_file_is_that_of_its_type(workspace: Workspace) -> None:
    files = [
        ("a.md", File.of_bytes("a.md", b"# A\n\nText.")),
        ("a.xml", File.of_bytes("a.xml", b"<a>Text.</a>")),
    ]
    _, (markdown, xml) = filled(workspace, "general-mode", files)
    for one, extractor in ((markdown, "plugin_extractor"), (xml, "document_extractor")):
        ran = {node.node for node in one.run.nodes if node.status == "succeeded"}
        assert ran & {"plugin_extractor", "document_extractor"} == {extractor}


def test_inputs_change_how_a_document_is_cut(workspace: Workspace) -> None:
    text = "\n\n".join("word " * 12 for _ in range(4))
    files = [("a.txt", File.of_bytes("a.txt", text.encode()))]
    kb, _ = filled(
        workspace, "general-mode", files, inputs={"Maximum_Chunk_Length": "60", "Chunk_Overlap": "0"}
    )
    assert len(kb.chunks("a.txt")) == 4


def test_parents_are_found_by_their_children(workspace: Workspace) -> None:
    kb, _ = filled(workspace, "parent-child", samples("员工手册.pdf", "水质记录仪用户手册.md"))
    (hit, *_) = kb.search("年假", mode="full-text")
    assert hit.document.name == "员工手册.pdf"
    assert hit.children
    assert hit.locator.page


def test_a_web_page_has_an_entrance_of_its_own(workspace: Workspace) -> None:
    page = File.of_bytes(
        "page.html", b"<h1>News</h1><p>A long enough piece of news.</p>", url="https://example.com/"
    )
    pipeline = template("parent-child").pipeline
    kb = import_pipeline(workspace, "news", pipeline, embedding="hash:16")
    filling = Filling(pipeline=pipeline, kb=kb, workspace=workspace, entrance="Web page")
    one = filling.run(page.url, page)
    assert one.run.error is None
    assert "A long enough piece of news." in kb.text(page.url)


def test_questions_of_a_table_have_their_answers(workspace: Workspace) -> None:
    kb, _ = filled(workspace, "simple-qa", samples("常见问题.csv"))
    pairs = kb.chunks("常见问题.csv")
    (hit, *_) = kb.search(pairs[0].content, mode="full-text")
    assert (hit.content, hit.answer) == (pairs[0].content, pairs[0].answer)
    assert hit.locator.row == 2


def test_a_pdf_is_cited_by_page(workspace: Workspace) -> None:
    kb, _ = filled(workspace, "complex-pdf", samples("员工手册.pdf"))
    pages = [chunk.locator.page for chunk in kb.chunks("员工手册.pdf")]
    assert pages == sorted(pages, key=lambda page: page or 0)
    assert all(pages)


def test_office_files_keep_their_headings(workspace: Workspace) -> None:
    kb, _ = filled(
        workspace, "convert-to-markdown", samples("it-security-policy.docx", "price-list-2025.xlsx")
    )
    assert any(chunk.headings for chunk in kb.chunks("it-security-policy.docx"))
    assert all(chunk.locator.sheet for chunk in kb.chunks("price-list-2025.xlsx"))


def test_what_a_model_says_of_tables_is_stored_as_generated(workspace: Workspace) -> None:
    prices = (
        "# Prices\n\n| Item | Euros |\n|---|---|\n| LT-500 | 1,280 |\n\n" + "Prices hold for a year. " * 60
    )
    with answering({"LT-500": NOTES}) as server:
        kb, _ = filled(
            workspace,
            "contextual-enrichment",
            [("prices.md", File.of_bytes("prices.md", prices.encode()))],
            inputs={"Maximum_Parent_Length": 600},
            llm=server.spec,
        )
        assert server.requests[0][-1]["content"] == prices
    origins = {NOTES in chunk.content: chunk.origin for chunk in kb.chunks("prices.md")}
    assert origins == {True: "generated", False: "source"}


def test_a_model_writes_questions_that_are_found(workspace: Workspace) -> None:
    with answering({"leave": f"Here they are:\n\n{TABLE}"}) as server:
        kb, _ = filled(
            workspace,
            "llm-generated-qa",
            [("leave.txt", File.of_bytes("leave.txt", b"There are ten days of leave."))],
            llm=server.spec,
        )
    (hit, *_) = kb.search("How many days of leave?", mode="full-text")
    assert (hit.content, hit.answer) == ("How many days of leave are there?", "Ten days.")
    assert hit.chunk.origin == "generated"


def test_without_a_model_the_run_fails_and_says_how_to_name_one(workspace: Workspace) -> None:
    pipeline = template("llm-generated-qa").pipeline
    kb = import_pipeline(workspace, "faq", pipeline, embedding="hash:16")
    one = Filling(pipeline=pipeline, kb=kb, workspace=workspace).run("a.txt", File.of_bytes("a.txt", b"text"))
    assert one.run.status == "failed"
    assert "--llm" in str(one.run.error)
