"""Suite quality: nDCG, recall and MRR of every mode on labelled sets, with rank-bm25 in the same run as the peer."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any

from benchmarks.harness import Options, sets
from indexers import StandardAnalyzer
from knowledge import Workspace
from knowledge.evaluation import DEPTH, Labelled, Run, load, measure, sources
from knowledge.evaluation_run import index_labelled, runner
from knowledge.searching import MODES


def run(options: Options) -> Iterator[dict[str, Any]]:
    """One row for each set and each way of searching it."""
    for folder in sets(options):
        labelled = load(folder, options.limit_queries)
        yield from _ours(labelled, options.embedding)
        yield _row(labelled, "rank-bm25 (our words)", _rank_bm25(labelled))


def _ours(labelled: Labelled, embedding: str | None) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="quality-") as folder, Workspace(folder) as workspace:
        indexing = "high_quality" if embedding else "economy"
        kb = index_labelled(workspace, labelled, indexing, embedding)
        for mode in MODES[kb.record.indexing]:
            yield _row(labelled, f"{mode} ({embedding or 'economy'})", runner(kb, mode))


def _rank_bm25(labelled: Labelled) -> Run:
    """BM25Okapi over the words of our analyzer: the same terms, another ranking function and no bigrams."""
    from rank_bm25 import BM25Okapi

    analyzer = StandardAnalyzer()
    entries, _ = sources(labelled)
    keys = [entry.key for entry in entries]
    words = [analyzer.document_terms(entry.read().decode())[0] or [""] for entry in entries]
    peer = BM25Okapi(words)

    def search(query: str) -> list[str]:
        scores = peer.get_scores(analyzer.query_terms(query)[0])
        best = scores.argsort()[::-1][:DEPTH]
        return [keys[position] for position in best if scores[position] > 0]

    return search


def _row(labelled: Labelled, name: str, search: Run) -> dict[str, Any]:
    return {"set": labelled.name, "search": name, **measure(search, labelled).plain()}
