"""The answers promised in `questions.json` stand in the samples, once, where it says."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from docx import Document
from openpyxl import load_workbook  # type: ignore[import-untyped]
from selectolax.parser import HTMLParser

SAMPLES = Path(__file__).parent.parent / "knowledge" / "samples" / "documents"
QUESTIONS = json.loads((SAMPLES.parent / "questions.json").read_text(encoding="utf-8"))

Passage = tuple[str, dict[str, Any]]


def pdf(path: Path) -> Iterator[Passage]:
    for number, page in enumerate(pypdfium2.PdfDocument(path), start=1):
        yield page.get_textpage().get_text_range(), {"page": number}


def docx(path: Path) -> Iterator[Passage]:
    document = Document(str(path))
    for paragraph in document.paragraphs:
        yield paragraph.text, {}
    for table in document.tables:
        for row in table.rows:
            yield " ".join(cell.text for cell in row.cells), {}


def xlsx(path: Path) -> Iterator[Passage]:
    for sheet in load_workbook(path, read_only=True):
        for number, row in enumerate(sheet.values, start=1):
            yield " ".join(str(cell) for cell in row), {"sheet": sheet.title, "row": number}


def csv_rows(path: Path) -> Iterator[Passage]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for number, row in enumerate(csv.reader(lines), start=1):
            yield " ".join(row), {"row": number}


def html(path: Path) -> Iterator[Passage]:
    for node in HTMLParser(path.read_bytes()).css("h1, h2, p, li, tr"):
        yield " ".join(node.text().split()), {}


def text(path: Path) -> Iterator[Passage]:
    for line in path.read_text(encoding="utf-8").splitlines():
        yield line, {}


READERS = {".pdf": pdf, ".docx": docx, ".xlsx": xlsx, ".csv": csv_rows, ".html": html, ".md": text}


@pytest.fixture(scope="module")
def passages() -> list[tuple[str, str, dict[str, Any]]]:
    paths = sorted(path for path in SAMPLES.iterdir())
    return [(path.name, *passage) for path in paths for passage in READERS[path.suffix](path)]


@pytest.mark.parametrize("entry", QUESTIONS, ids=lambda entry: entry["document"])
def test_each_answer_stands_in_one_passage_only(
    entry: dict[str, Any], passages: list[tuple[str, str, dict[str, Any]]]
) -> None:
    found = [(name, locator) for name, words, locator in passages if entry["must_contain"] in words]
    assert found == [(entry["document"], entry["locator"])]


@pytest.mark.parametrize("entry", QUESTIONS, ids=lambda entry: entry["document"])
def test_no_question_gives_its_answer_away(entry: dict[str, Any]) -> None:
    assert entry["must_contain"] not in entry["question"]


def test_every_document_has_a_question() -> None:
    documents = {path.name for path in SAMPLES.iterdir()}
    assert {entry["document"] for entry in QUESTIONS} == documents


def test_half_of_the_questions_are_chinese() -> None:
    assert sum(any("一" <= letter <= "鿿" for letter in entry["question"]) for entry in QUESTIONS) * 2 == len(
        QUESTIONS
    )


def test_the_samples_stay_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.iterdir()) < 400_000
