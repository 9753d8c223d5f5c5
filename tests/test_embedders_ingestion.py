"""Documents whose texts a model refuses, servers that go down: one is an error of its own, the rest goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from embedding_server import EmbeddingServer, fails, running

from knowledge import Document, KnowledgeBase, Workspace
from knowledge.cli import main
from knowledge.errors import EmbeddingError, EmbeddingUnauthorized
from knowledge.floors import keep_floors

LONG = "\n\n".join(f"Paragraph {number} of the poisoned report. {'Words. ' * 60}" for number in range(4))
POISONED = LONG.replace("Paragraph 2", "Paragraph 2 is forbidden")


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with running() as server:
        server.refused = "forbidden"
        yield server


@pytest.fixture
def kb(workspace: Workspace, server: EmbeddingServer) -> KnowledgeBase:
    return workspace.create("far", embedding=f"openai:{server.spec()}", overlap=0)


def documents(**texts: str) -> list[Document]:
    return [Document(name=f"{name}.txt", text=text) for name, text in texts.items()]


def names(kb: KnowledgeBase, query: str) -> set[str]:
    return {hit.document.name for hit in kb.search(query, top_k=50)}


def test_one_refused_text_is_the_error_of_its_document_and_the_others_are_found(kb: KnowledgeBase) -> None:
    report = kb.ingest(documents(a="A cat sleeps.", bad=POISONED, z="A dog barks."))
    (failed,) = report.failed
    assert failed.key == "bad.txt"
    assert failed.error is not None
    start = POISONED.index("Paragraph 2")
    assert failed.error.startswith(f"chunk 2 at character {start} ('Paragraph 2 is forbidden of the poisoned")
    assert "answered 400 (" in failed.error
    assert "\n" not in failed.error
    assert names(kb, "cat dog report") == {"a.txt", "z.txt"}
    assert [hit.document.name for hit in kb.search("poisoned report", mode="full-text")] == []


def test_the_version_before_stays_and_a_retry_asks_only_for_the_refused_text(
    kb: KnowledgeBase, server: EmbeddingServer
) -> None:
    kb.ingest(documents(bad=LONG))
    (failed,) = kb.ingest(documents(bad=POISONED)).failed
    assert failed.chunks == 4
    assert names(kb, "report") == {"bad.txt"}
    server.requests.clear()
    assert len(kb.ingest(documents(bad=POISONED)).failed) == 1
    assert server.requests == []
    server.refused = ""
    report = kb.ingest(documents(bad=POISONED), retry=True)
    assert [document.status for document in report.documents] == ["replaced"]
    assert [text[:24] for text in server.texts] == ["Paragraph 2 is forbidden"]
    assert any("forbidden" in hit.content for hit in kb.search("forbidden"))


def test_a_refused_child_is_named_too(workspace: Workspace, server: EmbeddingServer) -> None:
    kb = workspace.create("far", embedding=f"openai:{server.spec()}", structure="parent-child")
    (failed,) = kb.ingest(documents(a="A cat sleeps.", bad=POISONED)).failed
    assert failed.error is not None
    assert failed.error.startswith("child ")
    assert "forbidden" in failed.error
    assert names(kb, "cat report") == {"a.txt"}


def test_the_index_holds_nothing_of_a_failed_document(
    workspace: Workspace, kb: KnowledgeBase, server: EmbeddingServer
) -> None:
    kb.ingest(documents(a="A cat sleeps.", bad=POISONED))
    server.refused = ""
    kb.rebuild()
    assert names(workspace.open("far"), "cat report") == {"a.txt"}


def test_a_server_that_refuses_all_ends_the_ingestion_and_what_was_given_is_kept(
    kb: KnowledgeBase, server: EmbeddingServer
) -> None:
    texts = {f"d{number:03}": f"Text number {number}." for number in range(200)}
    kb.ingest(documents(first="The first."))
    server.answers = [fails(401)]
    with pytest.raises(EmbeddingUnauthorized, match="KNOWLEDGE_EMBEDDING_API_KEY"):
        kb.ingest(documents(**texts))
    assert names(kb, "first") == {"first.txt"}
    assert len(kb.ingest(documents(**texts)).documents) == 200


def test_a_rebuild_with_a_refused_text_says_which_and_leaves_the_base_as_it_was(
    workspace: Workspace, kb: KnowledgeBase, server: EmbeddingServer
) -> None:
    server.refused = ""
    kb.ingest(documents(bad=POISONED))
    for path in workspace.folder.glob("embeddings.db*"):
        path.unlink()
    server.refused = "forbidden"
    with pytest.raises(EmbeddingError, match="chunk 2 at character"):
        kb.rebuild()
    server.refused = ""
    assert names(kb, "report") == {"bad.txt"}


def test_the_report_says_what_the_vectors_took(kb: KnowledgeBase, server: EmbeddingServer) -> None:
    server.tokens_a_text = 5
    used = kb.ingest(documents(a="A cat sleeps.", b="A dog barks.")).embedding
    assert used is not None
    assert (used.texts, used.cached, used.calls, used.tokens) == (2, 0, 1, 5 * 2)
    used = kb.ingest(documents(c="A cat sleeps.", d="A bird sings.")).embedding
    assert used is not None
    assert (used.texts, used.cached, used.cached_share, used.tokens) == (2, 1, 0.5, 5)
    nothing = kb.ingest(documents(c="A cat sleeps.")).embedding
    assert nothing is not None
    assert (nothing.texts, nothing.calls) == (0, 0)


def test_without_vectors_there_is_no_usage(workspace: Workspace) -> None:
    assert workspace.create("near").ingest(documents(a="A cat sleeps.")).embedding is None


def test_the_command_line_tells_the_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_text("A cat sleeps.")
    given = ["ingest", str(tmp_path / "a.txt"), "--workspace", str(tmp_path / "w"), "--embedding", "hash:16"]
    assert main([*given, "--kb", "one"]) == 0
    assert "vectors: 1 texts, 0% from the cache, 0.0 s" in capsys.readouterr().out
    assert main([*given, "--kb", "two", "--json"]) == 0
    used = json.loads(capsys.readouterr().out)["embedding"]
    assert {name: used[name] for name in ("texts", "cached", "calls", "tokens")} == {
        "texts": 1,
        "cached": 1,
        "calls": 0,
        "tokens": None,
    }


def test_measured_floors_count_for_new_bases_and_for_those_that_are_rebuilt(
    workspace: Workspace, kb: KnowledgeBase, server: EmbeddingServer
) -> None:
    kb.ingest(documents(a="A cat sleeps."))
    assert not kb.search("A cat sleeps.", mode="vector").calibrated
    fingerprint = f"openai:{server.spec().rstrip('/')}"
    keep_floors(workspace.folder, fingerprint, {"latin": 0.5, "han": 0.25})
    assert workspace.create("new", embedding=f"openai:{server.spec()}").search("x", mode="vector").calibrated
    assert not kb.search("A cat sleeps.", mode="vector").calibrated
    kb.rebuild()
    assert workspace.open("far").search("A cat sleeps.", mode="vector").calibrated
