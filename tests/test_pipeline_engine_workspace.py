"""Pipelines of a workspace: imported, published, run into a knowledge base, and looked back at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_files import (
    Content,
    dsl,
    edge,
    entrance,
    field,
    knowledge_index,
    node,
    pipeline,
    tool,
    two_entrances,
)

from knowledge import KnowledgeBase, Workspace
from knowledge.cli import main
from knowledge.errors import AlreadyExists, BrokenPipeline, InputError, NotFound
from knowledge.pipeline import history, publishing
from knowledge.pipeline.checking import problems
from knowledge.pipeline.dsl import Pipeline, pipeline_of, read_pipeline, write_pipeline
from knowledge.pipeline.files import File
from knowledge.pipeline.filling import Filling
from knowledge.pipeline.history import ENTRIES_LIMIT, TEXT_LIMIT, shortened
from knowledge.pipeline.masking import MASK, masked
from knowledge.pipeline.node_types import FILE_FIELDS
from knowledge.pipeline.sources import source_of
from knowledge.pipeline.stored_templates import add_template, remove_template, template, templates

LEAVE = "# 休假\n\n" + "员工入职满一年后，每年享有十天带薪年假。\n\n" * 12 + "病假需要医院证明。\n"


def _simple(text: str = "{{#2.text#}}", **retrieval: Any) -> Content:
    """entrance 1 → extractor 2 → general chunker 3 → knowledge-index 4, economy."""
    return pipeline(
        [
            entrance("1", title="File"),
            node("2", "document-extractor", "Words", variable_selector=["1", "file"]),
            tool("3", "general_chunker", "Chunks", input_variable=text, delimiter="{{#rag.shared.delimiter#}}",
                 max_chunk_length=60, chunk_overlap_length=0),
            knowledge_index("4", ["3", "result"], **retrieval),
        ],
        [edge("1", "2"), edge("2", "3"), edge("3", "4")],
        [field("delimiter", default="\\n\\n")],
        name="simple",
    )  # fmt: skip


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "leave.md").write_text(LEAVE, encoding="utf-8")
    (folder / "parts.csv").write_text("code,name\nPPR-9087,brass valve\n", encoding="utf-8")
    return folder


def _published(workspace: Workspace, name: str, content: Content) -> KnowledgeBase:
    kb = publishing.import_pipeline(workspace, name, pipeline_of(content), embedding=None)
    publishing.publish(workspace, name)
    return kb


def _fill(workspace: Workspace, kb: KnowledgeBase, drawn: Pipeline, path: Path, **options: Any) -> list[str]:
    """Runs the pipeline on a file or folder; returns the status of each run."""
    filling = Filling(pipeline=drawn, kb=kb, workspace=workspace, **options)
    return [one.run.status for one in filling.runs([source_of(str(path))])]


def _chunks(kb: KnowledgeBase) -> dict[str, list[tuple[str, list[str]]]]:
    return {
        record.key: [
            (chunk.content, [child.content for child in chunk.children]) for chunk in kb.chunks(record.key)
        ]
        for record in kb.documents()
    }


def test_exported_and_imported_again_it_makes_the_same_chunks(workspace: Workspace, files: Path) -> None:
    first = read_pipeline(dsl(two_entrances()))
    kb = publishing.import_pipeline(workspace, "first", first, embedding="hash:32")
    publishing.publish(workspace, "first")
    assert _fill(workspace, kb, first, files) == ["succeeded", "succeeded"]
    exported = write_pipeline(publishing.draft(workspace.store, kb).pipeline)
    second = read_pipeline(exported)
    assert second == first
    other = publishing.import_pipeline(workspace, "second", second, embedding="hash:32")
    assert _fill(workspace, other, second, files) == ["succeeded", "succeeded"]
    chunks = _chunks(kb)
    assert _chunks(other) == chunks
    parents = chunks["leave.md"]
    assert len(parents) > 1
    assert all(len(parent) <= 200 and children for parent, children in parents)
    assert all(child in parent and len(child) <= 100 for parent, children in parents for child in children)
    assert kb.search("病假需要医院证明")[0].document.key == "leave.md"
    assert kb.search("brass valve")[0].document.key == "parts.csv"


def test_the_knowledge_base_is_what_the_knowledge_index_node_says(workspace: Workspace) -> None:
    kb = publishing.import_pipeline(workspace, "made", pipeline_of(two_entrances()), embedding="hash:32")
    assert (kb.record.structure, kb.record.indexing) == ("parent-child", "high_quality")
    assert kb.settings["top_k"] == 5
    publishing.publish(workspace, "made")
    assert {name: kb.settings[name] for name in ("mode", "top_k", "threshold")} == {
        "mode": "hybrid",
        "top_k": 4,
        "threshold": None,
    }


def test_settings_of_searching_are_taken_over_as_far_as_they_are_switched_on(workspace: Workspace) -> None:
    weights = {"vector_setting": {"vector_weight": 0.7}, "keyword_setting": {"keyword_weight": 0.3}}
    drawn = pipeline_of(
        _simple(
            search_method="hybrid_search", score_threshold=0.4, score_threshold_enabled=True, weights=weights
        )
    )
    assert publishing.search_settings(drawn, "high_quality") == {
        "mode": "hybrid",
        "top_k": 3,
        "threshold": 0.4,
        "vector_weight": 0.7,
    }
    assert publishing.search_settings(drawn, "economy")["mode"] is None


def test_every_term_is_indexed_whatever_number_of_keywords_dify_wrote(
    workspace: Workspace, files: Path
) -> None:
    content = _simple()
    content["workflow"]["graph"]["nodes"][3]["data"]["keyword_number"] = 1
    kb = _published(workspace, "kb", content)
    _fill(workspace, kb, pipeline_of(content), files / "parts.csv")
    for word in ("code", "brass", "valve", "PPR-9087"):
        assert len(kb.search(word)) == 1
    assert any(
        "the pipeline names 1 keywords" in line for line in publishing.remarks(pipeline_of(content), None)
    )


def test_structure_and_indexing_of_a_knowledge_base_stay(workspace: Workspace) -> None:
    _published(workspace, "kept", _simple())
    with pytest.raises(InputError, match="'kept' has structure 'general', the pipeline makes 'parent-child'"):
        publishing.import_pipeline(workspace, "kept", pipeline_of(two_entrances()))
    high = _simple()
    high["workflow"]["graph"]["nodes"][3]["data"]["indexing_technique"] = "high_quality"
    with pytest.raises(InputError, match="has indexing 'economy', the pipeline makes 'high_quality'"):
        publishing.import_pipeline(workspace, "kept", pipeline_of(high))


def test_drafts_and_published_versions(workspace: Workspace) -> None:
    kb = publishing.import_pipeline(workspace, "kb", pipeline_of(_simple()))
    with pytest.raises(
        NotFound, match="has no published pipeline; do it with: knowledge pipeline publish kb"
    ):
        publishing.published(workspace.store, kb)
    assert publishing.publish(workspace, "kb").number == 1
    publishing.import_pipeline(workspace, "kb", pipeline_of(_simple(top_k=7)))
    assert (
        publishing.search_settings(publishing.published(workspace.store, kb).pipeline, "economy")["top_k"]
        == 3
    )
    assert publishing.publish(workspace, "kb").number == 2
    assert kb.settings["top_k"] == 7


def test_a_draft_may_be_unfinished_but_is_not_published(workspace: Workspace) -> None:
    content = _simple("")
    publishing.import_pipeline(workspace, "kb", pipeline_of(content))
    with pytest.raises(BrokenPipeline, match=r"tool_parameters\.input_variable: nothing was given"):
        publishing.publish(workspace, "kb")
    content["workflow"]["graph"]["nodes"].pop()
    with pytest.raises(BrokenPipeline, match="0 nodes have the type knowledge-index"):
        publishing.import_pipeline(workspace, "other", pipeline_of(content))
    assert not workspace.has("other")


def test_a_failed_run_leaves_the_document_as_it_was(workspace: Workspace, files: Path) -> None:
    content = _simple()
    kb = _published(workspace, "kb", content)
    drawn = pipeline_of(content)
    file = files / "leave.md"
    assert _fill(workspace, kb, drawn, file) == ["succeeded"]
    before, stored = _chunks(kb), kb.document("leave.md")
    file.write_bytes(b"%PDF-1.7 broken")
    assert _fill(workspace, kb, drawn, file) == ["failed"]
    assert (_chunks(kb), kb.document("leave.md")) == (before, stored)
    assert kb.search("十天带薪年假")[0].document.key == "leave.md"
    last = history.runs(workspace.store, kb.id)[0]
    assert last.status == "failed"
    assert last.error is not None
    assert last.error.startswith("node Words (2): leave.md")
    file.write_text("只有五天年假。", encoding="utf-8")
    assert _fill(workspace, kb, drawn, file) == ["succeeded"]
    assert [chunk.content for chunk in kb.chunks("leave.md")] == ["只有五天年假。"]


def test_one_file_that_fails_stops_no_other(workspace: Workspace, files: Path) -> None:
    (files / "broken.pdf").write_bytes(b"%PDF-1.7 broken")
    content = _simple()
    kb = _published(workspace, "kb", content)
    assert _fill(workspace, kb, pipeline_of(content), files) == ["failed", "succeeded", "succeeded"]
    assert [record.key for record in kb.documents()] == ["leave.md", "parts.csv"]


def test_two_files_of_one_key_are_told(workspace: Workspace, files: Path, tmp_path: Path) -> None:
    (tmp_path / "leave.md").write_text("another", encoding="utf-8")
    content = _simple()
    kb = _published(workspace, "kb", content)
    filling = Filling(pipeline=pipeline_of(content), kb=kb, workspace=workspace)
    done = list(filling.runs([source_of(str(files)), source_of(str(tmp_path / "leave.md"))]))
    assert [one.run.status for one in done] == ["succeeded", "succeeded", "failed"]
    assert "run their common folder, or rename one" in str(done[2].run.error)


def test_a_preview_and_a_single_node_store_nothing(workspace: Workspace, files: Path) -> None:
    content = _simple()
    kb = _published(workspace, "kb", content)
    file = File.of_path(files / "leave.md")
    shown = Filling(pipeline=pipeline_of(content), kb=kb, workspace=workspace, preview=True).run(
        "leave.md", file
    )
    assert shown.run.outputs["chunk_structure"] == "text_model"
    alone = Filling(pipeline=pipeline_of(content), kb=kb, workspace=workspace, until="2").run(
        "leave.md", file
    )
    assert alone.run.outputs == {"text": LEAVE}
    assert [run.node for run in alone.run.nodes] == ["1", "2"]
    assert kb.documents() == []
    assert [one.preview for one in history.runs(workspace.store, kb.id)] == [True, True]


def test_the_inputs_reach_the_nodes_with_their_escapes(workspace: Workspace, files: Path) -> None:
    content = _simple()
    kb = _published(workspace, "kb", content)
    (files / "leave.md").write_text("one;two\n\nthree", encoding="utf-8")

    def contents(**inputs: str) -> list[str]:
        drawn = pipeline_of(content)
        _fill(workspace, kb, drawn, files / "leave.md", inputs=inputs)
        return [chunk.content for chunk in kb.chunks("leave.md")]

    assert [text.strip(";\n") for text in contents(delimiter=";")] == ["one", "two\n\nthree"]
    assert contents(delimiter="\\n\\n") == contents() == contents(delimiter="\\\\n\\\\n")


def test_only_what_changed_is_run_and_what_is_gone_is_removed(workspace: Workspace, files: Path) -> None:
    content = _simple()
    kb = _published(workspace, "kb", content)
    filling = Filling(pipeline=pipeline_of(content), kb=kb, workspace=workspace)
    source = source_of(str(files))
    assert filling.synchronize(source).stored == ("leave.md", "parts.csv")
    assert filling.synchronize(source).unchanged == ("leave.md", "parts.csv")
    (files / "parts.csv").unlink()
    assert filling.synchronize(source).removed == ("parts.csv",)
    assert [record.key for record in kb.documents()] == ["leave.md"]


def _secretive(secret: str) -> Content:
    """With an environment variable of each kind; the secret stands before each chunk."""
    content = _simple("{{#env.PREFIX#}}{{#env.WIKI_TOKEN#}} {{#2.text#}}")
    content["workflow"]["environment_variables"] = [
        {"name": "PREFIX", "value": "token:", "value_type": "string"},
        {"name": "WIKI_TOKEN", "value": secret, "value_type": "secret"},
    ]
    return content


def _stored_chunk(workspace: Workspace, kb: KnowledgeBase, drawn: Pipeline) -> str:
    file = File.of_bytes("a.txt", b"words")
    assert Filling(pipeline=drawn, kb=kb, workspace=workspace).run("a.txt", file).run.error is None
    (chunk,) = kb.chunks("a.txt")
    return chunk.content


def test_secrets_come_from_the_environment(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIKI_TOKEN", "of another program")
    given = pipeline_of(_secretive("s3cret"))
    kb = _published(workspace, "kb", _secretive("s3cret"))
    kept = publishing.published(workspace.store, kb).pipeline
    assert [_stored_chunk(workspace, kb, drawn) for drawn in (given, kept)] == [
        "token:s3cret words",
        "token: words",
    ]
    monkeypatch.setenv("KNOWLEDGE_SECRET_WIKI_TOKEN", "fresh")
    assert [_stored_chunk(workspace, kb, drawn) for drawn in (given, kept)] == ["token:fresh words"] * 2


def test_secrets_are_not_stored(workspace: Workspace) -> None:
    drawn = pipeline_of(_secretive("s3cret"))
    kb = _published(workspace, "kb", _secretive("s3cret"))
    add_template(workspace.store, "ours", drawn)
    kept = [find(workspace.store, kb).pipeline for find in (publishing.draft, publishing.published)]
    for one in [*kept, template("ours", workspace.store).pipeline]:
        assert one == pipeline_of(_secretive(""))
    assert b"s3cret" not in b"".join(path.read_bytes() for path in workspace.folder.glob("*.db*"))


@given(st.text("a ke", max_size=20), st.lists(st.text("ke", min_size=4, max_size=7), min_size=1, max_size=3))
def test_no_text_says_a_secret_when_it_is_masked(text: str, secrets: list[str]) -> None:
    secrets.sort(key=len, reverse=True)
    kept = masked({text: [text, {"in": (text,)}]}, secrets)
    ((name, (one, inside)),) = kept.items()
    assert name == one == inside["in"][0]
    assert all(secret not in one for secret in secrets)
    assert one.count(MASK) == 0 or any(secret in text for secret in secrets)


def test_a_secret_is_masked_as_texts_write_it_and_where_they_cut_it() -> None:
    key = '-----BEGIN "KEY"-----\nMIIEvQ\n' + "x" * 99
    said = [key, json.dumps({"key": key}), repr(key), f"{key!r:.60} is no number", key[:6]]
    assert masked(said, [key]) == [
        MASK,
        f'{{"key": "{MASK}"}}',
        f"'{MASK}'",
        f"'{MASK} is no number",
        key[:6],
    ]


@given(st.text(min_size=4).filter(str.strip))
def test_a_secret_is_masked_in_whatever_form_it_is_written(secret: str) -> None:
    said = secret.encode(errors="replace").decode()
    forms = [
        json.dumps(said),
        json.dumps({"key": said}, ensure_ascii=False),
        json.dumps(json.dumps({"key": said})),
        quote(said, safe=""),
        repr(said),
    ]
    assert all(MASK in masked(form, [said]) for form in forms)


def test_what_only_resembles_a_secret_is_not_masked() -> None:
    hook, told = "https://hooks.example.com/T0/abc", "see https://docs.python.org and https://a.b"
    assert masked([told, f"{hook}?x", hook[:20]], [hook]) == [told, f"{MASK}?x", MASK]
    assert masked(["chunk 1 of 11", "1", 1, 11], ["1"]) == ["chunk 1 of 11", MASK, 1, 11]


def test_numbers_that_are_secrets_and_secrets_that_overlap_are_masked() -> None:
    assert masked({"pin": 12345678, "share": 0.5}, ["12345678"]) == {"pin": MASK, "share": 0.5}
    assert masked("one twothree four", ["one two", "twothree"]) == f"{MASK} four"


def test_the_history_says_no_secret(
    workspace: Workspace, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KNOWLEDGE_SECRET_WIKI_TOKEN", "s3cret")
    kb = _published(workspace, "kb", _secretive(""))
    drawn = publishing.published(workspace.store, kb).pipeline
    inputs = {"delimiter": "s3cret"}
    assert _fill(workspace, kb, drawn, files / "leave.md", inputs=inputs, preview=True) == ["succeeded"]
    failing = _secretive("")
    failing["workflow"]["graph"]["nodes"][2]["data"]["tool_parameters"]["max_chunk_length"] = {
        "type": "mixed",
        "value": "{{#env.WIKI_TOKEN#}}",
    }
    assert _fill(workspace, kb, pipeline_of(failing), files / "leave.md") == ["failed"]
    wrong, good = history.runs(workspace.store, kb.id)
    assert f"max_chunk_length is '{MASK}'" in str(wrong.error)
    assert good.nodes[2]["outputs"]["result"][0].startswith(f"token:{MASK}")
    assert "s3cret" not in f"{wrong}{good}"
    assert b"s3cret" not in b"".join(path.read_bytes() for path in workspace.folder.glob("*.db*"))


def test_the_same_pipeline_with_and_without_its_secrets_reads_once(workspace: Workspace, files: Path) -> None:
    kb = _published(workspace, "kb", _secretive("s3cret"))
    source = source_of(str(files))
    for secret, stored in (("s3cret", 2), ("", 0)):
        filling = Filling(pipeline=pipeline_of(_secretive(secret)), kb=kb, workspace=workspace)
        assert len(filling.synchronize(source).stored) == stored


def test_a_version_that_runs_already_is_not_published_again(workspace: Workspace) -> None:
    for content, number in ((_secretive("s3cret"), 1), (_secretive("s3cret"), 1), (_simple(), 2)):
        kb = publishing.import_and_publish(workspace, "kb", pipeline_of(content))
        assert publishing.published(workspace.store, kb).number == number


def test_the_history_tells_what_every_node_did(workspace: Workspace, files: Path) -> None:
    content = _simple()
    kb = _published(workspace, "kb", content)
    _fill(workspace, kb, pipeline_of(content), files / "leave.md", inputs={"delimiter": "\\n"})
    (run,) = history.runs(workspace.store, kb.id)
    assert (run.document_key, run.status, run.inputs, run.preview) == (
        "leave.md",
        "succeeded",
        {"delimiter": "\\n"},
        False,
    )
    by_title = {node["title"]: node for node in run.nodes}
    assert by_title["File"]["outputs"]["file"]["name"] == "leave.md"
    assert by_title["Words"]["outputs"] == {"text": LEAVE}
    assert by_title["Chunks"]["inputs"] == {"2.text": LEAVE, "rag.shared.delimiter": "\\n"}
    assert all(node["seconds"] >= 0 and node["error"] is None for node in run.nodes)
    assert history.run_of(workspace.store, kb.id, run.id[:8]) == run
    with pytest.raises(NotFound, match="no run has an id that begins with 'zzz'"):
        history.run_of(workspace.store, kb.id, "zzz")


def test_big_values_are_cut_in_the_history() -> None:
    text, entries = "x" * (TEXT_LIMIT + 1), list(range(ENTRIES_LIMIT + 1))
    assert shortened(text) == "x" * TEXT_LIMIT + f"… ({TEXT_LIMIT + 1} characters)"
    assert shortened(entries) == [*range(ENTRIES_LIMIT), f"… ({ENTRIES_LIMIT + 1} entries)"]
    assert shortened({"one": b"abc"}) == {"one": "3 bytes"}
    assert set(shortened(File.of_path(Path(__file__)))) == FILE_FIELDS
    json.dumps(shortened({"file": File.of_path(Path(__file__)), "deep": [[{"a": text}]]}))


def test_templates_of_the_program_have_no_problems() -> None:
    assert len(templates()) == 7
    for one in templates():
        assert problems(one.pipeline) == [], one.name


def test_a_pipeline_can_be_kept_as_a_template(workspace: Workspace) -> None:
    drawn = pipeline_of(_simple())
    add_template(workspace.store, "ours", drawn)
    assert template("ours", workspace.store).pipeline == drawn
    with pytest.raises(AlreadyExists, match="a template 'ours' exists already"):
        add_template(workspace.store, "ours", drawn)
    remove_template(workspace.store, "ours")
    with pytest.raises(NotFound, match="no template 'ours'; there are: complex-pdf"):
        template("ours", workspace.store)


# The command line


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KNOWLEDGE_WORKSPACE", str(tmp_path / "w"))
    (tmp_path / "simple.yml").write_text(dsl(_simple()), encoding="utf-8")
    return tmp_path


def _told(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> Any:
    """What the command says as JSON."""
    assert main(["pipeline", *map(str, arguments), "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_a_dsl_file_runs_with_one_command(
    place: Path, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = _told(capsys, "run", place / "simple.yml", files, "--kb", "kb", "--input", "delimiter=\\n")
    assert [(one["key"], one["status"]) for one in told["runs"]] == [
        ("leave.md", "succeeded"),
        ("parts.csv", "succeeded"),
    ]
    assert main(["search", "病假", "--kb", "kb", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["hits"][0]["document"]["key"] == "leave.md"
    listed = _told(capsys, "history", "kb")["runs"]
    assert [one["document"] for one in listed] == ["parts.csv", "leave.md"]
    one = _told(capsys, "history", "kb", listed[0]["id"])["runs"][0]
    assert [node["node"] for node in one["nodes"]] == ["1", "2", "3", "4"]


def test_import_publish_run_and_export(place: Path, files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _told(capsys, "import", place / "simple.yml", "--kb", "kb")["problems"] == []
    refused = _told(capsys, "run", "kb", files, code=1)
    assert "knowledge pipeline publish kb" in refused["error"]["message"]
    shown = _told(capsys, "run", "kb", files / "parts.csv", "--preview")["runs"][0]
    assert "brass valve" in shown["outputs"]["preview"][0]["content"]
    text = _told(capsys, "run", "kb", files / "leave.md", "--node", "2")["runs"][0]["outputs"]["text"]
    assert text == LEAVE
    assert _told(capsys, "publish", "kb", "--template", "ours")["version"] == 1
    assert _told(capsys, "run", "kb", files, "--sync")["sources"][0]["stored"] == ["leave.md", "parts.csv"]
    assert read_pipeline(_told(capsys, "export", "kb")["dsl"]) == pipeline_of(_simple())
    assert "ours" in [one["name"] for one in _told(capsys, "templates")["templates"]]
    assert _told(capsys, "import", "ours", "--kb", "other")["knowledge_base"] == "other"


def test_check_lists_all_problems(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _told(capsys, "check", place / "simple.yml")["problems"] == []
    (place / "broken.yml").write_text(dsl(_simple("{{#9.text#}}", top_k=0)), encoding="utf-8")
    assert len(_told(capsys, "check", place / "broken.yml", code=1)["problems"]) == 2
    assert main(["pipeline", "check", str(place / "broken.yml")]) == 1
    assert capsys.readouterr().out.splitlines() == problems(
        read_pipeline((place / "broken.yml").read_text(encoding="utf-8"))
    )
    missing = _told(capsys, "check", "nothing.yml", code=1)["error"]["message"]
    assert missing.startswith("no file and no template 'nothing.yml'; the templates are: complex-pdf")


def test_what_a_person_reads(place: Path, files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*arguments: object) -> str:
        assert main(["pipeline", *map(str, arguments)]) == 0
        return capsys.readouterr().out

    assert said("check", place / "simple.yml") == "simple: no problems\n"
    assert said("import", place / "simple.yml", "--kb", "kb").startswith(
        "simple is the draft of kb (general, economy)"
    )
    assert said("publish", "kb") == (
        "published simple as version 1 of kb\nsettings of kb from now on: top_k 3\n"
    )
    assert said("run", "kb", files).startswith("succeeded leave.md in ")
    assert '"content"' in said("run", "kb", files / "leave.md", "--preview")
    assert "parts.csv" in said("history", "kb")
    run_id = said("history", "kb").splitlines()[1].split()[0]
    assert "Chunks (tool:general_chunker 3): succeeded" in said("history", "kb", run_id)
    assert said("templates").startswith("NAME")
    assert read_pipeline(said("export", "kb", "--published")) == pipeline_of(_simple())


def _error(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What the command says in one line when it cannot begin."""
    assert main(["pipeline", *map(str, arguments), "--json"]) in (1, 2)
    message = str(json.loads(capsys.readouterr().out)["error"]["message"])
    assert len(message.splitlines()) == 1
    return message


def test_a_broken_file_makes_nothing_and_runs_when_it_is_mended(
    place: Path, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = place / "drawn.yml"
    file.write_text(dsl(_simple("{{#9.text#}}")), encoding="utf-8")
    assert "there is no node '9'" in _error(capsys, "run", file, files, "--kb", "kb")
    assert not (place / "w").exists()
    file.write_text(dsl(_simple()), encoding="utf-8")
    assert len(_told(capsys, "run", file, files, "--kb", "kb")["runs"]) == 2
    assert len(_told(capsys, "run", "kb", files)["runs"]) == 2


def test_a_file_becomes_the_pipeline_of_a_base_that_has_none_or_another(
    place: Path, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _told(capsys, "import", "general-mode", "--kb", "kb")
    for top_k in (3, 7):
        (place / "simple.yml").write_text(dsl(_simple(top_k=top_k)), encoding="utf-8")
        _told(capsys, "run", place / "simple.yml", files, "--kb", "kb")
        published = read_pipeline(_told(capsys, "export", "kb", "--published")["dsl"])
        assert published == pipeline_of(_simple(top_k=top_k))


def test_run_takes_a_template_and_tells_what_there_is(
    place: Path, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for known in ("none", "kb"):
        said = _error(capsys, "run", "general-moed", files, "--kb", "kb")
        assert said.startswith("no file, no knowledge base and no template 'general-moed'; ")
        assert f"the knowledge bases are: {known}; the templates are: complex-pdf" in said
        _told(capsys, "run", "general-mode", files, "--kb", "kb", "--input", "Maximum_Chunk_Length=500")
    shown = _told(capsys, "run", "general-mode", files / "leave.md", "--preview")["runs"][0]
    assert shown["outputs"]["chunk_structure"] == "text_model"
    shown = _told(capsys, "run", "general-mode", files / "leave.md", "--preview", "--kb", "unmade")["runs"][0]
    assert shown["outputs"]["chunk_structure"] == "text_model"
    assert "name one to fill with --kb" in _error(capsys, "run", "general-mode", files)


def test_sync_of_two_folders_replaces_nothing(
    place: Path, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "more").mkdir()
    (place / "more" / "leave.md").write_text("no leave")
    command = ("run", place / "simple.yml", files, place / "more", "--kb", "kb", "--sync")
    first, second = _told(capsys, *command, code=1)["sources"]
    assert (first["stored"], second["stored"]) == (["leave.md", "parts.csv"], [])
    assert second["failed"]["leave.md"].startswith(f"it would replace the document of {files}")


def test_missing_secrets_are_remarks_and_no_export_has_them(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIKI_TOKEN", "of another program")
    (place / "simple.yml").write_text(dsl(_secretive("s3cret")), encoding="utf-8")
    for command in (("check", place / "simple.yml"), ("import", place / "simple.yml", "--kb", "kb")):
        assert any("the secret WIKI_TOKEN is not kept" in line for line in _told(capsys, *command)["remarks"])
    assert "s3cret" not in _told(capsys, "export", "kb")["dsl"]
    assert main(["pipeline", "check", str(place / "simple.yml")]) == 0
    assert "environment variable KNOWLEDGE_SECRET_WIKI_TOKEN" in capsys.readouterr().err
    monkeypatch.setenv("KNOWLEDGE_SECRET_WIKI_TOKEN", "k9")
    remarks = _told(capsys, "check", place / "simple.yml")["remarks"]
    assert [line for line in remarks if "WIKI_TOKEN" in line] == [
        "the secret WIKI_TOKEN is read from the environment variable KNOWLEDGE_SECRET_WIKI_TOKEN",
        "the secret WIKI_TOKEN has fewer than 4 characters, so it is not masked within longer texts",
    ]


@pytest.mark.parametrize("options", [(), ("--json",), ("--sync",), ("--sync", "--json"), ("--preview",)])
def test_no_output_of_a_run_says_a_secret(
    options: tuple[str, ...],
    place: Path,
    files: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KNOWLEDGE_SECRET_WIKI_TOKEN", "s3cret")
    failing = _secretive("")
    failing["workflow"]["graph"]["nodes"][2]["data"]["tool_parameters"]["max_chunk_length"] = {
        "type": "mixed",
        "value": "{{#env.WIKI_TOKEN#}}",
    }
    told = ""
    for name, content, code in (("good", _secretive(""), 0), ("failing", failing, 1)):
        (place / f"{name}.yml").write_text(dsl(content), encoding="utf-8")
        command = ["pipeline", "run", str(place / f"{name}.yml"), str(files / "leave.md"), "--kb", name]
        assert main([*command, *options]) == code
        out, err = capsys.readouterr()
        told += out + err
    assert "is read from the environment variable KNOWLEDGE_SECRET_WIKI_TOKEN" in told
    assert MASK in told
    assert "s3cret" not in told


def test_a_path_that_is_not_there_makes_no_knowledge_base(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "no file or folder" in _error(capsys, "run", place / "simple.yml", place / "dosc", "--kb", "new")
    assert not (place / "w").exists()


def test_a_draft_with_problems_in_its_retrieval_is_kept_and_makes_none(
    place: Path, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = _simple()
    content["workflow"]["graph"]["nodes"][-1]["data"]["retrieval_model"] = "hybrid"
    (place / "odd.yml").write_text(dsl(content), encoding="utf-8")
    assert "retrieval_model" in _error(capsys, "run", place / "odd.yml", files, "--kb", "kb")
    told = _told(capsys, "import", place / "odd.yml", "--kb", "kb")
    assert any("retrieval_model: 'hybrid' was given" in line for line in told["problems"])


def test_a_template_whose_name_is_taken_is_told_before_publishing(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _told(capsys, "import", place / "simple.yml", "--kb", "kb")
    assert "exists already" in _error(capsys, "publish", "kb", "--template", "general-mode")
    assert "has no published pipeline" in _error(capsys, "export", "kb", "--published")


def test_templates_are_taken_away(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _told(capsys, "import", place / "simple.yml", "--kb", "kb")
    _told(capsys, "publish", "kb", "--template", "ours")
    assert _told(capsys, "templates", "--remove", "ours") == {"removed": "ours"}
    assert "ours" not in [one["name"] for one in _told(capsys, "templates")["templates"]]
    assert "the workspace has no template 'ours'" in _error(capsys, "templates", "--remove", "ours")


def test_a_bearer_token_comes_from_a_variable(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WIKI_TOKEN", raising=False)
    url = "https://ann:pa55@example.com/a?key=s3cret"
    (run,) = _told(
        capsys, "run", place / "simple.yml", url, "--preview", "--api-key-env", "WIKI_TOKEN", code=1
    )["runs"]
    assert "the environment variable WIKI_TOKEN is empty" in run["error"]
    assert run["key"].startswith("https://example.com/a#")
