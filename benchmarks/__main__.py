"""`python -m benchmarks [SUITE…]`: runs suites, prints their tables and keeps their results."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path
from typing import Final

from benchmarks.harness import Options, keep, table

SUITES: Final = {
    "quality": "benchmarks.quality",
    "timing": "benchmarks.timing",
    "reranking": "benchmarks.reranking",
    "bases": "benchmarks.bases",
    "query": "benchmarks.query",
    "ingest": "benchmarks.ingest",
    "server": "benchmarks.server",
    "extraction": "benchmarks.extraction",
    "reading": "benchmarks.reading",
    "hostile": "benchmarks.hostile",
    "chunking": "benchmarks.chunking",
    "containment": "benchmarks.containment",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of: {', '.join(SUITES)} (default all)")
    parser.add_argument(
        "--data", type=Path, help="folder of labelled sets (quality, timing, reranking, ingest)"
    )
    parser.add_argument("--docs", type=Path, help="folder of documents (extraction, reading, hostile)")
    parser.add_argument("--sets", default="", help="comma-separated names (default all)")
    parser.add_argument(
        "--embedding", metavar="SPEC", help="measure vector and hybrid search too, with this model"
    )
    parser.add_argument("--cache", type=Path, metavar="FOLDER", help="keep vectors here for the next run")
    parser.add_argument("--rerank", metavar="SPEC", help="measure this reranker too (reranking)")
    parser.add_argument("--limit-queries", type=int, metavar="N")
    parser.add_argument(
        "--size", type=int, default=100_000, metavar="N", help="texts of the made-up library (query, server)"
    )
    parser.add_argument("--keep", action="store_true", help="write the rows to benchmarks/results")
    given = parser.parse_args()
    unknown = sorted(set(given.suites) - set(SUITES))
    if unknown:
        parser.error(f"unknown suite {', '.join(unknown)}; choose from {', '.join(SUITES)}")
    options = Options(
        data=given.data,
        sets=[name for name in given.sets.split(",") if name],
        embedding=given.embedding,
        limit_queries=given.limit_queries,
        size=given.size,
        docs=given.docs,
        cache=given.cache,
        rerank=given.rerank,
    )
    for suite in given.suites or SUITES:
        rows = list(importlib.import_module(SUITES[suite]).run(options))
        table(rows)
        if given.keep:
            print(f"kept in {keep(suite, rows)}")


if __name__ == "__main__":
    main()
