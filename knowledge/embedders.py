"""The embedding models of a workspace: each is loaded once, however many knowledge bases use it."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from indexers.embedding_cache import CachedEmbedder

CACHE_FILE: Final = "embeddings.db"


class Embedders:
    """Threads may share it. Closed, it loads again what is asked for."""

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        self._opened: dict[str, CachedEmbedder] = {}

    def opened(self, spec: str) -> CachedEmbedder:
        """The embedder of a spec, with the workspace's cache and measured floors. Raises `InputError`."""
        with self._lock:
            if spec not in self._opened:
                self._opened[spec] = self._load(spec)
            return self._opened[spec]

    def forget(self, spec: str) -> None:
        """Lets the model be loaded anew: it may be another one under the same name."""
        with self._lock:
            if (embedder := self._opened.pop(spec, None)) is not None:
                embedder.close()

    def close(self) -> None:
        with self._lock:
            for embedder in self._opened.values():
                embedder.close()
            self._opened.clear()

    def _load(self, spec: str) -> CachedEmbedder:
        from indexers.embedding_cache import CachedEmbedder
        from knowledge.embedding_client import configured_embedder
        from knowledge.floors import measured_floors

        return CachedEmbedder(
            configured_embedder(spec),
            self._workspace / CACHE_FILE,
            measured=partial(measured_floors, self._workspace),
        )
