"""Suite quality: nDCG, recall and MRR of every mode on labelled sets, with the peers in the same run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from benchmarks.contenders import contenders
from benchmarks.harness import Options, sets
from knowledge.evaluation import Labelled, Run, asked_qrels, load, quality

COLUMNS: Final = ("ndcg@10", "recall@10", "recall@100", "mrr@10")


def run(options: Options) -> Iterator[dict[str, Any]]:
    """One row for each set and each way of searching it."""
    for folder in sets(options):
        labelled = load(folder, options.limit_queries)
        with contenders(labelled, options) as runs:
            yield from rows(labelled, runs)


def rows(labelled: Labelled, runs: Mapping[str, Run]) -> Iterator[dict[str, Any]]:
    """Every question is asked of all in turn, so that it is embedded once."""
    found: dict[str, dict[str, Sequence[str]]] = {name: {} for name in runs}
    for query, text in labelled.queries.items():
        for name, search in runs.items():
            found[name][query] = search(text)
    for name, rankings in found.items():
        values = quality(rankings, asked_qrels(labelled), ()).plain()
        yield {
            "set": labelled.name,
            "search": name,
            "questions": len(rankings),
            **{column: values[column] for column in COLUMNS},
        }
