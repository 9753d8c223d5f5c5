"""Suite extraction: which files are read, what is said of the others, and what reading them in a child process costs.

    python -m benchmarks extraction [--docs FOLDER]

Files come from FOLDER, or are made up: twenty pages or two thousand rows each. Rows are formats, all files, then
files by size. `times` is the processor time of both processes in the sandbox over that of reading in this process,
summed; `median_times` is its median over the files, `wall_times` the same for the time that passes. The last row is
the start of a child, once for a thousand files; it has no share in the others.
"""

from __future__ import annotations

import logging
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.documents import File, made_up
from benchmarks.harness import Options
from benchmarks.sandboxing import Pair, cost, pairs, start_s
from extractors import Worker
from knowledge.errors import KnowledgeError
from knowledge.types import Document

SIZES_KB: Final = (0, 4, 32, 256)
"""Where a class of size begins."""


@dataclass(slots=True)
class Outcome:
    """What came of some files."""

    read: list[File] = field(default_factory=list)
    warned: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    """Kind and reason → files."""
    escaped: int = 0
    """Files that raised what is no `KnowledgeError`."""
    longest_s: float = 0.0

    def with_others(self, others: Outcome) -> Outcome:
        return Outcome(
            read=self.read + others.read,
            warned=self.warned + others.warned,
            failures=self.failures + others.failures,
            escaped=self.escaped + others.escaped,
            longest_s=max(self.longest_s, others.longest_s),
        )


def run(options: Options) -> Iterator[dict[str, Any]]:
    logging.getLogger("extractors").setLevel(logging.CRITICAL)
    found = {suffix: outcome(files) for suffix, files in files_of(options.docs).items()}
    batch = Outcome()
    for one in found.values():
        batch = batch.with_others(one)
    measured = pairs(batch.read)
    for suffix, one in found.items():
        yield _row(suffix, [pair for pair in measured if _suffix(pair.file.name) == suffix], one)
    yield _row("all", measured, batch)
    for low, high in zip(SIZES_KB, (*SIZES_KB[1:], None), strict=True):
        label = f"{low} to {high} kB" if high else f"over {low} kB"
        yield _row(label, [pair for pair in measured if _is_between(pair.file, low, high)])
    yield _row("start of a child", ()) | {"sandboxed_s": round(start_s(), 3)}


def files_of(folder: Path | None) -> Mapping[str, Sequence[File]]:
    """By suffix."""
    found: dict[str, list[File]] = defaultdict(list)
    for file in (File(*made) for made in made_up()) if folder is None else _in(folder):
        found[_suffix(file.name)].append(file)
    return found


def outcome(files: Iterable[File]) -> Outcome:
    """What the sandbox says of files."""
    found = Outcome()
    with Worker() as worker:
        for file in files:
            started = time.perf_counter()
            _read(worker, file, found)
            found.longest_s = max(found.longest_s, time.perf_counter() - started)
    return found


def _read(worker: Worker, file: File, found: Outcome) -> None:
    try:
        document = worker.extract(file.data, file.name)
    except KnowledgeError as error:
        found.failures[f"{type(error).__name__}: {_reason(str(error), file.name)}"] += 1
    # What must not happen is counted, so that the suite goes on.
    except Exception as error:
        found.failures[type(error).__name__] += 1
        found.escaped += 1
    else:
        found.read.append(file)
        found.warned += _has_warnings(document)


def _reason(message: str, name: str) -> str:
    """The error without what differs from file to file: names, numbers and the advice."""
    kept = message.partition("; ")[0].replace(f"nothing to read in {name}", "")
    kept = kept.replace(name, "").removeprefix(Path(name).stem)
    return re.sub(r"\S+\.\w+(?= was not read)", "…", re.sub(r"\d+", "N", kept)).strip(" :,")


def _has_warnings(document: Document) -> bool:
    return bool(document.warnings) or any(map(_has_warnings, document.attachments))


def _in(folder: Path) -> Iterator[File]:
    return (File(path.name, path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file())


def _suffix(name: str) -> str:
    return Path(name).suffix.lower()


def _is_between(file: File, low_kb: int, high_kb: int | None) -> bool:
    return len(file.data) >= low_kb * 1000 and (high_kb is None or len(file.data) < high_kb * 1000)


def _row(label: str, measured: Sequence[Pair], found: Outcome | None = None) -> dict[str, Any]:
    taken = cost(measured)
    return {
        "format": label,
        "files": len(found.read) + found.failures.total() if found else len(measured),
        "read": len(measured),
        "warned": found.warned if found else None,
        "failed": found.failures.total() if found else None,
        "escaped": found.escaped if found else None,
        "longest_s": round(found.longest_s, 2) if found else None,
        "here_s": taken and round(taken.here_s, 3),
        "sandboxed_s": taken and round(taken.sandboxed_s, 3),
        "times": taken and round(taken.times, 2),
        "median_times": taken and round(taken.median_times, 2),
        "wall_times": taken and round(taken.wall_times, 2),
        "why": ", ".join(f"{why} ({count})" for why, count in found.failures.most_common())
        if found
        else None,
    }
