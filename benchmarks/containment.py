"""Suite containment: are answers left whole by a chunker, and is such a passage found?

    python -m benchmarks containment --data DATA --sets chunkspan_en,chunkspan_zh

Sets whose queries carry `metadata.doc` and `metadata.answer_spans`, the places of the answer in that document. The
others' sizes are chosen so that their passages are as long as ours on average (within 3 %): longer passages hold more
answers, whoever cuts them.
"""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from benchmarks.harness import Options, sets
from benchmarks.splitters import SPLITTERS, Spans, Splitter, installed
from knowledge import Workspace
from knowledge.sources import Source
from knowledge.types import Document

SIZES: Final = (200, 500, 1000)
TOLERANCE: Final = 0.03
TRIES: Final = 20
TOP_K: Final = 5

Texts = Mapping[str, str]
Cuts = Mapping[str, Spans]
"""Document id → its passages."""


def run(options: Options) -> Iterator[dict[str, Any]]:
    """One row for each set, size and chunker."""
    for folder in sets(options):
        texts = {entry["_id"]: entry["text"] for entry in _entries(folder, "corpus")}
        queries = _entries(folder, "queries")[: options.limit_queries]
        if not queries or "answer_spans" not in queries[0].get("metadata", {}):
            continue
        for size in SIZES:
            yield from _rows(folder.name, size, texts, queries)


def _rows(
    name: str, size: int, texts: Texts, queries: Sequence[Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    target = 0.0
    for splitter in installed(SPLITTERS):
        cuts = _of_mean_length(splitter, texts, size, target) if target else _cuts(splitter, texts, size)
        target = target or _mean_length(cuts)
        yield {
            "set": name,
            "size": size,
            "chunker": splitter.name,
            "mean_length": round(_mean_length(cuts), 1),
            "passages": sum(map(len, cuts.values())),
            "whole": round(fmean(_holds(cuts, query) for query in queries), 4),
            "recall@5": round(_found(texts, cuts, queries), 4),
        }


def _cuts(splitter: Splitter, texts: Texts, size: int) -> Cuts:
    cut = splitter.make(size)
    return {key: splitter.spans(cut(text)) for key, text in texts.items()}


def _of_mean_length(splitter: Splitter, texts: Texts, size: int, target: float) -> Cuts:
    """The passages whose mean length comes closest to `target`; the size follows the mean in proportion."""
    best = _cuts(splitter, texts, size)
    for _ in range(TRIES):
        error = _mean_length(best) / target - 1
        if abs(error) <= TOLERANCE:
            break
        size = round(size / (1 + error)) or 1
        cuts = _cuts(splitter, texts, size)
        best = min(best, cuts, key=lambda cuts: abs(_mean_length(cuts) - target))
    return best


def _mean_length(cuts: Cuts) -> float:
    return fmean(end - start for spans in cuts.values() for start, end in spans)


def _holds(cuts: Cuts, query: Mapping[str, Any]) -> bool:
    """Whether a passage holds an answer whole."""
    return any(_answers(span, query) for span in cuts[query["metadata"]["doc"]])


def _answers(span: tuple[int, int], query: Mapping[str, Any]) -> bool:
    return any(span[0] <= start and end <= span[1] for start, end in query["metadata"]["answer_spans"])


def _found(texts: Texts, cuts: Cuts, queries: Sequence[Mapping[str, Any]]) -> float:
    """Share of the queries with such a passage among the first five of economy search."""
    with tempfile.TemporaryDirectory(prefix="containment-") as folder, Workspace(folder) as workspace:
        kb = workspace.create("passages", indexing="economy", whole=True)
        kb.ingest_sources(
            [
                Source(key=f"{key}/{start}/{end}", name=key, document=Document(text=texts[key][start:end]))
                for key, spans in cuts.items()
                for start, end in spans
            ]
        )
        return fmean(
            any(_is_answer(hit.document.key, query) for hit in kb.search(query["text"], top_k=TOP_K))
            for query in queries
        )


def _is_answer(key: str, query: Mapping[str, Any]) -> bool:
    document, start, end = key.rsplit("/", 2)
    return document == query["metadata"]["doc"] and _answers((int(start), int(end)), query)


def _entries(folder: Path, name: str) -> list[dict[str, Any]]:
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
