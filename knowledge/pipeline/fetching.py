"""The files of sources on their way to their runs: fetched one after the other, and read before their turn comes."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from knowledge.errors import KnowledgeError
from knowledge.extraction import READ_AHEAD, ExtractionPool
from knowledge.pipeline.files import File, begin_reading, forget_reading
from knowledge.pipeline.sources import DataSource, Entry
from knowledge.types import ReadOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A file, or why there is none, for the document of this key."""

    key: str
    file: File | KnowledgeError

    def opened(self) -> File:
        """Raises `KnowledgeError` where there is no file."""
        if isinstance(self.file, KnowledgeError):
            raise self.file
        return self.file


def fetched(source: DataSource, entry: Entry) -> Fetched:
    try:
        return Fetched(key=entry.key, file=source.fetch(entry))
    except KnowledgeError as error:
        return Fetched(key=entry.key, file=error)


@dataclass(slots=True)
class UntilError:
    """The same as `items`, but for an error that ends them, which is kept: what came before it can be finished."""

    items: Iterator[Fetched]
    error: KnowledgeError | None = None

    def __iter__(self) -> Iterator[Fetched]:
        try:
            yield from self.items
        except KnowledgeError as error:
            self.error = error


def read_ahead(items: UntilError, workers: int) -> Generator[Fetched, None, None]:
    """The same in the same order, while the files behind are read in `workers` processes. Close it: they end then."""
    waiting: deque[Fetched] = deque()
    with ExtractionPool(workers, ReadOptions()) as pool:
        try:
            for item in items:
                waiting.append(item)
                if isinstance(item.file, File):
                    begin_reading(item.file, pool)
                if len(waiting) > workers * READ_AHEAD:
                    yield from _taken(waiting)
            while waiting:
                yield from _taken(waiting)
        finally:
            for item in waiting:
                _forget(item)


def _taken(waiting: deque[Fetched]) -> Iterator[Fetched]:
    yield waiting[0]
    _forget(waiting.popleft())


def _forget(item: Fetched) -> None:
    if isinstance(item.file, File):
        forget_reading(item.file)
