"""How files would be cut: read and cut as an ingestion does, and then only counted, never stored."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import chain
from statistics import median
from typing import Final

from knowledge.attached import unpacked
from knowledge.errors import ExtractionError, InputError
from knowledge.extraction import READ_AHEAD, ExtractionPool
from knowledge.ingestion import check_text
from knowledge.processing import ProcessRule
from knowledge.sources import Source
from knowledge.types import Chunk, Document

FIRST: Final = 3
"""Chunks of each document that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Lengths of chunks, in characters."""

    min: int
    median: float
    max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewedDocument:
    """How one source would be cut."""

    key: str
    name: str
    characters: int = 0
    lengths: tuple[int, ...] = ()
    """Of its chunks, in characters, in order."""
    children: int = 0
    first: tuple[Chunk, ...] = ()
    error: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def sizes(self) -> Sizes | None:
        """None where there is no chunk."""
        return _sizes(self.lengths)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """How all sources would be cut, in their order."""

    documents: tuple[PreviewedDocument, ...]
    seconds: float
    model: str | None = None
    """The language model that an ingestion would ask for questions, once for each of these chunks."""

    @property
    def chunks(self) -> int:
        return sum(len(document.lengths) for document in self.documents)

    @property
    def children(self) -> int:
        return sum(document.children for document in self.documents)

    @property
    def sizes(self) -> Sizes | None:
        """Of the chunks of all documents."""
        return _sizes(tuple(chain.from_iterable(document.lengths for document in self.documents)))

    @property
    def failed(self) -> tuple[PreviewedDocument, ...]:
        return tuple(document for document in self.documents if document.error is not None)


def _sizes(lengths: Sequence[int]) -> Sizes | None:
    return Sizes(min=min(lengths), median=median(lengths), max=max(lengths)) if lengths else None


def preview(
    sources: Sequence[Source], rule: ProcessRule, workers: int, password: str | None = None
) -> Preview:
    """Reads and cuts every source; one that cannot be read is in the result and stops nothing.

    No language model is asked: where questions would be generated, the passages for them are shown.
    """
    started = time.perf_counter()
    cutting = rule.of_passages() if rule.generate else rule
    with ExtractionPool(workers, rule.reading(password)) as pool:
        documents = tuple(
            document
            for source, read in _read(sources, pool, workers * READ_AHEAD)
            for document in _previewed(source, read, cutting)
        )
    return Preview(documents=documents, seconds=time.perf_counter() - started, model=rule.llm)


_Read = Future[Document] | Document | InputError


def _read(sources: Sequence[Source], pool: ExtractionPool, ahead: int) -> Iterator[tuple[Source, _Read]]:
    waiting: deque[tuple[Source, _Read]] = deque()
    for source in sources:
        waiting.append((source, _start(source, pool)))
        if len(waiting) > ahead:
            yield waiting.popleft()
    yield from waiting


def _start(source: Source, pool: ExtractionPool) -> _Read:
    if source.document is not None:
        return source.document
    try:
        return pool.submit(source.read(), source.name)
    except InputError as error:
        return error


def _previewed(source: Source, read: _Read, rule: ProcessRule) -> Iterator[PreviewedDocument]:
    """The source, unless it only holds others, and the files inside of it."""
    try:
        if isinstance(read, InputError):
            raise read
        document = read.result() if isinstance(read, Future) else read
    except (ExtractionError, InputError) as error:
        yield PreviewedDocument(key=source.key, name=source.name, error=str(error))
        return
    document, inside = unpacked(source, document)
    if document.text.strip() or not inside:
        yield _cut(source, document, rule)
    for attached in inside:
        yield _cut(attached, attached.document or document, rule)


def _cut(source: Source, read: Document, rule: ProcessRule) -> PreviewedDocument:
    try:
        document, chunks = rule.apply(read)
        check_text(source, document, chunks)
    except (ExtractionError, InputError) as error:
        return PreviewedDocument(key=source.key, name=source.name, error=str(error))
    return PreviewedDocument(
        key=source.key,
        name=source.name,
        characters=len(document.text),
        lengths=tuple(len(chunk.content) for chunk in chunks),
        children=sum(len(chunk.children) for chunk in chunks),
        first=tuple(chunks[:FIRST]),
        warnings=document.warnings,
    )
