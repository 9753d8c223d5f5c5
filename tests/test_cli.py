"""The command line: what is printed, what `--json` holds, which exit code says what."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from knowledge import Workspace, commands
from knowledge.cli import main
from knowledge.options import COMMANDS


@pytest.fixture(autouse=True)
def _workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KNOWLEDGE_WORKSPACE", str(tmp_path / "w"))


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict]:
    """Exit code and JSON of a command; nothing else may be on stdout."""
    code = main(["--json", *arguments])
    return code, json.loads(capsys.readouterr().out)


def test_the_whole_round(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    code, created = run(capsys, "create", "handbook", "--description", "for tests")
    assert (code, created["indexing"], created["documents"]) == (0, "economy", 0)

    code, report = run(capsys, "ingest", str(folder), "--kb", "handbook", "--metadata", "year=2024")
    assert code == 0
    assert [done["status"] for done in report["documents"]] == ["completed"] * 3

    code, found = run(capsys, "search", "年假有几天", "--kb", "handbook", "--where", "year >= 2024")
    best = found["hits"][0]
    assert (code, found["mode"], found["calibrated"], best["document"]["key"]) == (
        0,
        "keyword",
        True,
        "leave.md",
    )
    assert best["document"]["metadata"] == {"year": 2024}
    assert best["chunk"]["headings"] == ["休假", "年假"]
    assert set(best) == {"score", "content", "context", "knowledge_base", "document", "chunk", "locator"}

    code, listed = run(capsys, "ls")
    assert [base["name"] for base in listed["knowledge_bases"]] == ["handbook"]
    assert listed["knowledge_bases"][0]["documents"] == 3
    code, documents = run(capsys, "docs", "handbook")
    assert {document["key"] for document in documents["documents"]} == {"leave.md", "parts.csv", "travel.txt"}
    code, chunks = run(capsys, "chunks", "handbook", "leave.md")
    assert chunks["chunks"][0]["origin"] == "source"

    code, removed = run(capsys, "rm", "handbook", "leave.md", "nothing")
    assert code == 1
    assert [document["key"] for document in removed["removed"]] == ["leave.md"]
    assert "no document 'nothing'" in removed["errors"][0]

    code, refused = run(capsys, "drop", "handbook")
    assert (code, refused["error"]["type"]) == (2, "InputError")
    assert run(capsys, "drop", "handbook", "--yes")[0] == 0
    assert run(capsys, "ls")[1] == {"knowledge_bases": []}


def test_one_failed_file_is_exit_code_one(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7")
    code, report = run(capsys, "ingest", str(folder), "--kb", "a")
    assert code == 1
    by_key = {done["key"]: done for done in report["documents"]}
    assert by_key["broken.pdf"]["status"] == "error"
    assert by_key["leave.md"]["status"] == "completed"


@pytest.mark.parametrize(
    ("arguments", "code", "kind", "said"),
    [
        (["search", "x", "--kb", "none"], 1, "NotFound", "no workspace"),
        (["fly"], 2, "UsageError", "invalid choice"),
        (["search"], 2, "UsageError", "--help"),
        (["ingest", "nowhere", "--kb", "a"], 1, "NotFound", "nowhere"),
        (["create", "a", "--max-length", "7"], 2, "InputError", "from 50 to 4000"),
        (["create", "a", "--indexing", "economy", "--embedding", "local"], 2, "InputError", "leave one"),
        (["ingest", "-", "--kb", "a"], 2, "InputError", "--name"),
        (["extract", "nowhere.pdf"], 1, "NotFound", "nowhere.pdf"),
        (["eval", "--data", "nowhere"], 1, "NotFound", "nowhere"),
    ],
)
def test_errors_are_one_json_object(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, kind: str, said: str
) -> None:
    found, report = run(capsys, *arguments)
    assert (found, report["error"]["type"]) == (code, kind)
    assert said in report["error"]["message"]
    assert "\n" not in report["error"]["message"]


def test_errors_are_one_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "none"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("knowledge: no workspace")
    assert err.count("\n") == 1


def test_options_of_an_existing_base_must_be_its_own(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    assert run(capsys, "ingest", str(folder), "--kb", "a", "--max-length", "300")[0] == 0
    assert run(capsys, "ingest", str(folder), "--kb", "a", "--max-length", "300")[0] == 0
    assert run(capsys, "ingest", str(folder), "--kb", "a")[0] == 0
    code, refused = run(capsys, "ingest", str(folder), "--kb", "a", "--max-length", "400")
    assert code == 2
    assert "max_length 300, 400 was given" in refused["error"]["message"]
    code, refused = run(capsys, "ingest", str(folder), "--kb", "a", "--embedding", "hash:8")
    assert code == 2
    assert "hash:8" in refused["error"]["message"]


def test_global_options_stand_before_or_after(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, folder: Path
) -> None:
    elsewhere = str(tmp_path / "elsewhere")
    assert main(["ingest", str(folder), "--kb", "a", "--workspace", elsewhere, "--json"]) == 0
    capsys.readouterr()
    assert main(["--workspace", elsewhere, "--json", "ls"]) == 0
    assert json.loads(capsys.readouterr().out)["knowledge_bases"][0]["name"] == "a"


def test_standard_input(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "knowledge", "ingest", "-", "--name", "note.md", "--kb", "a", "--json"]
    done = subprocess.run(command, input="# 标题\n\n内容".encode(), capture_output=True, check=True)
    assert json.loads(done.stdout)["documents"][0]["key"] == "note.md"
    assert run(capsys, "search", "内容", "--kb", "a")[1]["hits"][0]["content"].endswith("内容")


def test_extract_and_chunk_store_nothing(
    capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path
) -> None:
    code, extracted = run(capsys, "extract", str(folder / "leave.md"))
    assert code == 0
    assert [block["kind"] for block in extracted["blocks"]][:2] == ["heading", "heading"]
    code, cut = run(capsys, "chunk", str(folder / "leave.md"), "--max-length", "50", "--overlap", "0")
    assert code == 0
    for chunk in cut["chunks"]:
        assert cut["text"][chunk["start"] : chunk["end"]] == chunk["content"]
    assert not (tmp_path / "w").exists()


def test_text_for_people(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    main(["ingest", str(folder), "--kb", "a"])
    assert "a: 3 completed; " in capsys.readouterr().out
    main(["search", "hotel", "--kb", "a"])
    assert "travel.txt" in capsys.readouterr().out
    main(["ls"])
    assert capsys.readouterr().out.splitlines()[0].split() == [
        "NAME",
        "INDEXING",
        "EMBEDDING",
        "DOCUMENTS",
        "CHUNKS",
    ]
    main(["show", "a"])
    assert "max_length" in capsys.readouterr().out
    main(["search", "xyzzy", "--kb", "a"])
    assert capsys.readouterr().out == "no passage found\n"


def test_while_the_workspace_is_held(
    capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["ingest", str(folder), "--kb", "a"])
    monkeypatch.setenv("KNOWLEDGE_LOCK_WAIT_S", "0")
    capsys.readouterr()
    with Workspace(tmp_path / "w"):
        for arguments in (["ls"], ["docs", "a"], ["show", "a"], ["chunks", "a", "leave.md"]):
            assert main(arguments) == 0
        capsys.readouterr()
        for arguments in (["search", "x", "--kb", "a"], ["ingest", str(folder), "--kb", "a"]):
            assert main(arguments) == 1
            message = capsys.readouterr().err
            assert "in use by process" in message
            assert message.count("\n") == 1


def test_every_command_is_known_by_its_name() -> None:
    assert sorted(COMMANDS) == sorted(commands.__all__)
    for name in COMMANDS:
        with pytest.raises(SystemExit) as leaving:
            main([name, "--help"])
        assert leaving.value.code == 0


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    for command in (
        "demo",
        "create",
        "ingest",
        "search",
        "extract",
        "chunk",
        "ls",
        "show",
        "docs",
        "chunks",
        "rm",
    ):
        assert f"\n    {command} " in text


def test_eval_on_a_small_labelled_set(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    data = tmp_path / "set"
    data.mkdir()
    corpus = [{"_id": f"d{n}", "title": f"title {n}", "text": f"about subject{n}"} for n in range(20)]
    queries = [{"_id": f"q{n}", "text": f"subject{n}"} for n in range(5)]
    for name, entries in (("corpus", corpus), ("queries", queries)):
        (data / f"{name}.jsonl").write_text("\n".join(map(json.dumps, entries)))
    (data / "qrels.tsv").write_text("query\tdoc\tgrade\n" + "".join(f"q{n}\td{n}\t1\n" for n in range(5)))
    code, result = run(capsys, "eval", "--data", str(data))
    assert (code, result["corpus"], result["queries"]) == (0, 20, 5)
    assert [(row["mode"], row["ndcg@10"], row["mrr@10"]) for row in result["results"]] == [
        ("keyword", 1.0, 1.0)
    ]
    code, result = run(
        capsys, "eval", "--data", str(data), "--embedding", "hash:64", "--modes", "full-text,vector"
    )
    assert [row["mode"] for row in result["results"]] == ["vector", "full-text"]
