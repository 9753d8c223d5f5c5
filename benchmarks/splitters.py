"""The chunkers that the chunking suites compare: ours and the field's, each asked for passages with offsets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final

from chunkers import General

Cut = Callable[[str], Any]
Spans = list[tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Splitter:
    name: str
    package: str
    make: Callable[[int], Cut]
    """A fresh chunker of at most so many characters, without overlap: some remember what they have counted."""
    spans: Callable[[Any], Spans]
    """Where the passages that it gave stand."""


def installed(splitters: Iterable[Splitter]) -> list[Splitter]:
    return [splitter for splitter in splitters if find_spec(splitter.package)]


def _ours(size: int) -> Cut:
    return General(max_length=size, overlap=0).chunk


def _langchain(size: int) -> Cut:
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(chunk_size=size, chunk_overlap=0, add_start_index=True)
    return lambda text: splitter.create_documents([text])


def _langchain_spans(documents: Any) -> Spans:
    return [
        (document.metadata["start_index"], document.metadata["start_index"] + len(document.page_content))
        for document in documents
    ]


def _chonkie(size: int) -> Cut:
    from chonkie import RecursiveChunker

    cut: Cut = RecursiveChunker(tokenizer="character", chunk_size=size).chunk
    return cut


def _semchunk(size: int) -> Cut:
    import semchunk

    chunker = semchunk.chunkerify(len, size)
    return lambda text: chunker(text, offsets=True)


SPLITTERS: Final = (
    Splitter(
        name="ours",
        package="chunkers",
        make=_ours,
        spans=lambda chunks: [(chunk.start, chunk.end) for chunk in chunks],
    ),
    Splitter(
        name="langchain recursive",
        package="langchain_text_splitters",
        make=_langchain,
        spans=_langchain_spans,
    ),
    Splitter(
        name="chonkie recursive",
        package="chonkie",
        make=_chonkie,
        spans=lambda chunks: [(chunk.start_index, chunk.end_index) for chunk in chunks],
    ),
    Splitter(
        name="semchunk",
        package="semchunk",
        make=_semchunk,
        spans=lambda answer: [(start, end) for start, end in answer[1]],
    ),
)
