"""Suite query: how long a question takes in a large library, and how much of that the engine alone would take.

    python -m benchmarks query --size 100000

Everything that is compared is asked in turns, in one process, of one index. The engine alone means its calls for the
same terms and vector, with the statistics that equal scores need (`engine`) and without (`bare engine`).
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import fmean, median
from typing import Any, Final, TypeVar

import qdrant_edge as edge

from benchmarks import peers
from benchmarks.generated import SELECTIVE, library, questions
from benchmarks.harness import Options, in_child, left_out, resident_mb
from benchmarks.lexical import LIBRARIES
from indexers import MemoryIndex
from indexers.edge_payload import edge_filter
from knowledge import Workspace
from knowledge.filters import Condition
from knowledge.knowledge_base import KnowledgeBase
from knowledge.sources import Source
from knowledge.types import Document, Hits, Mode, Vector

NAME: Final = "library"
EMBEDDING: Final = "hash:384"
MODES: Final[Sequence[Mode]] = ("full-text", "vector", "hybrid")
FILTERS: Final[Mapping[str, Condition | None]] = {"": None, **SELECTIVE}
TOP_K: Final = 10
QUESTIONS: Final = 100
"""Each row has its own: a question that was asked before finds the weights of its terms at hand."""
ROUNDS: Final = 3
RECALL_QUESTIONS: Final = 10
TIE: Final = 2e-4
"""Scores this close are one in the last of four decimals apart, which 32-bit sums can be."""

_LIVE = edge.Filter(must=[edge.FieldCondition("live", match=edge.MatchValue("1"))])
_OVER_LIVE_POINTS = edge.SearchParams(idf=edge.IdfParams(corpus=_LIVE))
_EXACT = edge.SearchParams(exact=True)


_Question = TypeVar("_Question")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question, and what the engine is asked for it."""

    text: str
    words: str
    bigrams: str
    vector: Vector


def run(options: Options) -> Iterator[dict[str, Any]]:
    """One row for each mode and filter, then one for each library of the field."""
    with tempfile.TemporaryDirectory(prefix="query-") as folder:
        with Workspace(folder) as workspace:
            started = time.perf_counter()
            kb = build(workspace, options.size)
            built_s = time.perf_counter() - started
            rows = list(_rows(kb, options.limit_queries or QUESTIONS))
        memory = in_child(__name__, "ours", folder)
        yield from (row | {"index_s": round(built_s, 1)} | memory for row in rows)
    for name in LIBRARIES:
        if packages := peers.missing(name):
            left_out(name, packages)
        else:
            yield _row(name, "", **in_child(__name__, name, options.size))


def build(workspace: Workspace, size: int) -> KnowledgeBase:
    """The made-up library, one document a text."""
    made = library(size)
    keys = [f"{number:07}" for number in range(size)]
    kb = workspace.create(NAME, embedding=EMBEDDING, whole=True)
    kb.ingest_sources(
        [
            Source(key=key, name=key, document=Document(text=text))
            for key, text in zip(keys, made.texts, strict=True)
        ],
        source_metadata=dict(zip(keys, made.metadata, strict=True)),
    )
    return kb


def _rows(kb: KnowledgeBase, count: int) -> Iterator[dict[str, Any]]:
    asked = iter(questions(len(MODES) * len(FILTERS) * count))
    with _reference(kb) as exact:
        for mode in MODES:
            for share, where in FILTERS.items():
                own = [_asked(kb, text) for text in islice(asked, count)]
                recall = exact(own[:RECALL_QUESTIONS], mode, where) if where is not None else None
                yield _row(mode, share, **_times(kb, own, mode, where), recall=recall)


def _row(search: str, share: str, **measured: float | None) -> dict[str, Any]:
    columns = ("p50_ms", "p99_ms", "first_p50_ms", "engine_p50_ms", "over_engine_ms", "bare_engine_p50_ms")
    return {
        "search": search,
        "filter": share,
        **{name: measured.get(name) for name in (*columns, "recall", "index_s", "resident_mb")},
    }


def _asked(kb: KnowledgeBase, text: str) -> Asked:
    generation = kb._generation
    words, bigrams = generation.analyzer.query_terms(text)
    assert generation.embedder is not None
    return Asked(
        text=text,
        words=" ".join(words),
        bigrams=" ".join(bigrams),
        vector=generation.embedder.embed_query(text),
    )


def _times(
    kb: KnowledgeBase, asked: Sequence[Asked], mode: Mode, where: Condition | None
) -> dict[str, float | None]:
    def ours(question: Asked) -> object:
        return _search(kb, question, mode, where)

    engine, bare = (partial(_engine, kb, mode, where, params) for params in (_OVER_LIVE_POINTS, None))
    first = [_milliseconds(ours, question) for question in asked]
    rounds = [_round((ours, engine, bare), asked) for _ in range(ROUNDS)]
    p50 = [[median(times) for times in each] for each in rounds]
    everything = sorted(time_ms for each in rounds for time_ms in each[0])
    return {
        "p50_ms": _middle(own for own, _, _ in p50),
        "p99_ms": round(everything[int(len(everything) * 0.99)], 2),
        "first_p50_ms": round(median(first), 2),
        "engine_p50_ms": _middle(alone for _, alone, _ in p50),
        "over_engine_ms": _middle(own - alone for own, alone, _ in p50),
        "bare_engine_p50_ms": None if mode == "vector" else _middle(plain for _, _, plain in p50),
    }


def _round(contenders: Sequence[Callable[[Asked], object]], asked: Sequence[Asked]) -> list[list[float]]:
    """The milliseconds of each contender, question by question, in turns."""
    times: list[list[float]] = [[] for _ in contenders]
    for question in asked:
        for ask, spent in zip(contenders, times, strict=True):
            spent.append(_milliseconds(ask, question))
    return times


def _milliseconds(ask: Callable[[_Question], object], question: _Question) -> float:
    started = time.perf_counter()
    ask(question)
    return (time.perf_counter() - started) * 1000


def _middle(values: Iterator[float]) -> float:
    return round(median(values), 2)


def _search(kb: KnowledgeBase, question: Asked, mode: Mode, where: Condition | None) -> Hits:
    return kb.search(question.text, mode=mode, top_k=TOP_K, where=where)


def _engine(
    kb: KnowledgeBase,
    mode: Mode,
    where: Condition | None,
    statistics: edge.SearchParams | None,
    question: Asked,
) -> None:
    """The engine's calls for this question, their answers thrown away."""
    queries: list[tuple[edge.TextQuery | edge.Query, edge.SearchParams | None]] = []
    if mode != "vector":
        fields = (("words", question.words), ("bigrams", question.bigrams))
        queries += [(edge.TextQuery(field, terms), statistics) for field, terms in fields if terms]
    if mode != "full-text":
        queries.append((edge.Query.Nearest(question.vector.tolist(), using="text"), _EXACT))
    # The library holds the one handle that there may be.
    shard: edge.EdgeShard = kb._generation.index._shard  # type: ignore[attr-defined]
    condition = None if where is None else edge_filter(where)
    for query, params in queries:
        shard.query(
            edge.QueryRequest(limit=TOP_K, query=query, filter=condition, params=params, with_payload=False)
        )


@contextmanager
def _reference(kb: KnowledgeBase) -> Iterator[Callable[[Sequence[Asked], Mode, Condition | None], float]]:
    """Gives the recall of searches against the same library in the exact index, which scores every point."""
    generation = kb._generation
    fast = generation.index
    exact = MemoryIndex(generation.embedder.dimension if generation.embedder else None)
    generation._fill(exact)

    def recall(asked: Sequence[Asked], mode: Mode, where: Condition | None) -> float:
        found = [_search(kb, question, mode, where) for question in asked]
        generation._index = exact
        try:
            wanted = [_search(kb, question, mode, where) for question in asked]
        finally:
            generation._index = fast
        return round(fmean(map(_recall, found, wanted)), 4)

    yield recall


def _recall(found: Hits, wanted: Hits) -> float:
    """The share of the wanted passages that were found; those that tie with the last one may be others."""
    ids = {hit.chunk.id for hit in found}
    sure = [hit.chunk.id for hit in wanted if hit.score > wanted[-1].score + TIE]
    return fmean(id_ in ids for id_ in sure) if sure else float(len(found) == len(wanted))


def _library_alone(name: str, size: int) -> dict[str, float]:
    texts = library(size).texts
    started = time.perf_counter()
    search = LIBRARIES[name](texts)
    index_s = time.perf_counter() - started
    times = sorted(_milliseconds(partial(search, k=TOP_K), question) for question in questions(QUESTIONS))
    return {
        "index_s": round(index_s, 1),
        "p50_ms": round(median(times), 2),
        "p99_ms": round(times[int(len(times) * 0.99)], 2),
        "resident_mb": resident_mb(),
    }


def _ours_alone(folder: Path) -> dict[str, float]:
    with Workspace(folder) as workspace:
        kb = workspace.open(NAME)
        for question in questions(QUESTIONS):
            kb.search(question, top_k=TOP_K)
        return {"resident_mb": resident_mb()}


def main() -> None:
    """In a process of its own: one library over the made-up texts, or our finished index."""
    name, argument = sys.argv[1:]
    measured = _ours_alone(Path(argument)) if name == "ours" else _library_alone(name, int(argument))
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
