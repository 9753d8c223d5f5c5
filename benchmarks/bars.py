"""Is our search at least as good as its peers on every set?

    python -m benchmarks.bars [FILE]

Reads the rows that suite quality kept. For each of ours and each of its peers: the difference of nDCG@10 on every
set, ours − theirs, and their mean. A bar holds where we are at most .003 behind on each set and ahead on average.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from benchmarks.harness import RESULTS, table

MEASURE: Final = "ndcg@10"
ALLOWED: Final = 0.003
PAIRS: Final[Mapping[str, Sequence[str]]] = {
    "full-text": ("bm25s", "bm25s (our words)", "rank-bm25 (our words)"),
    "hybrid": (
        "RRF of bm25s",
        "RRF of bm25s (our words)",
        "LangChain ensemble",
        "LangChain ensemble (our words)",
        "Dify weighted score",
    ),
    "hybrid, rrf": ("RRF of bm25s", "RRF of bm25s (our words)", "LangChain ensemble (our words)"),
    "keyword (economy)": ("bm25s", "bm25s (our words)", "rank-bm25 (our words)", "Dify economy"),
    "keyword (economy, 10 keywords)": ("Dify economy",),
}
"""Ours → its peers, without the name of the embedding."""

Values = Mapping[str, Mapping[str, float]]
"""Way of searching → set → value."""


def values(rows: Sequence[Mapping[str, Any]]) -> Values:
    """Of the rows of one embedding, whose name is taken off."""
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        found.setdefault(without_embedding(row["search"]), {})[row["set"]] = row[MEASURE]
    return found


def without_embedding(search: str) -> str:
    """`hybrid (local)` → `hybrid`; what else stands in brackets is part of the name."""
    name, bracket, inside = search.rpartition(" (")
    of_the_name = ("our words)", "economy)", "economy, 10 keywords)")
    return search if not bracket or inside in of_the_name else name


def bars(found: Values) -> Iterator[dict[str, Any]]:
    """A row for each of ours and each of its peers that was measured."""
    for ours, peers in PAIRS.items():
        for peer in (peer for peer in peers if peer in found and ours in found):
            differences = {
                name: round(found[ours][name] - value, 4)
                for name, value in found[peer].items()
                if name in found[ours]
            }
            behind = {name: f"{value:+.4f}" for name, value in differences.items() if value < -ALLOWED}
            mean = fmean(differences.values())
            yield {
                "ours": ours,
                "peer": peer,
                "mean": f"{mean:+.4f}",
                "holds": not behind and mean > 0,
                "behind on": ", ".join(f"{name} {value}" for name, value in behind.items()) or "-",
            }


def side_by_side(found: Values) -> Iterator[dict[str, Any]]:
    """A row for each way of searching, a column for each set and one for their mean."""
    names = sorted({name for of in found.values() for name in of})
    for search, of in found.items():
        cells = {name: f"{of[name]:.4f}" if name in of else "" for name in names}
        yield {
            "search": search,
            **cells,
            "mean": f"{fmean(of.values()):.4f}" if len(of) == len(names) else "",
        }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, nargs="?", default=RESULTS / "quality.json")
    found = values(json.loads(parser.parse_args().file.read_text("utf-8"))["rows"])
    table(side_by_side(found))
    table(bars(found))


if __name__ == "__main__":
    main()
