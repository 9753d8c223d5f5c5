"""Several files read at once, each worker process fed by its own thread."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from extractors import Worker
from knowledge.configuration import setting
from knowledge.types import Document


class ExtractionPool:
    """Reads files in `workers` processes of their own: a file that crashes one costs nothing but itself."""

    def __init__(self, workers: int) -> None:
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="extract")
        self._own = threading.local()
        self._workers: list[Worker] = []

    def submit(self, data: bytes, name: str) -> Future[Document]:
        """The document in the future, or the `ExtractionError` of this file."""
        return self._threads.submit(self._extract, data, name)

    def _extract(self, data: bytes, name: str) -> Document:
        if not hasattr(self._own, "worker"):
            self._own.worker = Worker(
                timeout_s=setting("extract_timeout_s"),
                memory_mb=setting("extract_memory_mb"),
                max_characters=setting("extract_characters"),
            )
            self._workers.append(self._own.worker)
        worker: Worker = self._own.worker
        return worker.extract(data, name)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in self._workers:
            worker.close()

    def __enter__(self) -> ExtractionPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
