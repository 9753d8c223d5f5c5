"""Suite timing: how long a question takes in each way of searching that suite quality compares.

    python -m benchmarks timing --data DATA --embedding local --cache FOLDER

Each is asked the same hundred questions of a set, one after the other, and has to embed them. Only on a machine that
does nothing else do the figures mean something.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

from benchmarks.contenders import contenders
from benchmarks.harness import Options, sets
from knowledge.evaluation import Run, load

QUESTIONS: Final = 100


def run(options: Options) -> Iterator[dict[str, Any]]:
    """One row for each set and each way of searching it."""
    for folder in sets(options):
        labelled = load(folder)
        asked = list(islice(labelled.queries.values(), options.limit_queries or QUESTIONS))
        with contenders(labelled, options) as runs:
            for turn, (name, search) in enumerate(runs.items(), 1):
                times = _times(search, [anew(text, turn) for text in asked])
                yield {
                    "set": labelled.name,
                    "search": name,
                    "p50_ms": round(times[len(times) // 2], 2),
                    "p99_ms": round(times[int(len(times) * 0.99)], 2),
                }


def anew(text: str, turn: int) -> str:
    """The same question in other white space: the vectors of the last questions are remembered by their texts."""
    return text + " " * turn


def _times(search: Run, asked: Sequence[str]) -> list[float]:
    """In milliseconds, sorted. What the first question loads does not count."""
    search(anew(asked[0], 1))
    times = []
    for text in asked:
        started = time.perf_counter()
        search(text)
        times.append((time.perf_counter() - started) * 1000)
    return sorted(times)
