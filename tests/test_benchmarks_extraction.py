"""The extraction suite runs from end to end on files of its own and on a folder."""

from pathlib import Path

import pytest

pytest.importorskip("benchmarks", reason="the benchmarks are not in the wheel")

from benchmarks import extraction
from benchmarks.documents import made_up
from benchmarks.harness import Options
from extractors import extract


def test_made_up_files_are_of_ordinary_size_and_can_be_read() -> None:
    files = dict(made_up())
    assert {name.partition(".")[2] for name in files} == {"txt", "md", "html", "csv", "pdf", "docx", "xlsx"}
    for name in ("0.docx", "0.pdf", "0.html"):
        assert len(extract(files[name], name=name, sandbox=False).text) > 50_000


@pytest.mark.slow
def test_a_folder_is_measured_by_format(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    (tmp_path / "b.csv").write_text("")
    (tmp_path / "c.unknown").write_text("left out")
    rows = list(
        extraction.run(Options(data=None, sets=[], embedding=None, limit_queries=None, size=0, docs=tmp_path))
    )
    batch = [extraction.OURS, extraction.SANDBOXED, extraction.START]
    assert [row["reader"] for row in rows if row["format"] == "all"] == batch
    assert {(row["format"], row["files"]) for row in rows} == {(".csv", 2), ("all", 2)}
    assert (rows[0]["failed"], rows[0]["why"]) == (1, "EmptyDocument 1")
    assert len({tuple(row) for row in rows}) == 1
