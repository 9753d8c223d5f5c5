"""Exactly once: the same sources again change nothing, changed ones replace, failures stay with their file."""

import os
import sys
from pathlib import Path

import pytest

from knowledge import Block, Document, KnowledgeBase, Workspace
from knowledge.errors import InputError, NotFound
from knowledge.sources import Source


@pytest.fixture
def kb(workspace: Workspace) -> KnowledgeBase:
    return workspace.create("kb")


def statuses(report: object) -> dict[str, str]:
    return {done.key: done.status for done in report.documents}  # type: ignore[attr-defined]


def test_twice_changes_nothing(kb: KnowledgeBase, folder: Path) -> None:
    first = kb.ingest(folder)
    chunks = {record.key: kb.chunks(record.id) for record in kb.documents()}
    second = kb.ingest(folder)
    assert set(statuses(first).values()) == {"completed"}
    assert set(statuses(second).values()) == {"unchanged"}
    assert {record.key: kb.chunks(record.id) for record in kb.documents()} == chunks


def test_an_edit_replaces_one_document_and_keeps_its_id(kb: KnowledgeBase, folder: Path) -> None:
    kb.ingest(folder)
    before = kb.document("travel.txt")
    (folder / "travel.txt").write_text("Bicycles are free.\n\nTravel expenses are paid within ten days.\n")
    report = kb.ingest(folder)
    assert statuses(report) == {"leave.md": "unchanged", "parts.csv": "unchanged", "travel.txt": "replaced"}
    after = kb.document("travel.txt")
    assert (after.id, after.created_at) == (before.id, before.created_at)
    assert "Bicycles" in kb.search("bicycles")[0].content
    assert not [hit for hit in kb.search("euros a night", top_k=50) if "euros" in hit.content]


def test_unchanged_passages_keep_their_ids_when_others_move(workspace: Workspace) -> None:
    kb = workspace.create("without overlap", overlap=0)

    def ids(text: str) -> dict[str, str]:
        kb.ingest(Document(text=text, name="a"))
        return {chunk.content: chunk.id for chunk in kb.chunks("a")}

    first, second = "x" * 400, "y" * 400
    before = ids(f"{first}\n{second}")
    after = ids(f"{'new ' * 100}\n{first}\n{second}")
    assert before.items() <= after.items()


def test_ids_are_the_same_in_another_workspace(tmp_path: Path, folder: Path) -> None:
    def everything(name: str) -> list[tuple[str, list[str]]]:
        with Workspace(tmp_path / name) as workspace:
            kb = workspace.create("handbook")
            kb.ingest(folder)
            return [(record.id, [chunk.id for chunk in kb.chunks(record.id)]) for record in kb.documents()]

    assert everything("one") == everything("two")


def test_the_same_file_in_two_bases_is_two_documents(workspace: Workspace, folder: Path) -> None:
    one, two = workspace.create("one"), workspace.create("two")
    one.ingest(folder)
    two.ingest(folder)
    assert one.document("leave.md").id != two.document("leave.md").id


def test_repeated_passages_are_told_apart(kb: KnowledgeBase) -> None:
    paragraph = "z" * 450
    kb.ingest(Document(text=f"{paragraph}\n{paragraph}\n{paragraph}", name="a"))
    ids = [chunk.id for chunk in kb.chunks("a")]
    assert len(ids) == len(set(ids)) == 3


def test_a_bad_file_costs_nothing_but_itself_and_is_remembered(kb: KnowledgeBase, folder: Path) -> None:
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    (folder / "empty.txt").write_bytes(b"")
    (folder / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a text")
    for warnings in ([], ["3 errors of an earlier time"]):
        report = kb.ingest(folder)
        assert [warning.split(",")[0] for warning in report.warnings] == warnings
        failed = {done.key: done.error or "" for done in report.failed}
        assert set(failed) == {"broken.pdf", "empty.txt", "photo.jpg"}
        assert all(message and "\n" not in message for message in failed.values())
    assert statuses(report)["leave.md"] == "unchanged"
    assert {record.key for record in kb.documents() if record.status == "error"} == set(failed)


def test_a_file_that_becomes_unreadable_keeps_its_last_good_version(kb: KnowledgeBase, folder: Path) -> None:
    kb.ingest(folder)
    (folder / "travel.txt").write_bytes(b"")
    assert statuses(kb.ingest(folder))["travel.txt"] == "error"
    assert kb.search("hotels")[0].document.key == "travel.txt"
    (folder / "travel.txt").write_text("Hotels are full.")
    assert statuses(kb.ingest(folder))["travel.txt"] == "replaced"
    assert kb.search("hotels")[0].content == "Hotels are full."


def test_force_processes_again_with_the_same_result(kb: KnowledgeBase, folder: Path) -> None:
    kb.ingest(folder)
    ids = [chunk.id for chunk in kb.chunks("leave.md")]
    assert set(statuses(kb.ingest(folder, force=True)).values()) == {"replaced"}
    assert [chunk.id for chunk in kb.chunks("leave.md")] == ids
    assert len(kb.search("年假", top_k=50)) == len({hit.chunk.id for hit in kb.search("年假", top_k=50)})


def test_keys_are_paths_relative_to_the_folder(kb: KnowledgeBase, folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "travel.txt").write_text("another file of the same name")
    (folder / ".hidden").write_text("not for reading")
    assert set(statuses(kb.ingest(folder))) == {"leave.md", "travel.txt", "parts.csv", "sub/travel.txt"}
    assert kb.document("travel.txt").key == "travel.txt"


def test_a_name_that_two_documents_have_lists_their_ids(kb: KnowledgeBase, tmp_path: Path) -> None:
    for parent in ("a", "b"):
        (tmp_path / "in" / parent).mkdir(parents=True)
        (tmp_path / "in" / parent / "same.txt").write_text(f"text of {parent}")
    kb.ingest(tmp_path / "in")
    with pytest.raises(
        InputError, match=r"'same.txt' names 2 documents; use one of the ids .*\(a/same.txt\)"
    ):
        kb.document("same.txt")
    assert kb.document("b/same.txt").name == "same.txt"


def test_two_inputs_of_one_key_are_refused(kb: KnowledgeBase, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "travel.txt"
    other.write_text("elsewhere")
    with pytest.raises(InputError, match=r"would both be known as 'travel.txt'"):
        kb.ingest([folder, other])
    assert kb.documents() == []


def test_a_missing_path_is_said(kb: KnowledgeBase) -> None:
    with pytest.raises(NotFound, match="no file or folder 'nowhere'"):
        kb.ingest("nowhere")


def test_scores_after_changes_equal_a_clean_build(workspace: Workspace) -> None:
    texts = {f"d{n}": " ".join(f"w{(n * k) % 17}" for k in range(1, 30)) for n in range(40)}
    clean, changed = workspace.create("clean"), workspace.create("changed")
    changed.ingest([Document(text="w1 w2 something else entirely", name=name) for name in texts])
    changed.ingest([Document(text=f"w3 w4 passing {n}", name=f"extra{n}") for n in range(20)])
    for n in range(20):
        changed.remove(f"extra{n}")
    for kb in (clean, changed):
        kb.ingest([Document(text=text, name=name) for name, text in texts.items()])
    for query in ("w1 w2", "w5", "w3 w16 w0"):
        left, right = (
            [(hit.document.key, hit.score) for hit in kb.search(query, top_k=40)] for kb in (clean, changed)
        )
        assert left == right


def test_a_failed_attempt_changes_nothing_about_the_last_good_version(
    kb: KnowledgeBase, folder: Path
) -> None:
    kb.ingest(folder / "travel.txt", metadata={"year": 2023})
    (folder / "travel.txt").write_bytes(b"")
    kb.ingest(folder / "travel.txt", metadata={"year": 2024})
    assert len(kb.search("hotel", where="year = 2023")) == 1
    assert len(kb.search("hotel", where="year = 2024")) == 0


def test_an_error_in_the_middle_leaves_nothing_half_done(workspace: Workspace) -> None:
    kb = workspace.create("interrupted")
    kb.ingest(Document(text="was here before", name="old"))

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kb.ingest([Document(text=f"text {n}", name=f"d{n}") for n in range(50)], progress=interrupt)
    assert kb._generation.index.count() == sum(record.chunks for record in kb.documents())
    report = kb.ingest([Document(text=f"text {n}", name=f"d{n}") for n in range(50)])
    assert not report.failed
    assert len(kb.documents()) == 51


@pytest.mark.skipif(sys.platform != "linux", reason="no such names or pipes there")
def test_odd_sources_cost_nothing_but_themselves(kb: KnowledgeBase, folder: Path) -> None:
    (folder / os.fsdecode(b"bad\xff.txt")).write_text("a name that is no text")
    os.mkfifo(folder / "pipe.txt")
    (folder / "workspace").mkdir()
    (folder / "workspace" / "knowledge.db").write_bytes(b"")
    (folder / "workspace" / "note.txt").write_text("of the workspace")
    assert set(statuses(kb.ingest(folder))) == {"leave.md", "travel.txt", "parts.csv", "bad\ufffd.txt"}
    report = kb.ingest([Document(text="lone \ud800 surrogate", name="s"), Document(text="fine", name="f")])
    assert statuses(report) == {"s": "error", "f": "completed"}
    assert "not valid Unicode" in (report.failed[0].error or "")


def test_a_document_with_new_blocks_is_new(kb: KnowledgeBase) -> None:
    text = "Title\n\nThe passage."
    kb.ingest(Document(text=text, name="a"))
    blocks = (Block(kind="heading", start=0, end=5, level=1), Block(kind="paragraph", start=7, end=19))
    assert statuses(kb.ingest(Document(text=text, name="a", blocks=blocks))) == {"a": "replaced"}
    assert kb.search("passage")[0].chunk.headings == ("Title",)


def test_another_file_of_the_same_key_is_said(kb: KnowledgeBase, tmp_path: Path) -> None:
    for parent in ("one", "two"):
        (tmp_path / parent).mkdir()
        (tmp_path / parent / "same.txt").write_text(f"text of {parent}")
    kb.ingest(tmp_path / "one")
    (done,) = kb.ingest(tmp_path / "two").documents
    assert done.status == "replaced"
    assert "known by the same key" in done.warnings[0]


@pytest.mark.parametrize("given", ["", "https://example.org/a.html"])
def test_what_is_no_path_is_refused(kb: KnowledgeBase, given: str) -> None:
    with pytest.raises(InputError):
        kb.ingest(given)


def test_a_repeated_key_is_refused(kb: KnowledgeBase) -> None:
    source = Source(key="a", name="a", data=b"text")
    with pytest.raises(InputError, match="'a' is given more than once"):
        kb.ingest_sources([source, source])


def test_metadata_set_by_another_process_meanwhile_is_kept(tmp_path: Path) -> None:
    class Watched(Source):
        """Somebody sets metadata of the document while it is read."""

        def read(self) -> bytes:
            with Workspace(tmp_path, lock=False) as other:
                other.open("manuals").set_metadata("a.txt", {"dept": "HR", "year": 2024})
            return Source.read(self)

    with Workspace(tmp_path) as workspace:
        kb = workspace.create("manuals")
        kb.ingest(
            [Document(text="Old text of a meter.", name="a.txt")], metadata={"year": 2020, "draft": "yes"}
        )
        changed = Watched(key="a.txt", name="a.txt", data=b"New text of a meter.")
        report = kb.ingest_sources([changed], metadata={"year": 2025})
        assert [document.status for document in report.documents] == ["replaced"]
        (hit,) = kb.search("new meter", where=["dept = HR", "year = 2025", "draft = yes"])
        assert hit.document.metadata == {"dept": "HR", "year": 2025.0, "draft": "yes"}
