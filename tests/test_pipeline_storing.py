"""Documents of many runs in one commit: none waits for a slow one, none falls with another, all are kept in mind."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa
from embedding_server import fails, running
from fpdf import FPDF
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
)
from pipeline_models import answering

from knowledge import KnowledgeBase, Workspace, schema
from knowledge.cli import main
from knowledge.commit_groups import COMMIT_CHUNKS, commit_groups
from knowledge.errors import InputError, NotFound, OutgoingError
from knowledge.pipeline import history, publishing
from knowledge.pipeline.dsl import pipeline_of
from knowledge.pipeline.files import File
from knowledge.pipeline.filling import DocumentRun, Filling
from knowledge.pipeline.history import RUNS_KEPT
from knowledge.pipeline.nodes.knowledge_index import made_document
from knowledge.pipeline.nodes.structures import read_pieces
from knowledge.pipeline.rendering import show_run
from knowledge.pipeline.running import NodeRun, PipelineRun
from knowledge.pipeline.sources import NOTHING_KNOWN, Entry, Page, source_of
from knowledge.pipeline.storing import Ran, stored
from knowledge.pipeline.tools import DocumentContext
from knowledge.pipeline.variables import Values

KILLS = 4


def drawn(indexing: str = "economy", *, asks: bool = False) -> Content:
    """entrance 1 → extractor 2 (→ model 5) → general chunker 3 → knowledge-index 4."""
    prompt = [{"role": "user", "text": "Summarise: {{#2.text#}}"}]
    model = node("5", "llm", "Model", model={"name": "tiny"}, prompt_template=prompt)
    text = "{{#5.text#}}" if asks else "{{#2.text#}}"
    way = ["1", "2", "5", "3", "4"] if asks else ["1", "2", "3", "4"]
    return pipeline(
        [
            entrance("1", title="File"),
            node("2", "document-extractor", "Words", variable_selector=["1", "file"]),
            *([model] if asks else []),
            tool("3", "general_chunker", "Chunks", input_variable=text, max_chunk_length=["rag", "shared", "length"]),
            knowledge_index("4", ["3", "result"], indexing=indexing),
        ],
        [edge(one, other) for one, other in pairwise(way)],
        [field("length", "number", 400)],
    )  # fmt: skip


def filling(
    workspace: Workspace, content: Content, embedding: str | None = None, **options: object
) -> Filling:
    kb = publishing.import_and_publish(workspace, "kb", pipeline_of(content), embedding=embedding)
    return Filling(pipeline=pipeline_of(content), kb=kb, workspace=workspace, **options)  # type: ignore[arg-type]


def statuses(done: list[DocumentRun]) -> dict[str, str]:
    return {one.key: one.run.status for one in done}


def texts(kb: KnowledgeBase) -> dict[str, str]:
    return {record.key: kb.text(record.key) for record in kb.documents()}


@given(st.lists(st.integers(0, COMMIT_CHUNKS + 10)))
def test_groups_hold_all_in_order_and_end_where_they_are_full(chunks: list[int]) -> None:
    groups = list(commit_groups(iter(chunks), lambda one: one))
    assert [one for group in groups for one in group] == chunks
    assert all(sum(group[:-1]) < COMMIT_CHUNKS for group in groups)


def test_a_group_closes_with_the_chunk_that_fills_it() -> None:
    most = COMMIT_CHUNKS
    assert list(commit_groups(iter([1, most - 1, most, 1]), lambda one: one)) == [[1, most - 1], [most], [1]]


def made(key: str, *chunks: str) -> Ran:
    """A run that ended with a document of these chunks, or of one."""
    pieces = read_pieces("text_model", list(chunks) or [f"words of {key}"])
    store = NodeRun(node="4", title="Store", type="knowledge-index", status="succeeded")
    document = made_document(pieces, DocumentContext(key=key, name=key))
    return Ran(key=key, run=replace(_run("succeeded", 0), nodes=(store,)), document=document)


def test_documents_of_a_group_share_a_commit(workspace: Workspace) -> None:
    kb = workspace.create("kb")
    failed = Ran(key="c.txt", run=_run("failed", 0))
    done = stored(kb, [made("a.txt"), made("b.txt"), failed])
    assert [run.status for run in done] == ["succeeded", "succeeded", "failed"]
    assert texts(kb) == {"a.txt": "words of a.txt", "b.txt": "words of b.txt"}
    with workspace.store.read() as connection:
        assert len(set(connection.execute(sa.select(schema.version.c.created_at)).scalars())) == 1


def test_a_document_that_a_model_was_asked_about_waits_for_no_other(
    workspace: Workspace, folder: Path
) -> None:
    with answering({"": "a summary"}) as server:
        one = filling(workspace, drawn(asks=True), llm=server.spec)
        for number, _ in enumerate(one.runs([source_of(str(folder))]), start=1):
            assert len(workspace.open("kb").documents()) == number


def test_a_model_that_refuses_everything_is_asked_once(workspace: Workspace, folder: Path) -> None:
    with answering({}) as server:
        server.refusals, server.refusal_status = {"messages": "the quota is used up"}, 402
        one = filling(workspace, drawn(asks=True), llm=server.spec)
        done = list(one.runs([source_of(str(folder))]))
        assert statuses(done) == {"leave.md": "failed", "parts.csv": "not-run", "travel.txt": "not-run"}
        assert all("the quota is used up" in str(run.run.error) for run in done)
        assert len(server.bodies) == 1
        assert [run.document_key for run in history.runs(workspace.store, workspace.open("kb").id)] == [
            "leave.md"
        ]
        found = one.synchronize(source_of(str(folder)))
        assert (found.stored, len(found.failed), len(server.bodies)) == ((), 3, 2)


def test_a_refusal_that_the_node_takes_over_ends_nothing(workspace: Workspace, folder: Path) -> None:
    content = drawn(asks=True)
    (model,) = (one["data"] for one in content["workflow"]["graph"]["nodes"] if one["data"]["type"] == "llm")
    model |= {
        "error_strategy": "default-value",
        "default_value": [{"key": "text", "type": "string", "value": "no summary"}],
    }
    with answering({}) as server:
        server.refusals, server.refusal_status = {"messages": "the quota is used up"}, 402
        done = list(filling(workspace, content, llm=server.spec).runs([source_of(str(folder))]))
    assert set(statuses(done).values()) == {"partial-succeeded"}


def test_a_parameter_that_a_server_refuses_is_sent_once_to_it(workspace: Workspace, folder: Path) -> None:
    with answering({"": "a summary"}) as server:
        server.refusals = {"temperature": "'temperature' is not supported"}
        one = filling(workspace, drawn(asks=True), llm=server.spec)
        assert set(statuses(list(one.runs([source_of(str(folder))]))).values()) == {"succeeded"}
        assert ["temperature" in body for body in server.bodies] == [True, False, False, False]


def test_a_model_that_there_is_not_is_told_before_the_first_run(workspace: Workspace, folder: Path) -> None:
    with pytest.raises(InputError, match="nobody"):
        next(filling(workspace, drawn(asks=True), llm="nobody:x").runs([source_of(str(folder))]))


def test_what_is_to_be_told_of_a_document_is_in_its_run(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    (done,) = stored(workspace.create("kb"), [made("a.txt", "words", "")])
    assert done.warnings == ("1 of 2 chunks hold no text, or lack a question or an answer, and are left out",)
    show_run(DocumentRun(key="a.txt", run=done), None, is_preview=False)
    assert capsys.readouterr().err == f"note: a.txt: {done.warnings[0]}\n"


def test_a_text_that_is_refused_fails_its_run_alone_and_the_old_version_stays(
    workspace: Workspace, folder: Path
) -> None:
    with running() as server:
        one = filling(workspace, drawn("high_quality"), f"openai:{server.spec()}")
        source = source_of(str(folder))
        assert set(statuses(list(one.runs([source]))).values()) == {"succeeded"}
        before = texts(workspace.open("kb"))
        (folder / "leave.md").write_text("This is forbidden.")
        (folder / "travel.txt").write_text("Trains only.")
        server.refused = "forbidden"
        done = list(one.runs([source]))
        assert statuses(done) == {"leave.md": "failed", "parts.csv": "succeeded", "travel.txt": "succeeded"}
        failed = done[0].run
        assert failed.error is not None
        assert failed.error.startswith(
            "node knowledge-index 4 (4): chunk 0 at character 0 ('This is forbidden.'"
        )
        assert [one.status for one in failed.nodes] == ["succeeded", "succeeded", "succeeded", "failed"]
        assert history.runs(workspace.store, workspace.open("kb").id, failed=True)[0].error == failed.error
        assert texts(workspace.open("kb")) == {**before, "travel.txt": "Trains only."}
        server.refused = ""
        assert statuses(list(one.runs([source])))["leave.md"] == "succeeded"


def test_a_server_that_refuses_all_fails_every_run_of_the_group(workspace: Workspace, folder: Path) -> None:
    with running() as server:
        one = filling(workspace, drawn("high_quality"), f"openai:{server.spec()}")
        server.answers += [fails(401)] * 3
        done = list(one.runs([source_of(str(folder))]))
    assert set(statuses(done).values()) == {"failed"}
    assert all("answered 401" in str(one.run.error) for one in done)
    assert [record.active_version for record in workspace.open("kb").documents()] == []


class Broken:
    """Two files, then the listing breaks down."""

    id = name = "drive"

    def page(self, cursor: str | None = None, known: Mapping[str, str] = NOTHING_KNOWN) -> Page:
        if cursor is not None:
            raise OutgoingError("the drive does not answer")
        return Page(
            entries=tuple(Entry(key=key, name=key, token="1") for key in ("a.txt", "b.txt")), cursor="2"
        )

    def fetch(self, entry: Entry) -> File:
        return File.of_bytes(entry.name, b"words")


def test_what_was_fetched_before_a_source_broke_down_is_stored(workspace: Workspace) -> None:
    done: list[DocumentRun] = []
    with pytest.raises(OutgoingError):
        done.extend(filling(workspace, drawn()).runs([Broken()]))
    assert list(texts(workspace.open("kb"))) == ["a.txt", "b.txt"]
    with pytest.raises(OutgoingError):
        filling(workspace, drawn()).synchronize(Broken(), progress=done.append)
    assert statuses(done) == {"a.txt": "succeeded", "b.txt": "succeeded"}


def test_runs_are_told_of_while_a_source_is_synchronized(workspace: Workspace, folder: Path) -> None:
    done: list[DocumentRun] = []
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 broken")
    found = filling(workspace, drawn()).synchronize(source_of(str(folder)), progress=done.append)
    assert {one.key for one in done if one.run.error is None} == set(found.stored)
    assert {one.key: one.run.error for one in done if one.run.error} == found.failed


def test_no_model_is_asked_again_about_what_was_stored_before_an_interruption(
    workspace: Workspace, folder: Path
) -> None:
    def interrupt(done: DocumentRun) -> None:
        if done.key == "parts.csv":
            raise KeyboardInterrupt

    with answering({"": "a summary"}) as server:
        one = filling(workspace, drawn(asks=True), llm=server.spec)
        with pytest.raises(KeyboardInterrupt):
            one.synchronize(source_of(str(folder)), progress=interrupt)
        found = one.synchronize(source_of(str(folder)))
        assert (found.unchanged, found.stored) == (("leave.md",), ("parts.csv", "travel.txt"))
        assert len(server.requests) == 2 + 2


def test_the_time_of_a_commit_is_part_of_the_runs(workspace: Workspace, folder: Path) -> None:
    started = time.perf_counter()
    done = list(filling(workspace, drawn()).runs([source_of(str(folder))]))
    assert 0 < sum(one.run.seconds for one in done) <= time.perf_counter() - started
    for one in done:
        assert sum(node.seconds for node in one.run.nodes) <= one.run.seconds


def test_a_form_or_node_that_is_wrong_ends_it_before_the_first_run(
    workspace: Workspace, folder: Path
) -> None:
    source = source_of(str(folder))
    for wrong, told in (
        ({"inputs": {"lenght": 4}}, "no input 'lenght'"),
        ({"until": "9"}, "no node '9'"),
        ({"entrance": "Drive"}, "no entrance 'Drive'"),
    ):
        with pytest.raises(InputError, match=told):
            next(filling(workspace, drawn(), **wrong).runs([source]))
    assert history.runs(workspace.store, workspace.open("kb").id) == []


def test_an_empty_folder_is_told(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFound, match="no files in"):
        list(filling(workspace, drawn()).runs([source_of(str(tmp_path / "empty"))]))


def _run(status: str, started_at: float) -> PipelineRun:
    return PipelineRun(status=status, nodes=(), outputs={}, started_at=started_at)  # type: ignore[arg-type]


def test_failures_stay_in_the_history_beside_many_that_succeeded(workspace: Workspace) -> None:
    failed = [(f"f{number}", _run("failed", number)) for number in range(3)]
    others = [(f"s{number}", _run("succeeded", 10 + number)) for number in range(RUNS_KEPT + 5)]
    history.record(workspace.store, "b", {}, [*failed, *others], preview=False)
    kept = history.runs(workspace.store, "b", 10 * RUNS_KEPT)
    assert len(kept) == RUNS_KEPT + 3
    assert [one.document_key for one in history.runs(workspace.store, "b", failed=True)] == ["f2", "f1", "f0"]


def test_versions_that_were_published_can_be_had_again(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KNOWLEDGE_WORKSPACE", str(tmp_path / "w"))
    file = tmp_path / "drawn.yml"
    for length in (400, 300):
        content = drawn()
        content["workflow"]["rag_pipeline_variables"][0]["default_value"] = length
        file.write_text(dsl(content))
        assert main(["pipeline", "run", str(file), str(folder), "--kb", "kb", "--quiet"]) == 0
    assert capsys.readouterr().out == "3 succeeded\n" * 2

    def exported(*options: str, code: int = 0) -> str:
        assert main(["pipeline", "export", "kb", *options, "--json"]) == code
        return str(json.loads(capsys.readouterr().out))

    assert ["default_value: 400" in exported("--version", number) for number in ("1", "2")] == [True, False]
    assert exported("--version", "2") == exported("--published")
    assert "has no version 3; it has 2" in exported("--version", "3", code=1)


def test_encrypted_files_open_with_the_password_which_is_kept_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KNOWLEDGE_WORKSPACE", str(tmp_path / "w"))
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=12)
    pdf.text(40, 60, "a canary sings.")
    pdf.set_encryption("owner", "0pen5esame")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.pdf").write_bytes(bytes(pdf.output()))
    (tmp_path / "drawn.yml").write_text(dsl(drawn()))
    ran = ["pipeline", "run", str(tmp_path / "drawn.yml"), str(tmp_path / "in"), "--kb", "kb", "--json"]
    assert main([*ran, "--sync"]) == 1
    assert "--password" in capsys.readouterr().out
    assert main([*ran, "--sync", "--password", "0pen5esame"]) == 0
    assert main([*ran, "--password", "0pen5esame"]) == 0
    assert main(["pipeline", "history", "kb", "--json"]) == 0
    assert main(["search", "canary", "--kb", "kb"]) == 0
    shown = capsys.readouterr().out
    assert "a canary sings." in shown
    assert "0pen5esame" not in shown
    kept = b"".join(path.read_bytes() for path in (tmp_path / "w").rglob("*") if path.is_file())
    assert b"0pen5esame" not in kept


def test_no_selector_finds_the_password_of_a_file() -> None:
    values = Values({"1": {"file": replace(File.of_bytes("a.pdf", b"x"), password="0pen5esame")}})
    assert not values.has(["1", "file", "password"])
    assert values.get(["1", "file", "size"]) == 1


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 here")
@pytest.mark.parametrize("moment", range(KILLS))
@pytest.mark.parametrize("sync", [(), ("--sync",)], ids=["run", "sync"])
def test_killed_at_any_moment_every_document_is_old_or_new(
    moment: int, sync: tuple[str, ...], tmp_path: Path
) -> None:
    folder, file = tmp_path / "files", tmp_path / "drawn.yml"
    folder.mkdir()
    file.write_text(dsl(drawn()))

    def written(words: str) -> dict[str, str]:
        found = {f"{number:03}.txt": f"{words} of document {number}. " * 40 for number in range(60)}
        for name, text in found.items():
            (folder / name).write_text(text)
        return found

    def run() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "knowledge", "pipeline", "run", str(file), str(folder), "--kb", "kb"]
        workspace = ["--workspace", str(tmp_path / "w"), "--quiet", *sync]
        return subprocess.Popen([*command, *workspace], stdout=subprocess.DEVNULL)

    old = written("First words")
    started = time.perf_counter()
    assert run().wait() == 0
    seconds = time.perf_counter() - started
    new = written("Other words")
    process = run()
    time.sleep(seconds * (moment + random.random()) / KILLS)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with Workspace(tmp_path / "w") as workspace:
        after = texts(workspace.open("kb"))
        assert after.keys() == old.keys()
        assert all(after[key].strip() in (old[key].strip(), new[key].strip()) for key in after)
    assert run().wait() == 0
    with Workspace(tmp_path / "w") as workspace:
        kb = workspace.open("kb")
        assert {key: text.strip() for key, text in texts(kb).items()} == {
            key: new[key].strip() for key in new
        }
        assert len(kb.search("first words", top_k=5)) == len(kb.search("words", top_k=5)) == 5
