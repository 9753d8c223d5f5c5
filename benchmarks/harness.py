"""What every suite shares: its options, the machine it ran on, and where results are kept."""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from knowledge.errors import InputError

RESULTS: Final = Path(__file__).parent / "results"
PACKAGES: Final = (
    "qdrant-edge-py",
    "rjieba",
    "onnxruntime",
    "numpy",
    "SQLAlchemy",
    "rank-bm25",
    "bm25s",
    "jieba",
    "langchain-classic",
    "langchain-community",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a suite is asked to do."""

    data: Path | None
    """Folder of labelled sets, one folder each."""
    sets: Sequence[str]
    """Names of sets; empty means all that are there."""
    embedding: str | None
    limit_queries: int | None
    size: int
    """Texts of a made-up library."""
    docs: Path | None = None
    """Folder of documents."""
    cache: Path | None = None
    """Folder where vectors are kept from one run to the next."""
    rerank: str | None = None


def sets(options: Options) -> list[Path]:
    """The folders of the sets asked for, by name."""
    if options.data is None:
        raise InputError("this suite needs labelled sets; give their folder with --data")
    found = sorted(path.parent for path in options.data.glob("*/qrels.tsv"))
    return [path for path in found if not options.sets or path.name in options.sets]


def machine() -> dict[str, Any]:
    """Where and with what a measurement was made: figures of two machines are not compared."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
        "cores": os.cpu_count(),
        "versions": {name: _version(name) for name in PACKAGES},
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def in_child(module: str, *arguments: object) -> dict[str, Any]:
    """What `python -m module arguments…` prints as JSON: in a process of its own, so that its memory is its own."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=RESULTS.parents[1])
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def peak_mb() -> int:
    """The most memory that this process had at any time."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def resident_mb() -> int:
    """The memory that this process has now (Linux)."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() // 2**20


def left_out(name: str, packages: Sequence[str]) -> None:
    """Says which part of a suite was not run."""
    print(f"left out: {name}; not installed: {', '.join(packages)}", file=sys.stderr)


def keep(suite: str, rows: Sequence[dict[str, Any]]) -> Path:
    """Writes the rows beside the benchmark, with the machine, and returns the file."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{suite}.json"
    lines = ",\n    ".join(json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text(
        f'{{\n  "machine": {json.dumps(machine())},\n  "rows": [\n    {lines}\n  ]\n}}\n', encoding="utf-8"
    )
    return path


def table(rows: Iterable[dict[str, Any]]) -> None:
    """Prints rows that have the same columns, tab-separated, header first."""
    for number, row in enumerate(rows):
        if number == 0:
            print(*row, sep="\t")
        print(*row.values(), sep="\t")
    sys.stdout.flush()
