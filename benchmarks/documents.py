"""Made-up files of the size of ordinary ones, the same on every machine: what they hold is prose of `chunking`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from benchmarks.chunking import prose

COPIES: Final = 4
"""Files of each format."""
_CHARACTERS: Final = 60_000
"""Of a text: some twenty pages."""
_ROWS: Final = 2_000


@dataclass(frozen=True, slots=True)
class File:
    name: str
    data: bytes


def made_up() -> Iterator[tuple[str, bytes]]:
    """Names and bytes."""
    for copy in range(COPIES):
        paragraphs = prose("en", _CHARACTERS + copy, "\n\n").split("\n\n")
        rows = list(_rows(paragraphs))
        yield f"{copy}.txt", "\n\n".join(paragraphs).encode()
        yield f"{copy}.md", "\n\n".join(_sections(paragraphs)).encode()
        yield f"{copy}.html", _page(paragraphs).encode()
        yield f"{copy}.csv", _table(rows).encode()
        yield f"{copy}.pdf", _pdf(paragraphs)
        yield f"{copy}.docx", _docx(paragraphs)
        yield f"{copy}.xlsx", _xlsx(rows)


def _rows(paragraphs: list[str]) -> Iterator[list[str | float]]:
    yield ["id", "name", "note", "amount", "share"]
    for number in range(_ROWS):
        note = paragraphs[number % len(paragraphs)][:40]
        yield [f"{number:05}", note.split()[0], note, number * 1.25, number / _ROWS]


def _sections(paragraphs: list[str]) -> Iterator[str]:
    """A heading before every eighth paragraph, in three levels."""
    for number, paragraph in enumerate(paragraphs):
        if number % 8 == 0:
            yield f"{'#' * (1 + number // 8 % 3)} {paragraph[:50].rstrip()}"
        yield paragraph


def _page(paragraphs: list[str]) -> str:
    menu = "".join(
        f'<li><a href="/{number}">{paragraph[:20]}</a></li>'
        for number, paragraph in enumerate(paragraphs[:40])
    )
    body = "".join(
        f'<p class="text" data-n="{number}">{text}</p>\n' for number, text in enumerate(paragraphs)
    )
    return (
        '<!doctype html><html><head><meta charset="utf-8"><title>Made up</title><style>p{margin:0}</style></head>'
        f"<body><nav><ul>{menu}</ul></nav><main><h1>Made up</h1>{body}</main><footer>The end</footer></body></html>"
    )


def _table(rows: list[list[str | float]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue()


def _docx(paragraphs: list[str]) -> bytes:
    import docx

    document = docx.Document()
    for section in _sections(paragraphs):
        level = len(section) - len(section.lstrip("#"))
        if level:
            document.add_heading(section.lstrip("# "), level)
        else:
            document.add_paragraph(section)
    table = document.add_table(rows=20, cols=4)
    for number, row in enumerate(table.rows):
        for cell, word in zip(row.cells, paragraphs[number].split(), strict=False):
            cell.text = word
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def _xlsx(rows: list[list[str | float]]) -> bytes:
    import openpyxl

    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet("Made up")
    for row in rows:
        sheet.append(row)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def _pdf(paragraphs: list[str]) -> bytes:
    from fpdf import FPDF

    pdf = FPDF()
    pdf.set_title("Made up")
    pdf.add_page()
    for section in _sections(paragraphs):
        level = len(section) - len(section.lstrip("#"))
        pdf.set_font("Helvetica", "B" if level else "", size=16 - level if level else 10)
        pdf.multi_cell(0, 5, section.lstrip("# "), new_x="LMARGIN", new_y="NEXT")
        pdf.ln(2)
    return bytes(pdf.output())
