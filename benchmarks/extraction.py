"""Suite extraction: how fast and how surely files are read, by ours and by the readers of the field.

    python -m benchmarks extraction [--docs FOLDER]

Files come from FOLDER, or are made up: twenty pages or two thousand rows each. The sandbox reads every file once,
and that says how many fail and why. What it could read is then read in this process by each reader, in turns; times
are of the processor, the median of the rounds. The last rows compare ours in this process and in the sandbox, where
both processes count and the start of one is a row of its own.
"""

from __future__ import annotations

import gc
import logging
import resource
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.documents import made_up
from benchmarks.harness import Options, left_out
from benchmarks.readers import READERS, Read, installed
from extractors import Worker, supported_suffixes
from extractors.reading import read
from knowledge.errors import KnowledgeError
from knowledge.types import Document, ReadOptions

ROUNDS: Final = 5
OURS: Final = "ours"
SANDBOXED: Final = "ours, in the sandbox"
START: Final = "start of the sandbox"
"""With what is imported for all formats."""
_OPTIONS: Final = ReadOptions()


@dataclass(frozen=True, slots=True)
class File:
    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Measured:
    seconds: float
    """Of the processor."""
    failures: Counter[str]
    """Kind of exception → files that the reader failed on."""


@dataclass(slots=True)
class Outcome:
    """What came of the files of one format."""

    read: list[File] = field(default_factory=list)
    warned: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    """Kind of error → files."""

    def with_others(self, others: Outcome) -> Outcome:
        return Outcome(
            read=self.read + others.read,
            warned=self.warned + others.warned,
            failures=self.failures + others.failures,
        )


def run(options: Options) -> Iterator[dict[str, Any]]:
    """One row for each format and each reader."""
    logging.getLogger("extractors").setLevel(logging.CRITICAL)
    readers = installed(READERS)
    for reader in READERS:
        if reader not in readers:
            left_out(reader.name, [reader.package])
    batch = Outcome()
    for suffix, files in _files(options.docs).items():
        found = _outcome(files)
        batch = batch.with_others(found)
        peers = {reader.name: reader.read for reader in readers if suffix in reader.suffixes}
        yield from _rows(suffix, found, _medians(found.read, {OURS: _ours, **peers}))
    yield from _rows("all", batch, _batch_medians(batch.read))


def _files(folder: Path | None) -> Mapping[str, Sequence[File]]:
    """The files that can be read, by suffix."""
    found: dict[str, list[File]] = defaultdict(list)
    if folder is None:
        for name, data in made_up():
            found[Path(name).suffix].append(File(name, data))
        return found
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix.lower() in supported_suffixes():
            found[path.suffix.lower()].append(File(path.name, path.read_bytes()))
    return found


def _outcome(files: Sequence[File]) -> Outcome:
    found = Outcome()
    with Worker() as worker:
        for file in files:
            try:
                document = worker.extract(file.data, file.name)
            except KnowledgeError as error:
                found.failures[type(error).__name__] += 1
            else:
                found.read.append(file)
                found.warned += _has_warnings(document)
    return found


def _has_warnings(document: Document) -> bool:
    return bool(document.warnings) or any(map(_has_warnings, document.attachments))


def _rows(suffix: str, found: Outcome, medians: Mapping[str, Measured]) -> Iterator[dict[str, Any]]:
    ours = medians[OURS].seconds
    for name, measured in medians.items():
        failures = measured.failures + (found.failures if name == OURS else Counter())
        yield {
            "format": suffix,
            "reader": name,
            "files": len(found.read) + found.failures.total(),
            "mb": round(sum(len(file.data) for file in found.read) / 1e6, 2),
            "warned": found.warned if name == OURS else None,
            "failed": failures.total(),
            "cpu_s": round(measured.seconds, 3),
            "times_ours": round(measured.seconds / ours, 2) if ours else None,
            "why": ", ".join(f"{kind} {count}" for kind, count in failures.most_common()),
        }


def _medians(files: Sequence[File], readers: Mapping[str, Read]) -> dict[str, Measured]:
    """What each reader needs for all files, in turns. The first turn, with what is imported, does not count."""
    failures = {name: _failures(reader, files) for name, reader in readers.items()}
    rounds: dict[str, list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        for name, reader in readers.items():
            rounds[name].append(_seconds(reader, files))
    return {name: Measured(statistics.median(taken), failures[name]) for name, taken in rounds.items()}


def _batch_medians(files: Sequence[File]) -> dict[str, Measured]:
    """Ours in this process and in the sandbox. Reading all files twice or once there tells what the start costs."""
    rounds: dict[str, list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        rounds[OURS].append(_seconds(_ours, files))
        once, twice = _sandbox_seconds(files), _sandbox_seconds([*files, *files])
        rounds[SANDBOXED].append(twice - once)
        rounds[START].append(2 * once - twice)
    return {name: Measured(statistics.median(taken), Counter()) for name, taken in rounds.items()}


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


def _sandbox_seconds(files: Sequence[File]) -> float:
    """Of this process and of the child, from its start to its end."""
    gc.collect()
    started = time.process_time() + _seconds_of_children()
    with Worker() as worker:
        _failures(worker.extract, files)
    return time.process_time() + _seconds_of_children() - started


def _seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _ours(data: bytes, name: str) -> Document:
    return read(data, name, _OPTIONS)
