"""One small sample per format, and what must hold for each, whole or mutilated."""

import io
import random
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import docx
import openpyxl
import pytest
from fpdf import FPDF
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extractors import Worker, extract, supported_suffixes
from knowledge.errors import ExtractionError
from knowledge.types import Document

SHARED = Path(__file__).resolve().parents[2] / "shared" / "docs"
ENGLISH = "Every employee has twenty days of paid leave in a calendar year."
CHINESE = "职工累计工作已满一年不满十年的，年休假五天。"


def pdf_sample() -> bytes:
    pdf = FPDF()
    pdf.set_title("Leave policy")
    for page in (1, 2):
        pdf.add_page()
        pdf.set_font("Helvetica", size=20)
        pdf.cell(text=f"Part {page}", new_x="LMARGIN", new_y="NEXT")
        pdf.set_font("Helvetica", size=11)
        pdf.multi_cell(0, 6, f"{ENGLISH} " * 8)
        pdf.ln(8)
        pdf.multi_cell(0, 6, f"Page {page} has a second paragraph. {ENGLISH} " * 3)
    return bytes(pdf.output())


def docx_sample() -> bytes:
    document = docx.Document()
    document.core_properties.title = "Leave policy"
    document.add_heading("Leave", level=1)
    document.add_paragraph(ENGLISH)
    document.add_paragraph("ask your lead", style="List Bullet")
    document.add_paragraph("fill in the form", style="List Bullet")
    document.add_heading("年休假", level=2)
    document.add_paragraph(CHINESE)
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(table._cells, ("years", "days", "1–10", "5"), strict=True):
        cell.text = text
    return saved(document)


def xlsx_sample() -> bytes:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "员工"
    for row in (
        ["工号", "姓名", "入职", "工资"],
        ["007", "张三", datetime(2020, 3, 1), 8000.0],
        ["008", "李四", None, 0.5],
    ):
        sheet.append(row)
    return saved(workbook)


def saved(document: object) -> bytes:
    stream = io.BytesIO()
    document.save(stream)  # type: ignore[attr-defined]
    return stream.getvalue()


HTML = f"""<!doctype html><html><head><meta charset="utf-8"><title>Leave</title><style>p{{}}</style></head>
<body><h1>Leave</h1><p>{ENGLISH}</p><ul><li>ask<li>sign<ol><li>twice</ol></ul><p>{CHINESE}<script>x()</script></p>
<table><tr><th>years<th>days<tr><td>1|2<td>5</table><pre>if x:\n    y()</pre></body></html>"""
MARKDOWN = f"""---
title: Leave
---
# Leave

{ENGLISH}

- ask
- sign

```
# not a heading
```

| years | days |
| --- | --- |
| 1 | 5 |

年休假
------
{CHINESE}
"""
SAMPLES: dict[str, Callable[[], bytes]] = {
    "a.txt": lambda: f"{ENGLISH}\n{ENGLISH}\n\n  {CHINESE}  \n".encode(),
    "gb.txt": lambda: (f"{CHINESE}\n\n" * 5).encode("gb18030"),
    "a.md": MARKDOWN.encode,
    "a.html": HTML.encode,
    "a.csv": lambda: '工号,姓名\n007,"张,三"\n008,李四\n'.encode(),
    "a.tsv": lambda: b"id\tname\n1\tx\n2\ty\n",
    "a.pdf": pdf_sample,
    "a.docx": docx_sample,
    "a.xlsx": xlsx_sample,
}
BYTES = {name: make() for name, make in SAMPLES.items()}


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(timeout_s=20) as shared:
        yield shared


def check(document: Document) -> None:
    """What every document keeps: spans true, in order, apart, without outer white space; text storable."""
    text, end = document.text, 0
    assert document.blocks or document.attachments
    for attachment in document.attachments:
        check(attachment)
    for block in document.blocks:
        assert end <= block.start < block.end <= len(text)
        content = text[block.start : block.end]
        assert content == content.strip()
        end = block.end
    assert "\x00" not in text
    assert "\r" not in text
    text.encode("utf-8")


def outcome(worker: Worker, source: bytes | Path, name: str) -> str:
    """Checks what is read; the message when it is an error of the tree. Any other error fails the test."""
    try:
        check(worker.extract(source, name))
    except ExtractionError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", BYTES)
def test_samples_keep_the_invariants(name: str) -> None:
    document = extract(BYTES[name], name=name, sandbox=False)
    check(document)
    assert document.name == name
    # Nothing of the text stands outside the blocks.
    inside = sum(len("".join(document.text[block.start : block.end].split())) for block in document.blocks)
    assert inside == len("".join(document.text.split()))


@pytest.mark.parametrize("name", BYTES)
def test_the_sandbox_gives_the_same_document(name: str, worker: Worker, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(BYTES[name])
    direct = extract(BYTES[name], name=name, sandbox=False)
    assert worker.extract(path) == direct
    assert worker.extract(BYTES[name], name) == direct


@pytest.mark.parametrize("name", BYTES)
def test_mutilated_samples_stay_in_the_error_tree(name: str, worker: Worker) -> None:
    source = random.Random(name)
    for turn in range(30):
        data = bytearray(BYTES[name])
        if turn % 3 == 0:
            del data[source.randrange(len(data)) :]
        else:
            for _ in range(source.choice((1, 8, 64))):
                data[source.randrange(len(data))] = source.randrange(256)
        assert "\n" not in outcome(worker, bytes(data), name)


@pytest.mark.parametrize("part", ["word/document.xml", "word/styles.xml", "word/numbering.xml"])
def test_mutilated_parts_of_a_package_stay_in_the_error_tree(part: str, worker: Worker) -> None:
    source = random.Random(part)
    for _ in range(15):
        assert "\n" not in outcome(worker, _with_damaged_part(BYTES["a.docx"], part, source), "a.docx")


def _with_damaged_part(data: bytes, part: str, source: random.Random) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            content = bytearray(old.read(name))
            if name == part:
                for _ in range(3):
                    content[source.randrange(len(content))] = source.randrange(32, 127)
            new.writestr(name, bytes(content))
    return stream.getvalue()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.binary(max_size=300), suffix=st.sampled_from(supported_suffixes()))
def test_any_bytes_give_a_sound_document_or_an_error_of_the_tree(data: bytes, suffix: str) -> None:
    if b"%PDF-" in data:
        return
    with suppress(ExtractionError):
        check(extract(data, name=f"a{suffix}", sandbox=False))


LINES = st.lists(
    st.sampled_from(
        [
            "",
            "# a",
            "a",
            "---",
            "===",
            "```",
            "~~~",
            "- x",
            "  y",
            "    z",
            "1. q",
            "| a | b |",
            "|-|-|",
            "+++",
            "k: v",
            "***",
        ]
    )
)


@settings(max_examples=300, deadline=None)
@given(lines=LINES)
def test_any_markdown_keeps_its_text(lines: list[str]) -> None:
    written = "\n".join(lines)
    try:
        document = extract(written.encode(), name="a.md", sandbox=False)
    except ExtractionError:
        return
    check(document)
    assert written.endswith(document.text)


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(
        st.lists(st.text(st.characters(codec="utf-8"), max_size=5), min_size=1, max_size=4), min_size=1
    )
)
def test_any_text_survives_in_plain_text_and_html(rows: list[list[str]]) -> None:
    text = "\n\n".join(" ".join(row) for row in rows)
    for name in ("a.txt", "a.html"):
        with suppress(ExtractionError):
            check(extract(text.encode(), name=name, sandbox=False))


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="the sample documents are not on this machine")
@pytest.mark.parametrize("folder", ["txt", "md", "html", "pdf", "docx", "xlsx", "csv", "tsv"])
def test_real_files_stay_in_the_error_tree(folder: str, worker: Worker) -> None:
    for path in sorted((SHARED / folder).iterdir()):
        assert "crashed" not in outcome(worker, path, path.name)
