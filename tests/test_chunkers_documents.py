"""Every file of a folder of real documents, cut in every way: nothing is lost or invented, twice is the same.

KNOWLEDGE_TEST_DOCUMENTS names the folder; without it there is nothing to do.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from chunkers import QA, General, ParentChild
from extractors import Worker
from knowledge.errors import ExtractionError
from knowledge.types import Chunk, Document

FOLDER = os.environ.get("KNOWLEDGE_TEST_DOCUMENTS")
FILES = sorted(path for path in Path(FOLDER).rglob("*") if path.is_file()) if FOLDER else []
CHUNKERS = (
    General(),
    General(max_length=120, overlap=30, row_per_chunk=True),
    ParentChild(),
    ParentChild(mode="full-doc", child=General(max_length=100, overlap=20)),
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FILES, reason="KNOWLEDGE_TEST_DOCUMENTS names no folder"),
]


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as worker:
        yield worker


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_invariants(path: Path, worker: Worker) -> None:
    try:
        document = worker.extract(path, path.name)
    except ExtractionError as error:
        pytest.skip(str(error)[:80])
    for chunker in CHUNKERS:
        chunks = chunker.chunk(document)
        check(
            document.text,
            chunks,
            0,
            chunks[-1].end if _is_cut_off(chunker) and chunks else len(document.text),
        )
        check_limits(chunker, chunks)
        assert chunker.chunk(document) == chunks
    check_pairs(document)


def _is_cut_off(chunker: General | ParentChild) -> bool:
    return isinstance(chunker, ParentChild) and chunker.mode == "full-doc"


def check(text: str, chunks: Sequence[Chunk], start: int, end: int) -> None:
    """The chunks are spans of `text[start:end]` in order, gaps hold only white space, and so down to the children."""
    for chunk in chunks:
        assert text[chunk.start : chunk.end] == chunk.content
        assert chunk.content == chunk.content.strip() != ""
        if chunk.children:
            check(text, chunk.children, chunk.start, chunk.end)
    for before, after in pairwise(chunks):
        assert before.start < after.start
        assert before.end < after.end
    borders = [start, *(border for chunk in chunks for border in (chunk.start, chunk.end)), end]
    gaps = zip(borders[::2], borders[1::2], strict=True)
    assert not any(text[gap_start:gap_end].strip() for gap_start, gap_end in gaps)


def check_limits(chunker: General | ParentChild, chunks: Sequence[Chunk]) -> None:
    general = chunker if isinstance(chunker, General) else chunker.parent
    limit = chunker.full_doc_length if _is_cut_off(chunker) else general.max_length  # type: ignore[union-attr]
    assert all(len(chunk.content) <= limit for chunk in chunks)
    if isinstance(chunker, ParentChild):
        assert all(chunk.children for chunk in chunks)
        longest = max((len(child.content) for chunk in chunks for child in chunk.children), default=0)
        assert longest <= chunker.child.max_length


def check_pairs(document: Document) -> None:
    pairs = QA().chunk(document)
    for pair in pairs:
        assert document.text[pair.start : pair.end] == pair.content != ""
        assert pair.answer_span is not None
        written = document.text[slice(*pair.answer_span)]
        assert _letters(pair.answer or "") == _letters(written.replace("<br>", "")) != ""
    assert QA().chunk(document) == pairs


def _letters(text: str) -> str:
    return re.sub(r"[\s\\]+", "", text)
