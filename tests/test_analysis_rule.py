"""Words of a knowledge base's own, and chunks found by a few keywords."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from knowledge import Document, KnowledgeBase, Workspace
from knowledge.cli import main
from knowledge.errors import InputError, NotFound

LEAVE = Document(text="带薪年休假一共有十五天，病假另算。", name="leave.txt")
METERS = Document(
    text="The meter LT-210 has a warranty of 24 months. A meter without batteries is sent back. "
    "The warranty of a meter ends when the meter is opened.",
    name="meters.txt",
)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace(tmp_path / "workspace") as workspace:
        yield workspace


def keys(kb: KnowledgeBase, question: str) -> list[str]:
    return [hit.document.key for hit in kb.search(question)]


def test_synonyms_find_each_other_and_weigh_as_one_word(workspace: Workspace) -> None:
    plain = workspace.create("plain")
    rich = workspace.create("rich", synonyms=[("带薪年休假", "annual leave", "年假")])
    for kb in (plain, rich):
        kb.ingest([LEAVE, METERS])
    assert keys(plain, "annual leave") == []
    assert keys(rich, "annual leave") == ["leave.txt"]
    assert rich.search("annual leave")[0].score == pytest.approx(rich.search("带薪年休假")[0].score)


def test_a_rebuild_brings_words_and_keeps_those_that_are_left_out(workspace: Workspace) -> None:
    kb = workspace.create("handbook")
    kb.ingest([LEAVE, METERS])
    kb.rebuild(synonyms=[("带薪年休假", "annual leave")])
    kb.rebuild(dictionary=["病假另算"])
    assert keys(kb, "annual leave") == ["leave.txt"]
    assert kb.analysis.dictionary == ("病假另算",)
    kb.rebuild(synonyms=[])
    assert keys(kb, "annual leave") == []


def test_words_outlive_the_process(tmp_path: Path) -> None:
    with Workspace(tmp_path) as workspace:
        workspace.create("handbook", synonyms=[("带薪年休假", "annual leave")]).ingest([LEAVE])
    with Workspace(tmp_path) as workspace:
        assert keys(workspace.open("handbook"), "annual leave") == ["leave.txt"]


def test_only_the_best_keywords_are_indexed(workspace: Workspace) -> None:
    kb = workspace.create("few", keyword_number=2)
    kb.ingest([METERS])
    (chunk,) = kb.chunks("meters.txt")
    # meter occurs four times and warranty twice; the rest once, or is common.
    assert kb.keywords(chunk) == ("meter", "warranty")
    assert keys(kb, "warranty") == ["meters.txt"]
    assert keys(kb, "batteries") == []
    kb.rebuild(keyword_number=0)
    assert kb.keywords(chunk) == ()
    assert keys(kb, "batteries") == ["meters.txt"]


def test_keywords_given_by_a_person_take_the_place_of_those_found(workspace: Workspace) -> None:
    kb = workspace.create("few", keyword_number=2)
    kb.ingest([METERS, LEAVE])
    kb.set_keywords("meters.txt", 0, ["batteries", "Garantie"])
    assert keys(kb, "warranty") == []
    assert keys(kb, "Garantie") == keys(kb, "batteries") == ["meters.txt"]
    kb.set_keywords("meters.txt", 0, None)
    assert keys(kb, "warranty") == ["meters.txt"]
    assert keys(kb, "Garantie") == []


def test_where_every_term_counts_keywords_come_on_top(workspace: Workspace) -> None:
    kb = workspace.create("all")
    kb.ingest([METERS])
    kb.set_keywords("meters.txt", 0, ["Garantie"])
    assert keys(kb, "Garantie") == keys(kb, "warranty") == ["meters.txt"]


def test_keywords_stay_with_an_unchanged_chunk_and_outlive_a_rebuild(workspace: Workspace) -> None:
    kb = workspace.create("all", max_length=50, overlap=0)
    first, second = "The first paragraph is about meters.", "The second one is about leave."
    kb.ingest([Document(text=f"{first}\n\n{second}", name="a.txt")])
    kb.set_keywords("a.txt", 1, ["Urlaub"])
    kb.ingest([Document(text=f"{first} It grew.\n\n{second}", name="a.txt")])
    kb.rebuild()
    assert [hit.content for hit in kb.search("Urlaub")] == [second]


@pytest.mark.parametrize(("position", "error"), [(1, "has no chunk 1; it has 1"), (-1, "has no chunk -1")])
def test_a_chunk_that_is_not_there(workspace: Workspace, position: int, error: str) -> None:
    kb = workspace.create("all")
    kb.ingest([METERS])
    with pytest.raises(NotFound, match=error):
        kb.set_keywords("meters.txt", position, ["x"])


def test_what_cannot_be_a_keyword_is_refused(workspace: Workspace) -> None:
    kb = workspace.create("all")
    kb.ingest([METERS])
    for words in ([""], ["x" * 65], [str(number) for number in range(51)]):
        with pytest.raises(InputError, match="allowed"):
            kb.set_keywords("meters.txt", 0, words)


def test_a_high_quality_base_has_no_keywords(workspace: Workspace) -> None:
    with pytest.raises(InputError, match="keyword_number is for economy"):
        workspace.create("hq", embedding="hash:8", keyword_number=3)
    kb = workspace.create("hq", embedding="hash:8")
    kb.ingest([METERS])
    with pytest.raises(InputError, match="keywords are for economy"):
        kb.set_keywords("meters.txt", 0, ["x"])


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*arguments: str) -> dict[str, object]:
        assert main([*arguments, "--workspace", str(tmp_path / "workspace"), "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    (tmp_path / "meters.txt").write_text(METERS.text)
    (tmp_path / "words.txt").write_text("# ours\nwarranty, Garantie\n")
    created = run("create", "few", "--keyword-number", "2", "--synonyms", str(tmp_path / "words.txt"))
    assert created["settings"]["keyword_number"] == 2
    run("ingest", str(tmp_path / "meters.txt"), "--kb", "few")
    assert run("search", "Garantie", "--kb", "few")["hits"]
    (row,) = run("keywords", "few", "meters.txt")["chunks"]
    assert (row["keywords"], row["edited"]) == (["meter", "warranty"], False)
    (row,) = run("keywords", "few", "meters.txt", "0", "batteries")["chunks"]
    assert (row["keywords"], row["edited"]) == (["batteries"], True)
    assert run("chunks", "few", "meters.txt")["chunks"][0]["keywords"] == ["batteries"]
    assert not run("search", "warranty", "--kb", "few")["hits"]
    run("keywords", "few", "meters.txt", "0", "--automatic")
    run("rebuild", "few", "--keyword-number", "0")
    assert run("search", "sent back", "--kb", "few")["hits"]


def test_files_of_words_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "words.txt").write_text("a => b\n")
    create = ["create", "few", "--workspace", str(tmp_path / "workspace"), "--synonyms"]
    assert main([*create, str(tmp_path / "words.txt")]) == 2
    assert "cannot read the synonyms 'a => b'" in capsys.readouterr().err
    assert main([*create, str(tmp_path / "missing.txt")]) == 1
    assert "no file" in capsys.readouterr().err
