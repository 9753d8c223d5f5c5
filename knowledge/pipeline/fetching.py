"""The files of sources on their way to their runs: fetched one after the other, and read before their turn comes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass

from knowledge.errors import InputError, KnowledgeError, NotFound
from knowledge.extraction import READ_AHEAD, ExtractionPool
from knowledge.pipeline.files import File, begin_reading
from knowledge.pipeline.sources import DataSource, Entry, entries_of
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


def all_fetched(sources: Iterable[DataSource]) -> Iterator[Fetched]:
    """The files of all sources, each key once."""
    taken: dict[str, DataSource] = {}
    for source in sources:
        is_empty = True
        for entry in entries_of(source):
            is_empty, other = False, taken.get(entry.key)
            if other is None:
                taken[entry.key] = source
                yield fetched(source, entry)
            elif other.id != source.id:
                told = (
                    f"it would have the key of a file of {other.name}; run their common folder, or rename one"
                )
                yield Fetched(key=entry.key, file=InputError(told))
        if is_empty:
            raise NotFound(f"no files in {source.name!r}; hidden files and workspaces are left out")


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


def read_ahead(
    items: UntilError, workers: int, password: str | None, is_over: Callable[[], bool]
) -> Generator[Fetched, None, None]:
    """The same in the same order, while the files behind are read in `workers` processes, until it `is_over` and none
    is needed. Close it: they end then. `password` is that of all files."""
    waiting: deque[Fetched] = deque()
    with ExtractionPool(workers, ReadOptions(password=password)) as pool:
        for item in items:
            waiting.append(item)
            if isinstance(item.file, File) and not is_over():
                begin_reading(item.file, pool)
            if len(waiting) > workers * READ_AHEAD:
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()
