"""Remakes the PDF, DOCX and XLSX of `knowledge/samples` from `tests/sample_sources`, byte for byte.

The other samples are text and are their own source. The PDF embeds a subset of WenQuanYi Micro Hei, taken
under the Apache License 2.0: `apt-get install fonts-wqy-microhei`. The same versions of Python, zlib, fpdf2,
fontTools, python-docx, openpyxl and the font give the same bytes.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path
from typing import Literal

from docx import Document
from fpdf import FPDF, FontFace
from openpyxl import Workbook  # type: ignore[import-untyped]
from openpyxl.styles import Font  # type: ignore[import-untyped]
from openpyxl.worksheet.worksheet import Worksheet  # type: ignore[import-untyped]

SOURCES = Path(__file__).parent / "sample_sources"
SAMPLES = Path(__file__).parent.parent / "knowledge" / "samples" / "documents"
FONT = Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc")

COMPANY = "Lutern Instruments"
PUBLISHED = datetime(2025, 3, 1, 9, 0, tzinfo=UTC)

Kind = Literal["chapter", "section", "list", "table", "paragraph"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A run of lines of one kind; a row of a table is a line whose cells are separated by `|`."""

    kind: Kind
    lines: tuple[str, ...]

    @property
    def rows(self) -> list[list[str]]:
        cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in self.lines]
        return [row for row in cells if set("".join(row)) != {"-"}]


MARKS: tuple[tuple[str, Kind], ...] = (("# ", "chapter"), ("## ", "section"), ("- ", "list"), ("|", "table"))


def parts(source: str) -> Iterator[Part]:
    """The parts of a source file, which uses a small piece of Markdown: one line is one paragraph."""
    lines = (SOURCES / source).read_text(encoding="utf-8").splitlines()
    for (kind, _), run in groupby(enumerate(lines), key=_kind_and_run):
        text = tuple(_unmarked(line) for _, line in run if line)
        if text:
            yield Part(kind=kind, lines=text)


def _kind_and_run(numbered: tuple[int, str]) -> tuple[Kind, int]:
    """Lists and tables are runs of lines; everything else stands alone."""
    number, line = numbered
    kind: Kind = next((kind for mark, kind in MARKS if line.startswith(mark)), "paragraph")
    return kind, 0 if kind in ("list", "table") else number


def _unmarked(line: str) -> str:
    return re.sub(r"^(#+|-) ", "", line)


# --- PDF -------------------------------------------------------------------------------------------------

BODY_POINTS = 11
LINE_MM = 7.2
UNBREAKABLE = re.compile(r"[A-Za-z0-9.:@/%-]+|.")
NEVER_FIRST = "，。、；：？！）》”’"
NEVER_LAST = "（《“‘"


class Handbook(FPDF):
    """An A4 document in Chinese with a page number at the foot of every page."""

    def __init__(self, title: str) -> None:
        super().__init__(format="A4")
        self.set_title(title)
        self.set_author("鹭汀仪器有限公司")
        self.set_lang("zh-CN")
        self.set_creation_date(PUBLISHED)
        self.set_margins(25, 22)
        self.set_auto_page_break(True, margin=24)
        self.add_font("Hei", "", FONT)
        self.size(BODY_POINTS)

    def footer(self) -> None:
        self.set_y(-15)
        self.size(9)
        self.cell(0, 6, f"员工手册 2025版 · 第{self.page_no()}页", align="C")

    def size(self, points: float) -> None:
        self.set_font("Hei", "", points)

    def start_chapter(self) -> None:
        """A chapter starts a page, unless the page before is at most half full."""
        if self.page_no() == 0:
            self.add_page()
            self.title_page_head()
        elif self.get_y() > self.h / 2:
            self.add_page()
        else:
            self.ln(8)

    def title_page_head(self) -> None:
        self.size(22)
        self.cell(0, 14, "鹭汀仪器有限公司员工手册", align="C", new_x="LMARGIN", new_y="NEXT")
        self.size(10)
        self.cell(0, 8, "2025版，自2025年3月1日起施行", align="C", new_x="LMARGIN", new_y="NEXT")
        self.ln(4)

    def heading(self, text: str, level: int) -> None:
        self.start_section(text, level=level - 1)
        self.ln(3 if level == 2 else 0)
        self.size(17 if level == 1 else 13)
        self.cell(0, 11 if level == 1 else 8.5, text, new_x="LMARGIN", new_y="NEXT")
        self.size(BODY_POINTS)

    def paragraph(self, text: str, indent_mm: float = 0) -> None:
        for line in self._wrapped(text, self.epw - indent_mm):
            self.set_x(self.l_margin + indent_mm)
            self.cell(0, LINE_MM, line, new_x="LMARGIN", new_y="NEXT")
        self.ln(1.6)

    def _wrapped(self, text: str, width_mm: float) -> Iterator[str]:
        """Lines of Chinese: Latin words and numbers stay whole, closing marks hang in the margin."""
        line = ""
        for token in UNBREAKABLE.findall(text):
            if token not in NEVER_FIRST and self.get_string_width(line + token) > width_mm - BODY_POINTS / 3:
                kept = line.rstrip(NEVER_LAST)
                yield kept
                line = line[len(kept) :]
            line += token
        yield line

    def rows(self, rows: list[list[str]]) -> None:
        with self.table(line_height=LINE_MM, headings_style=FontFace(emphasis="")) as table:
            for row in rows:
                table.row(row)
        self.ln(2)


def make_handbook() -> bytes:
    pdf = Handbook("鹭汀仪器有限公司员工手册（2025版）")
    for part in parts("employee-handbook.md"):
        match part.kind:
            case "chapter":
                pdf.start_chapter()
                pdf.heading(part.lines[0], level=1)
            case "section":
                pdf.heading(part.lines[0], level=2)
            case "list":
                for line in part.lines:
                    pdf.paragraph(f"• {line}", indent_mm=5)
            case "table":
                pdf.rows(part.rows)
            case "paragraph":
                pdf.paragraph(part.lines[0])
    return bytes(pdf.output())


# --- DOCX ------------------------------------------------------------------------------------------------


def make_policy() -> bytes:
    document = Document()
    document.core_properties.title = "IT and Information Security Policy"
    document.core_properties.author = "IT and Security, " + COMPANY
    document.core_properties.comments = ""
    document.core_properties.created = document.core_properties.modified = PUBLISHED.replace(tzinfo=None)
    document.sections[0].header.paragraphs[0].text = f"{COMPANY} – internal"
    document.add_heading("IT and Information Security Policy", level=0)
    for part in parts("it-security-policy.md"):
        match part.kind:
            case "chapter" | "section":
                document.add_heading(part.lines[0], level=1 if part.kind == "chapter" else 2)
            case "table":
                _add_table(document, part.rows)
            case "list":
                for line in part.lines:
                    document.add_paragraph(line, style="List Bullet")
            case "paragraph":
                document.add_paragraph(part.lines[0])
    file = io.BytesIO()
    document.save(file)
    return _undated(file.getvalue())


def _add_table(document: Document, rows: list[list[str]]) -> None:
    table = document.add_table(rows=0, cols=len(rows[0]), style="Light Grid Accent 1")
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text


# --- XLSX ------------------------------------------------------------------------------------------------

SHEETS = {"整机价格": "instruments.csv", "Spare parts": "spare-parts.csv"}


def make_price_list() -> bytes:
    workbook = Workbook()
    workbook.remove(workbook.active)
    workbook.properties.title = "Price list 2025"
    workbook.properties.creator = COMPANY
    workbook.properties.created = PUBLISHED.replace(tzinfo=None)
    for name, source in SHEETS.items():
        _fill(workbook.create_sheet(name), source)
    file = io.BytesIO()
    workbook.save(file)
    return _undated(file.getvalue())


def _fill(sheet: Worksheet, source: str) -> None:
    with (SOURCES / source).open(encoding="utf-8", newline="") as lines:
        for row in csv.reader(lines):
            sheet.append([_typed(cell) for cell in row])
    sheet.freeze_panes = "A2"
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for column, width in zip("ABCDEFG", (13, 46, 44, 18, 14, 16, 18), strict=True):
        sheet.column_dimensions[column].width = width


def _typed(cell: str) -> str | int | float | date:
    if re.fullmatch(r"\d{4}-\d\d-\d\d", cell):
        return date.fromisoformat(cell)
    if re.fullmatch(r"\d+", cell):
        return int(cell)
    return float(cell) if re.fullmatch(r"\d+\.\d+", cell) else cell


# --- the moment of making, taken out ---------------------------------------------------------------------

MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")


def _undated(package: bytes) -> bytes:
    """The same ZIP package with the date of `PUBLISHED` on every entry and in its properties."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, PUBLISHED.timetuple()[:6])
            content = MODIFIED.sub(
                rb"\g<1>" + PUBLISHED.strftime("%Y-%m-%dT%H:%M:%SZ").encode(), old.read(name)
            )
            new.writestr(entry, content, zipfile.ZIP_DEFLATED, compresslevel=9)
    return file.getvalue()


MAKERS = {
    "员工手册.pdf": make_handbook,
    "it-security-policy.docx": make_policy,
    "price-list-2025.xlsx": make_price_list,
}


def main() -> None:
    for name, make in MAKERS.items():
        size_bytes = (SAMPLES / name).write_bytes(make())
        print(f"{size_bytes:>7} bytes  {name}")


if __name__ == "__main__":
    main()
