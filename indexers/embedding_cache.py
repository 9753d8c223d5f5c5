"""Remembers vectors on disk, so that the same text is never embedded twice by the same model."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from knowledge.protocols import Embedder
    from knowledge.types import Matrix, Vector

_LOG: Final = logging.getLogger(__name__)
_GROUP: Final = 256
"""Texts embedded between two writes: what an interruption loses at most."""
_QUERIES: Final = 256
_SCHEMA: Final = "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL)"
_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_NOT_DAMAGED: Final = _BUSY | {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY}
"""What a sound file gives too: on a full or failing disk its vectors are worth keeping."""
_LOCK_WAIT_S: Final = 5.0
_UNIT_TOLERANCE: Final = 1e-3
_Result = TypeVar("_Result")


class CachedEmbedder:
    """Any `Embedder`, with its document vectors kept in a file and its recent queries in memory.

    The file may be deleted at any time. A damaged or foreign one is replaced; where it cannot be used at all
    the texts are embedded as if there were no cache. Several threads may call at once.
    """

    def __init__(self, embedder: Embedder, path: Path) -> None:
        self._embedder = embedder
        self._vectors = _VectorFile(path)
        self._query = lru_cache(maxsize=_QUERIES)(embedder.embed_query)

    @property
    def fingerprint(self) -> str:
        return self._embedder.fingerprint

    @property
    def dimension(self) -> int:
        return self._embedder.dimension

    @property
    def floors(self) -> Mapping[str, float]:
        return self._embedder.floors

    @property
    def scripts(self) -> frozenset[str] | None:
        return self._embedder.scripts

    def embed_documents(self, texts: Sequence[str]) -> Matrix:
        """As the wrapped embedder. Only texts without a stored vector are embedded, each once."""
        if not texts:
            return self._embedder.embed_documents(texts)
        import numpy as np

        keys = [self._key(text) for text in texts]
        text_of = dict(zip(keys, texts, strict=True))
        known = self._vectors.read(list(text_of), self.dimension)
        for group in _groups([key for key in text_of if key not in known]):
            vectors = self._embedder.embed_documents([text_of[key] for key in group])
            self._vectors.write(zip(group, vectors, strict=True))
            known.update(zip(group, vectors, strict=True))
        return np.stack([known[key] for key in keys])

    def embed_query(self, text: str) -> Vector:
        return self._query(text).copy()

    def close(self) -> None:
        """Closes the file. The embedder stays usable and opens it again."""
        self._vectors.close()

    def _key(self, text: str) -> bytes:
        return sha256(f"{self.fingerprint}\0{text}".encode("utf-8", "surrogatepass")).digest()


class _VectorFile:
    """The table key → vector. Trouble with the file is logged, never raised."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._given_up = False

    def read(self, keys: Sequence[bytes], dimension: int) -> dict[bytes, Vector]:
        """The stored unit vectors of `keys`; what is missing or implausible is left out."""
        rows: list[tuple[bytes, bytes]] = []
        for group in _groups(keys):
            rows += self._attempt(partial(_select, group)) or []
        return _usable(rows, dimension)

    def write(self, rows: Iterable[tuple[bytes, Vector]]) -> None:
        values = [(key, vector.astype("<f4").tobytes()) for key, vector in rows]
        self._attempt(partial(_insert, values))

    def close(self) -> None:
        with self._lock:
            self._disconnect()

    def _attempt(self, action: Callable[[sqlite3.Connection], _Result]) -> _Result | None:
        """The result of `action`, tried once more on a fresh file when the first one fails; or None."""
        with self._lock:
            for _ in range(2):
                if self._given_up:
                    break
                try:
                    return action(self._open())
                except (sqlite3.Error, OSError) as error:
                    if not self._replace(error):
                        break
        return None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self._path, timeout=_LOCK_WAIT_S, check_same_thread=False)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute(_SCHEMA)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _replace(self, error: Exception) -> bool:
        """Deletes the file so that the next attempt starts an empty one; False when that is no cure."""
        if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in _NOT_DAMAGED:
            _LOG.warning(
                "embedding cache %s cannot be used now (%s); embedding without it", self._path, error
            )
            return False
        try:
            self._disconnect()
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        except (sqlite3.Error, OSError) as second:
            _LOG.warning("embedding cache %s cannot be used (%s); embedding without it", self._path, second)
            self._given_up = True
            return False
        _LOG.warning("embedding cache %s was damaged (%s); starting an empty one", self._path, error)
        return True


def _select(keys: Sequence[bytes], connection: sqlite3.Connection) -> list[tuple[bytes, bytes]]:
    marks = ",".join("?" * len(keys))
    return connection.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", keys).fetchall()


def _insert(rows: Sequence[tuple[bytes, bytes]], connection: sqlite3.Connection) -> None:
    with connection:
        connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)


def _usable(rows: Sequence[tuple[bytes, bytes]], dimension: int) -> dict[bytes, Vector]:
    import numpy as np

    whole = [
        (key, stored) for key, stored in rows if isinstance(stored, bytes) and len(stored) == 4 * dimension
    ]
    vectors = np.frombuffer(b"".join(stored for _, stored in whole), "<f4").reshape(-1, dimension)
    unit = np.abs(np.linalg.norm(vectors, axis=1) - 1) < _UNIT_TOLERANCE
    return {key: vector for (key, _), vector, good in zip(whole, vectors, unit, strict=True) if good}


def _groups(keys: Iterable[bytes]) -> Iterator[list[bytes]]:
    iterator = iter(keys)
    while group := list(islice(iterator, _GROUP)):
        yield group
