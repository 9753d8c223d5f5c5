"""How similar does an embedding model find texts that have nothing to do with each other?

    python -m benchmarks.floors local
    python -m benchmarks.floors openai:bge-m3@http://localhost:11434/v1 path/to/labelled/set

Prints, per script of the query, percentiles of the cosine of every question with every passage of another
subject: those of `knowledge models floors`, or those of labelled sets (corpus, queries and qrels; judged pairs are
left out).
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from knowledge.embedding_client import configured_embedder
from knowledge.floors import SCRIPTS, Pairs, cosines, neutral_pairs
from knowledge.protocols import Embedder

PERCENTILES: Final = (50, 95, 99)
QUERIES_PER_SET: Final = 200
PASSAGES_PER_SET: Final = 400


def labelled_pairs(folder: Path, seed: int = 0) -> Pairs:
    """A random sample of a set's queries and passages."""
    draw = random.Random(seed)
    queries, passages = list(_records(folder, "queries")), list(_records(folder, "corpus"))
    queries = draw.sample(queries, min(QUERIES_PER_SET, len(queries)))
    passages = draw.sample(passages, min(PASSAGES_PER_SET, len(passages)))
    row = {query["_id"]: at for at, query in enumerate(queries)}
    column = {passage["_id"]: at for at, passage in enumerate(passages)}
    judged = [line.split("\t") for line in (folder / "qrels.tsv").read_text("utf-8").splitlines()[1:]]
    together = {(row[q], column[p]) for q, p, *_ in judged if q in row and p in column}
    texts = [f"{passage.get('title', '')} {passage['text']}".strip() for passage in passages]
    return [query["text"] for query in queries], texts, together


def _records(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    plain = folder / f"{name}.jsonl"
    data = (
        plain.read_bytes() if plain.exists() else gzip.decompress((folder / f"{name}.jsonl.gz").read_bytes())
    )
    return map(json.loads, data.splitlines())


def report(embedder: Embedder, sets: Sequence[tuple[str, Pairs]]) -> None:
    print(f"{embedder.fingerprint}\n\n| texts | script | pairs |", end="")
    print(*(f" p{percentile} |" for percentile in PERCENTILES), " median of related |", sep="")
    print("|---" * (4 + len(PERCENTILES)) + "|")
    for name, pairs in sets:
        unrelated, related = cosines(embedder, pairs)
        for script, values in unrelated.items():
            cells = [f"{value:.2f}" for value in (*np.percentile(values, PERCENTILES), related)]
            print(f"| {name} | {script} | {len(values)} | {' | '.join(cells)} |")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("embedding", help="the model, as in `local`")
    parser.add_argument("sets", nargs="*", type=Path, help="folders of labelled sets")
    options = parser.parse_args()
    written = [(f"written, {script}", neutral_pairs(script)) for script in SCRIPTS]
    labelled = [(folder.name, labelled_pairs(folder)) for folder in options.sets]
    report(configured_embedder(options.embedding), labelled or written)


if __name__ == "__main__":
    main()
