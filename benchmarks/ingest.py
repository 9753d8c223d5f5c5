"""Suite ingest: passages per second into an economy knowledge base, beside the BM25 libraries of the field.

    python -m benchmarks ingest --data DATA --sets stard_law_zh

Ours reads, cleans, cuts and analyses each text, and writes it to disk so that a crash loses nothing acknowledged; the
libraries tokenize texts into arrays in memory. Each runs in a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from benchmarks import peers
from benchmarks.harness import Options, in_child, left_out, peak_mb, sets
from benchmarks.lexical import LIBRARIES
from knowledge import Workspace
from knowledge.evaluation import load
from knowledge.evaluation_run import index_labelled

OURS: Final = "knowledge (economy)"


def run(options: Options) -> Iterator[dict[str, Any]]:
    """One row for each set and each contender."""
    for folder in sets(options):
        for name in (OURS, *LIBRARIES):
            if packages := peers.missing(name):
                left_out(name, packages)
            else:
                yield {"set": folder.name, "index": name, **in_child(__name__, name, folder.absolute())}


def measured(name: str, folder: Path) -> dict[str, Any]:
    """Indexes a set in this process; `texts_mb` is what it took before."""
    labelled = load(folder)
    _, texts = peers.entries(labelled)
    texts_mb = peak_mb()
    with tempfile.TemporaryDirectory(prefix="ingest-") as scratch, Workspace(scratch) as workspace:
        started = time.perf_counter()
        if name == OURS:
            index_labelled(workspace, labelled, "economy")
        else:
            LIBRARIES[name](texts)
        seconds = time.perf_counter() - started
        return {
            "chunks": len(texts),
            "seconds": round(seconds, 2),
            "chunks_per_s": round(len(texts) / seconds),
            "texts_mb": texts_mb,
            "peak_mb": peak_mb(),
        }


if __name__ == "__main__":
    print(json.dumps(measured(sys.argv[1], Path(sys.argv[2]))))
