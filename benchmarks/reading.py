"""Suite reading: how fast files are read, by ours and by the readers of the field.

    python -m benchmarks reading [--docs FOLDER]

Files come from FOLDER, or are made up: twenty pages or two thousand rows each. Those that ours can read are read in
this process by each reader, in turns; times are of the processor, the median of the rounds.
"""

from __future__ import annotations

import gc
import logging
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.documents import File
from benchmarks.extraction import files_of, outcome
from benchmarks.harness import Options, left_out
from benchmarks.readers import READERS, Read, installed
from extractors.reading import read
from knowledge.types import Document

ROUNDS: Final = 5
OURS: Final = "ours"


@dataclass(frozen=True, slots=True)
class Measured:
    seconds: float
    """Of the processor."""
    failures: Counter[str]
    """Kind of exception → files that the reader failed on."""


def run(options: Options) -> Iterator[dict[str, Any]]:
    """One row for each format and each reader."""
    logging.getLogger("extractors").setLevel(logging.CRITICAL)
    readers = installed(READERS)
    for reader in READERS:
        if reader not in readers:
            left_out(reader.name, [reader.package])
    for suffix, files in files_of(options.docs).items():
        peers = {reader.name: reader.read for reader in readers if suffix in reader.suffixes}
        if readable := outcome(files).read:
            yield from _rows(suffix, readable, _medians(readable, {OURS: _ours, **peers}))


def _rows(suffix: str, files: Sequence[File], medians: Mapping[str, Measured]) -> Iterator[dict[str, Any]]:
    ours = medians[OURS].seconds
    for name, measured in medians.items():
        yield {
            "format": suffix,
            "reader": name,
            "files": len(files),
            "mb": round(sum(len(file.data) for file in files) / 1e6, 2),
            "failed": measured.failures.total(),
            "cpu_s": round(measured.seconds, 3),
            "times_ours": round(measured.seconds / ours, 2) if ours else None,
            "why": ", ".join(f"{kind} {count}" for kind, count in measured.failures.most_common()),
        }


def _medians(files: Sequence[File], readers: Mapping[str, Read]) -> dict[str, Measured]:
    """What each reader needs for all files, in turns. The first turn, with what is imported, does not count."""
    failures = {name: _failures(reader, files) for name, reader in readers.items()}
    rounds: dict[str, list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        for name, reader in readers.items():
            rounds[name].append(_seconds(reader, files))
    return {name: Measured(statistics.median(taken), failures[name]) for name, taken in rounds.items()}


def _failures(reader: Read, files: Sequence[File]) -> Counter[str]:
    """Kind of exception → files. Also imports what the reader needs."""
    found: Counter[str] = Counter()
    for file in files:
        try:
            reader(file.data, file.name)
        # The boundary to libraries that are measured: what they raise is their result.
        except Exception as error:
            found[type(error).__name__] += 1
    return found


def _seconds(reader: Read, files: Sequence[File]) -> float:
    gc.collect()
    started = time.process_time()
    _failures(reader, files)
    return time.process_time() - started


def _ours(data: bytes, name: str) -> Document:
    return read(data, name)
