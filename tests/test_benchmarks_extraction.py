"""The suites about reading files run from end to end, on files of their own and on a folder."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("benchmarks", reason="the benchmarks are not in the wheel")

from benchmarks import extraction, hostile, reading
from benchmarks.documents import made_up
from benchmarks.harness import Options
from extractors import extract

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="processor time of another process")


def test_made_up_files_are_of_ordinary_size_and_can_be_read() -> None:
    files = dict(made_up())
    assert {name.partition(".")[2] for name in files} == {"txt", "md", "html", "csv", "pdf", "docx", "xlsx"}
    for name in ("0.docx", "0.pdf", "0.html"):
        assert len(extract(files[name], name=name, sandbox=False).text) > 50_000


def options(folder: Path) -> Options:
    return Options(data=None, sets=[], embedding=None, limit_queries=None, size=0, docs=folder)


@needs_proc
def test_a_folder_is_measured_by_format_and_size(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    (tmp_path / "b.csv").write_text("")
    (tmp_path / "c.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    rows = {row["format"]: row for row in extraction.run(options(tmp_path))}
    assert list(rows)[:4] == [".csv", ".png", "all", "0 to 4 kB"]
    assert [rows["all"][name] for name in ("files", "read", "warned", "failed", "escaped")] == [3, 1, 0, 2, 0]
    assert rows[".csv"]["why"] == "EmptyDocument: it has N bytes (1)"
    assert rows[".png"]["why"] == "UnsupportedFormat: is a PNG image, which cannot be read (1)"
    assert (rows[".png"]["times"], rows["over 256 kB"]["times"]) == (None, None)
    assert rows["all"]["times"] == rows[".csv"]["times"] > 0
    assert len({tuple(row) for row in rows.values()}) == 1


@needs_proc
def test_what_attacks_is_refused(tmp_path: Path) -> None:
    (tmp_path / "read.txt").write_text("text")
    (tmp_path / "empty.txt").write_text("")
    rows = {row["file"]: row for row in hostile.run(options(tmp_path))}
    assert list(rows) == [*hostile.MADE_UP, "empty.txt"]
    assert {name for name, row in rows.items() if row["outcome"] == "read"} == {"names.zip"}
    assert max(row["peak_mb"] for row in rows.values()) < 400


@pytest.mark.slow
def test_readers_are_compared_by_format(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    rows = list(reading.run(options(tmp_path)))
    assert rows[0]["reader"] == reading.OURS
    assert {(row["format"], row["files"]) for row in rows} == {(".csv", 1)}
