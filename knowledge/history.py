"""What was asked of a knowledge base: noted in memory, written in the background, counted when somebody looks.

Questions are personal data: nothing is noted unless the setting `history` is on, and all of it stays in the
workspace's database.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from knowledge import schema
from knowledge.errors import InputError, KnowledgeError

if TYPE_CHECKING:
    from knowledge.store import Store
    from knowledge.types import Hits

WRITE_AFTER_S: Final = 10.0
NOTED_AT_MOST: Final = 10_000
"""Questions that wait to be written; beyond them the oldest are forgotten."""
QUERY_CHARACTERS: Final = 1000

_rows = schema.search_history
_documents = schema.document
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedQuery:
    """A question, white space folded, and how often it was asked; `hits` are those of the last time."""

    query: str
    count: int
    hits: int
    last_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDocument:
    """A document that is still there, and the number of searches that found it."""

    document_id: str
    key: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HistorySummary:
    """Lists are by falling count, then by name; times are seconds since 1970."""

    searches: int
    queries: int
    """Different ones."""
    without_hits: int
    """Searches that found nothing."""
    first_at: float | None
    last_at: float | None
    most_asked: Sequence[AskedQuery]
    never_found: Sequence[AskedQuery]
    """Those that found nothing the last time."""
    most_found: Sequence[FoundDocument]


class History:
    """Of one knowledge base. Threads may note while one writes."""

    def __init__(self, store: Store, knowledge_base_id: str, *, write_after_s: float = WRITE_AFTER_S) -> None:
        self._store = store
        self._id = knowledge_base_id
        self._write_after_s = write_after_s
        self._noted: deque[dict[str, Any]] = deque(maxlen=NOTED_AT_MOST)
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()
        self._writing = threading.Lock()

    def note(self, found: Hits) -> None:
        """Keeps a question and what it found. Another thread writes it, `write_after_s` later at the latest."""
        row = {
            "knowledge_base_id": self._id,
            "asked_at": time.time(),
            "query": " ".join(found.query.split())[:QUERY_CHARACTERS],
            "mode": found.mode,
            "hits": len(found),
            "best_score": found[0].score if found else None,
            "documents": list(dict.fromkeys(hit.document.id for hit in found)),
            "seconds": found.seconds,
        }
        with self._lock:
            self._keep([row])

    def _keep(self, rows: Sequence[dict[str, Any]]) -> None:
        """Notes rows after those that wait, and sees to it that they are written. Call it under the lock."""
        self._noted.extend(rows)
        if self._timer is None:
            self._timer = threading.Timer(self._write_after_s, self._write_or_log)
            self._timer.daemon = True
            self._timer.start()

    def write(self) -> None:
        """Puts what was noted into SQL. After an error it is still noted, and tried again in the background."""
        with self._writing:
            with self._lock:
                self._stop_timer()
                rows = list(self._noted)
                self._noted.clear()
            if not rows:
                return
            try:
                with self._store.write() as connection:
                    connection.execute(_rows.insert(), rows)
            except BaseException:
                with self._lock:
                    newer = list(self._noted)
                    self._noted.clear()
                    self._keep([*rows, *newer])
                raise

    def close(self) -> None:
        """Writes what was noted; that this fails is logged and no reason not to close."""
        self._write_or_log()
        with self._lock:
            self._stop_timer()

    def _write_or_log(self) -> None:
        try:
            self.write()
        except KnowledgeError as error:
            _log.warning("the history of questions was not written: %s", error)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def clear(self) -> int:
        """Forgets every question, and returns how many there were in SQL."""
        # Rows that a thread is writing are neither noted nor in SQL: it must have ended.
        with self._writing:
            with self._lock:
                self._noted.clear()
            with self._store.write() as connection:
                return connection.execute(
                    _rows.delete().where(_rows.c.knowledge_base_id == self._id)
                ).rowcount

    def summary(self, limit: int = 10) -> HistorySummary:
        """What is in SQL, in lists of at most `limit`. Raises `InputError` for a limit below 1."""
        if limit < 1:
            raise InputError(f"the limit is {limit}; allowed: a whole number from 1")
        with self._store.read() as connection:
            return _summarized(connection, self._id, limit)


def _summarized(connection: sa.Connection, base_id: str, limit: int) -> HistorySummary:
    counts = sa.select(
        sa.func.count(),
        sa.func.count(_rows.c.query.distinct()),
        sa.func.count().filter(_rows.c.hits == 0),
        sa.func.min(_rows.c.asked_at),
        sa.func.max(_rows.c.asked_at),
    ).where(_rows.c.knowledge_base_id == base_id)
    searches, queries, without_hits, first_at, last_at = connection.execute(counts).one()
    return HistorySummary(
        searches=searches,
        queries=queries,
        without_hits=without_hits,
        first_at=first_at,
        last_at=last_at,
        most_asked=_asked(connection, base_id, limit),
        never_found=_asked(connection, base_id, limit, without_hits=True),
        most_found=_found(connection, base_id, limit),
    )


def _asked(
    connection: sa.Connection, base_id: str, limit: int, *, without_hits: bool = False
) -> list[AskedQuery]:
    """In a query with one `max`, SQLite takes the other columns from the row that has it: the last search."""
    grouped = (
        sa.select(
            _rows.c.query,
            sa.func.count().label("count"),
            _rows.c.hits,
            sa.func.max(_rows.c.asked_at).label("last_at"),
        )
        .where(_rows.c.knowledge_base_id == base_id)
        .group_by(_rows.c.query)
        .subquery()
    )
    query = sa.select(grouped).order_by(grouped.c.count.desc(), grouped.c.query).limit(limit)
    if without_hits:
        query = query.where(grouped.c.hits == 0)
    return [AskedQuery(**row) for row in connection.execute(query).mappings()]


def _found(connection: sa.Connection, base_id: str, limit: int) -> list[FoundDocument]:
    document = sa.func.json_each(_rows.c.documents).table_valued("value")
    count = sa.func.count().label("count")
    query = (
        sa.select(_documents.c.id.label("document_id"), _documents.c.key, count)
        .select_from(_rows)
        .join(document, sa.true())
        .join(_documents, _documents.c.id == document.c.value)
        .where(_rows.c.knowledge_base_id == base_id)
        .group_by(_documents.c.id)
        .order_by(count.desc(), _documents.c.key)
        .limit(limit)
    )
    return [FoundDocument(**row) for row in connection.execute(query).mappings()]
