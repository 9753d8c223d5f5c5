"""The vectors of the questions that were asked last, in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from knowledge.types import Vector


class RecentVectors:
    """Of the `most` texts that were asked for last. Threads may share it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._vectors: OrderedDict[str, Vector] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, text: str) -> Vector | None:
        with self._lock:
            if text in self._vectors:
                self._vectors.move_to_end(text)
            return self._vectors.get(text)

    def keep(self, text: str, vector: Vector) -> None:
        with self._lock:
            # One of many is a view, which would keep all of them in memory.
            self._vectors[text] = vector.copy()
            self._vectors.move_to_end(text)
            if len(self._vectors) > self._most:
                self._vectors.popitem(last=False)
