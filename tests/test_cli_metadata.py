"""Metadata and settings on the command line: `fields`, `set`, `settings`, `--ignore-case`."""

import json
from pathlib import Path

import pytest

from knowledge import Workspace
from knowledge.cli import main
from knowledge.defaults import SETTINGS


@pytest.fixture(autouse=True)
def _filled(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A knowledge base `kb` with the handbook's three files."""
    monkeypatch.setenv("KNOWLEDGE_WORKSPACE", str(tmp_path / "w"))
    with Workspace() as workspace:
        workspace.create("kb").ingest(folder, metadata={"year": 2024, "dept": "HR"})


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict]:
    """Exit code and JSON of a command; nothing else may be on stdout."""
    code = main(["--json", *arguments])
    return code, json.loads(capsys.readouterr().out)


def found(capsys: pytest.CaptureFixture[str], *options: str) -> list[str]:
    code, answer = run(capsys, "search", "年假 hotel valve", "--kb", "kb", *options)
    assert code == 0, answer
    return sorted({hit["document"]["key"] for hit in answer["hits"]})


def test_set_and_search(capsys: pytest.CaptureFixture[str]) -> None:
    code, done = run(
        capsys, "set", "kb", "leave.md", "year=2025", "tags=a", "tags=b", "code:string=7", "--unset", "dept"
    )
    assert code == 0
    assert done["applied"] is True
    assert done["document"]["metadata"] == {"year": 2025, "tags": ["a", "b"], "code": "7"}
    assert found(capsys, "--where", "year = 2025") == ["leave.md"]
    assert found(capsys, "--where", "dept empty") == ["leave.md"]
    assert found(capsys, "--where", "code starts-with 7") == ["leave.md"]
    assert found(capsys, "--where", "tags not-in b") == ["parts.csv", "travel.txt"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["leave.md"], "nothing to set; give NAME=VALUE or --unset NAME"),
        (["leave.md", "year"], "write NAME=VALUE"),
        (["leave.md", "year=soon"], "'year' holds number values, the string 'soon'"),
        (["leave.md", "year:string=2025"], "'year' holds number values, 'year:string=2025' gives a string"),
        (["leave.md", "--unset", "colour"], "'leave.md' has no metadata field 'colour'; it has: year, dept"),
        (["leave.md", "title=x"], "'title' is reserved"),
    ],
)
def test_what_cannot_be_set_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    code, report = run(capsys, "set", "kb", *arguments)
    assert code == 2
    assert said in report["error"]["message"]
    assert "\n" not in report["error"]["message"]


def test_fields(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "set", "kb", "leave.md", "year=2025", "due=2024-02-29")
    code, listed = run(capsys, "fields", "kb")
    assert code == 0
    due = 19_782 * 86_400
    rows = [
        ("dept", "string", 3, 1, ["HR"], None, None),
        ("due", "time", 1, 1, [due], due, due),
        ("year", "number", 3, 2, [2024, 2025], 2024, 2025),
    ]
    names = ("name", "type", "documents", "distinct", "values", "minimum", "maximum")
    assert listed["fields"] == [{"built_in": False, **dict(zip(names, row, strict=True))} for row in rows]
    assert main(["fields", "kb"]) == 0
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert shown == [
        ["NAME", "TYPE", "DOCUMENTS", "DISTINCT", "VALUES"],
        ["dept", "string", "3", "1", "HR"],
        ["due", "time", "1", "1", "2024-02-29"],
        ["year", "number", "3", "2", "2024", "…", "2025"],
    ]


def test_times_are_shown_as_they_are_typed(capsys: pytest.CaptureFixture[str]) -> None:
    given = "2024-02-29T12:30:00.500000"
    assert main(["set", "kb", "leave.md", f"due={given}"]) == 0
    assert f"  due = {given}\n" in capsys.readouterr().out
    with Workspace() as workspace:
        workspace.open("kb").set_metadata("leave.md", {"due": 2**53})
    assert main(["fields", "kb"]) == 0
    assert str(2**53) in capsys.readouterr().out


def test_case(capsys: pytest.CaptureFixture[str]) -> None:
    assert found(capsys, "--where", "dept = hr") == []
    assert len(found(capsys, "--where", "dept = hr", "--ignore-case")) == 3
    assert found(capsys, "--where", "dept != hr", "--where-any", "dept empty", "--ignore-case") == []
    assert run(capsys, "settings", "kb", "ignore_case=on")[0] == 0
    assert len(found(capsys, "--where", "dept contains r")) == 3
    assert found(capsys, "--where", "dept contains r", "--no-ignore-case") == []


def test_settings_of_a_base(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def rows() -> dict[str, tuple[object, str]]:
        report = run(capsys, "settings", "kb")[1]
        return {row["name"]: (row["value"], row["source"]) for row in report["settings"]}

    monkeypatch.setenv("KNOWLEDGE_TOP_K", "2")
    assert (rows()["top_k"], rows()["mode"]) == ((2, "environment"), (None, "default"))
    code, report = run(capsys, "settings", "kb", "top_k=1", "threshold=0.1", "built_in_fields=on")
    assert (code, report["kb"], report["fixed"]["max_length"]) == (0, "kb", 500)
    assert rows()["top_k"] == (1, "knowledge base")
    assert len(found(capsys)) == 1
    assert found(capsys, "--top-k", "9", "--where", "document_name ends-with .md") == ["leave.md"]
    assert run(capsys, "show", "kb")[1]["settings"]["top_k"] == 1
    run(capsys, "settings", "kb", "top_k=none", "threshold=off", "built_in_fields=off")
    assert (rows()["top_k"], rows()["threshold"]) == ((2, "environment"), (None, "default"))
    code, report = run(capsys, "settings", "kb", "max_length=300")
    assert (code, report["error"]["type"]) == (2, "InputError")
    assert "fixed when it was made" in report["error"]["message"]
    assert run(capsys, "settings", "kb", "top_k")[0] == 2
    assert run(capsys, "settings", "none")[0] == 1


def test_settings_of_the_program(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "settings.toml"
    config.write_text("top_k = 7\nthreshold = 0.2\n")
    monkeypatch.setenv("KNOWLEDGE_CONFIG", str(config))
    monkeypatch.setenv("KNOWLEDGE_THRESHOLD", "0.3")
    code, report = run(capsys, "settings")
    assert code == 0
    by_name = {row["name"]: row for row in report["settings"]}
    assert list(by_name) == [row.name for row in SETTINGS]
    assert (by_name["top_k"]["value"], by_name["top_k"]["source"]) == (7, "file")
    assert (by_name["threshold"]["value"], by_name["threshold"]["source"]) == (0.3, "environment")
    assert by_name["max_length"]["dify"].startswith("1024")
    assert by_name["max_length"]["environment"] == "KNOWLEDGE_MAX_LENGTH"
    assert main(["settings"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(SETTINGS) + 1


def test_beside_a_process_that_holds_the_workspace(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Workspace() as holder:
        assert main(["fields", "kb"]) == 0
        assert main(["settings", "kb"]) == 0
        capsys.readouterr()
        assert main(["set", "kb", "leave.md", "year=2030", "--json"]) == 0
        out, err = capsys.readouterr()
        assert json.loads(out)["applied"] is False
        assert err.startswith("note: another process holds the workspace")
        assert err.count("\n") == 1
        assert main(["settings", "kb", "top_k=1", "--quiet"]) == 0
        assert capsys.readouterr().err == ""
        kb = holder.open("kb")
        assert [hit.document.key for hit in kb.search("年假", where="year = 2030")] == ["leave.md"]
    assert found(capsys, "--where", "year > 2029") == ["leave.md"]
