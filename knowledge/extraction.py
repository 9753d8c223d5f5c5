"""Several files read at once, in processes of their own, ahead of their turn."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Final

from extractors import WorkerPool
from knowledge.configuration import setting
from knowledge.types import Document, ReadOptions

READ_AHEAD: Final = 4
"""Files per worker that are read before their turn."""


class ExtractionPool:
    """Reads files in `workers` processes: one that crashes its reader costs nothing but itself."""

    def __init__(self, workers: int, options: ReadOptions) -> None:
        self._options = options
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="extract")
        self._workers = WorkerPool(
            workers,
            timeout_s=setting("extract_timeout_s"),
            memory_mb=setting("extract_memory_mb"),
            max_characters=setting("extract_characters"),
        )

    def submit(self, data: bytes, name: str) -> Future[Document]:
        """The document in the future, or the `ExtractionError` of this file."""
        return self._threads.submit(self._workers.extract, data, name, self._options)

    def __enter__(self) -> ExtractionPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Whoever leaves with an error does not wait for files that are still being read."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if kind is not None:
            self._workers.abandon()
        self._workers.close()
