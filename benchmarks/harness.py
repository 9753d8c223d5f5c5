"""What every suite shares: its options, the machine it ran on, and where results are kept."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final

RESULTS: Final = Path(__file__).parent / "results"
PACKAGES: Final = ("qdrant-edge-py", "rjieba", "onnxruntime", "numpy", "SQLAlchemy", "rank-bm25")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a suite is asked to do."""

    data: Path
    """Folder of labelled sets, one folder each."""
    sets: Sequence[str]
    """Names of sets; empty means all that are there."""
    embedding: str | None
    limit_queries: int | None


def sets(options: Options) -> list[Path]:
    """The folders of the sets asked for, by name."""
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
