"""Remembers vectors on disk, so that the same text is never embedded twice by the same model."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from indexers.recent_vectors import RecentVectors
from knowledge.errors import EmbeddingError, TextsNotEmbedded
from knowledge.protocols import AsksServer

if TYPE_CHECKING:
    from knowledge.protocols import Embedder
    from knowledge.types import Matrix, Vector

_LOG: Final = logging.getLogger(__name__)
_GROUP: Final = 256
"""Texts embedded between two writes: what an interruption loses at most."""
_QUERIES: Final = 256
_SCHEMA: Final = "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL)"
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_FOREIGN: Final = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH})
"""What another table of this name gives. All else a sound file gives too: what cannot be opened, or is on a full or
failing disk, has vectors worth keeping."""
_LOCK_WAIT_S: Final = 5.0
_UNIT_TOLERANCE: Final = 1e-3
_Result = TypeVar("_Result")
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingUsage:
    """What the vectors of documents have taken."""

    texts: int = 0
    cached: int = 0
    """Texts whose vector was there already."""
    calls: int = 0
    """To a server; 0 for a model of this machine."""
    tokens: int | None = None
    """Counted by the server; None when it does not tell."""
    seconds: float = 0.0
    """Of the model, or of waiting for its server."""

    @property
    def cached_share(self) -> float:
        return self.cached / self.texts if self.texts else 0.0

    def since(self, before: EmbeddingUsage) -> EmbeddingUsage:
        """What came after `before`."""
        return EmbeddingUsage(
            texts=self.texts - before.texts,
            cached=self.cached - before.cached,
            calls=self.calls - before.calls,
            tokens=None if self.tokens is None else self.tokens - (before.tokens or 0),
            seconds=self.seconds - before.seconds,
        )


class CachedEmbedder:
    """Any `Embedder`, with its document vectors kept in a file and its recent queries in memory.

    The file may be deleted at any time. A damaged or foreign one is replaced; one that cannot be opened or
    written is kept, and the texts are embedded as if there were no cache. `measured` gives the floors that were
    measured for a fingerprint, if they were; they take the place of the model's own. Several threads may call
    at once.
    """

    def __init__(
        self,
        embedder: Embedder,
        path: Path,
        measured: Callable[[str], Mapping[str, float]] | None = None,
    ) -> None:
        self._embedder = embedder
        self._vectors = _VectorFile(path)
        self._queries = RecentVectors(_QUERIES)
        self._measured = measured
        self._usage = EmbeddingUsage()
        self._lock = threading.Lock()

    @property
    def fingerprint(self) -> str:
        return self._embedder.fingerprint

    @property
    def dimension(self) -> int:
        return self._embedder.dimension

    @property
    def floors(self) -> Mapping[str, float]:
        measured = self._measured(self.fingerprint) if self._measured else {}
        return measured or self._embedder.floors

    @property
    def scripts(self) -> frozenset[str] | None:
        return self._embedder.scripts

    @property
    def usage(self) -> EmbeddingUsage:
        """Since this object was made; questions count as calls only."""
        if not isinstance(self._embedder, AsksServer):
            return self._usage
        return replace(self._usage, calls=self._embedder.calls, tokens=self._embedder.tokens)

    def embed_documents(self, texts: Sequence[str]) -> Matrix:
        """As the wrapped embedder. Only texts without a stored vector are embedded, each once.

        What it gave before or beside an error is kept.
        """
        if not texts:
            return self._embedder.embed_documents(texts)
        import numpy as np

        keys = [self._key(text) for text in texts]
        known = self._vectors.read(list(dict.fromkeys(keys)), self.dimension)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        self._count(texts=len(texts), cached=len(texts) - len(missing))
        reasons: dict[bytes, str] = {}
        for group in _groups(missing, self._group_size):
            vectors, error = self._asked([missing[key] for key in group])
            found = {group[at]: vector for at, vector in vectors.items()}
            self._vectors.write(found.items())
            known.update(found)
            if isinstance(error, TextsNotEmbedded):
                reasons.update((group[at], reason) for at, reason in error.reasons.items())
            elif error is not None:
                error.vectors = _by_position(keys, known)
                raise error
        if reasons:
            raise TextsNotEmbedded(_by_position(keys, reasons), _by_position(keys, known))
        return np.stack([known[key] for key in keys])

    def embed_query(self, text: str) -> Vector:
        vector = self._queries.get(text)
        if vector is None:
            vector = self._embedder.embed_query(text)
            self._queries.keep(text, vector)
        return vector.copy()

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        """As the wrapped embedder. Those that were asked for lately are not asked for again, the others once."""
        if not texts:
            return self._embedder.embed_queries(texts)
        import numpy as np

        recent = {text: self._queries.get(text) for text in texts}
        known = {text: vector for text, vector in recent.items() if vector is not None}
        missing = [text for text in recent if text not in known]
        try:
            found = dict(enumerate(self._embedder.embed_queries(missing))) if missing else {}
        except EmbeddingError as error:
            self._keep_queries(missing, error.vectors, known)
            error.vectors = _by_position(texts, known)
            if isinstance(error, TextsNotEmbedded):
                reasons = {missing[at]: reason for at, reason in error.reasons.items()}
                raise TextsNotEmbedded(_by_position(texts, reasons), error.vectors) from error
            raise
        self._keep_queries(missing, found, known)
        return np.stack([known[text] for text in texts])

    def _keep_queries(
        self, texts: Sequence[str], vectors: Mapping[int, Vector], known: dict[str, Vector]
    ) -> None:
        for at, vector in vectors.items():
            known[texts[at]] = vector
            self._queries.keep(texts[at], vector)

    def close(self) -> None:
        """Closes the file and the connections. The embedder stays usable and opens them again."""
        self._vectors.close()
        if isinstance(self._embedder, AsksServer):
            self._embedder.close()

    @property
    def _group_size(self) -> int:
        """A group keeps every connection to a server busy."""
        return max(_GROUP, self._embedder.texts_at_once if isinstance(self._embedder, AsksServer) else 0)

    def _asked(self, texts: Sequence[str]) -> tuple[Mapping[int, Vector], EmbeddingError | None]:
        """The vectors that the model gives, by position, and the error that kept it from giving the others."""
        started = time.perf_counter()
        try:
            return dict(enumerate(self._embedder.embed_documents(texts))), None
        except EmbeddingError as error:
            return error.vectors, error
        finally:
            self._count(seconds=time.perf_counter() - started)

    def _count(self, *, texts: int = 0, cached: int = 0, seconds: float = 0.0) -> None:
        with self._lock:
            self._usage = EmbeddingUsage(
                texts=self._usage.texts + texts,
                cached=self._usage.cached + cached,
                seconds=self._usage.seconds + seconds,
            )

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
        """The result of `action`, tried once more on a fresh file when the first one is damaged; or None."""
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
            connection = sqlite3.connect(self._path, timeout=_LOCK_WAIT_S, check_same_thread=False)
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute(_SCHEMA)
            except sqlite3.Error:
                # Kept, it would be taken for one that has its table.
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _replace(self, error: Exception) -> bool:
        """Deletes the file so that the next attempt starts an empty one; False when that is no cure."""
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGED | _FOREIGN:
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


def _groups(keys: Iterable[bytes], size: int = _GROUP) -> Iterator[list[bytes]]:
    iterator = iter(keys)
    while group := list(islice(iterator, size)):
        yield group


def _by_position(keys: Sequence[_Key], values: Mapping[_Key, _Value]) -> dict[int, _Value]:
    return {position: values[key] for position, key in enumerate(keys) if key in values}
