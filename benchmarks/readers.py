"""The readers of the field that the extraction suite compares with ours, each as its documentation shows it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any, Final

Read = Callable[[bytes, str], object]
"""Reads the bytes of a file of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    name: str
    package: str
    suffixes: frozenset[str]
    """Of the files that it reads."""
    read: Read


def installed(readers: Iterable[Reader]) -> list[Reader]:
    return [reader for reader in readers if find_spec(reader.package)]


def _pdfium(data: bytes, name: str) -> list[str]:
    import pypdfium2

    with pypdfium2.PdfDocument(data) as document:
        return [page.get_textpage().get_text_range() for page in document]


def _pypdf_layout(data: bytes, name: str) -> list[str]:
    from pypdf import PdfReader

    return [page.extract_text(extraction_mode="layout") for page in PdfReader(io.BytesIO(data)).pages]


def _python_docx(data: bytes, name: str) -> list[str]:
    import docx

    document = docx.Document(io.BytesIO(data))
    cells = (cell.text for table in document.tables for row in table.rows for cell in row.cells)
    return [*(paragraph.text for paragraph in document.paragraphs), *cells]


def _openpyxl(data: bytes, name: str) -> list[tuple[Any, ...]]:
    import openpyxl

    workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    return [row for sheet in workbook.worksheets for row in sheet.iter_rows(values_only=True)]


def _beautiful_soup(data: bytes, name: str) -> str:
    from bs4 import BeautifulSoup

    text: str = BeautifulSoup(data, "lxml").get_text()
    return text


@cache
def _markitdown() -> Any:
    from markitdown import MarkItDown

    return MarkItDown(enable_plugins=False)


def _with_markitdown(data: bytes, name: str) -> object:
    from markitdown import StreamInfo

    return _markitdown().convert_stream(
        io.BytesIO(data), stream_info=StreamInfo(filename=name, extension=f".{name.rpartition('.')[2]}")
    )


_WORD: Final = frozenset((".docx",))
_EXCEL: Final = frozenset((".xlsx", ".xlsm"))
_PAGES: Final = frozenset((".html", ".htm"))
READERS: Final = (
    Reader(name="pdfium, raw", package="pypdfium2", suffixes=frozenset((".pdf",)), read=_pdfium),
    Reader(name="pypdf, layout", package="pypdf", suffixes=frozenset((".pdf",)), read=_pypdf_layout),
    Reader(name="python-docx", package="docx", suffixes=_WORD, read=_python_docx),
    Reader(name="openpyxl", package="openpyxl", suffixes=_EXCEL, read=_openpyxl),
    Reader(name="BeautifulSoup (lxml)", package="bs4", suffixes=_PAGES, read=_beautiful_soup),
    Reader(
        name="markitdown",
        package="markitdown",
        suffixes=frozenset((".pdf", ".pptx", ".csv", ".xls", ".ipynb", *_WORD, *_EXCEL, *_PAGES)),
        read=_with_markitdown,
    ),
)
