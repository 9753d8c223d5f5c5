"""What reading in the sandbox costs over reading in this process: file by file, in turns, both processes together."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.documents import File
from extractors import Worker
from extractors.reading import read
from knowledge.types import Document

ROUNDS: Final = 5


@dataclass(frozen=True, slots=True)
class Taken:
    """Nanoseconds for one file."""

    cpu: int
    wall: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    file: File
    here: Taken
    sandboxed: Taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of some files together, in processor time; `wall_times` in the time that passed."""

    here_s: float
    sandboxed_s: float
    median_times: float
    wall_times: float

    @property
    def times(self) -> float:
        return self.sandboxed_s / self.here_s


def cost(measured: Sequence[Pair]) -> Cost | None:
    """None for no files."""
    if not measured:
        return None
    return Cost(
        here_s=sum(pair.here.cpu for pair in measured) / 1e9,
        sandboxed_s=sum(pair.sandboxed.cpu for pair in measured) / 1e9,
        median_times=statistics.median(pair.sandboxed.cpu / pair.here.cpu for pair in measured),
        wall_times=sum(pair.sandboxed.wall for pair in measured) / sum(pair.here.wall for pair in measured),
    )


def pairs(files: Sequence[File]) -> list[Pair]:
    """All files here, then all in the sandbox, as an ingestion reads them. The first round, with what is imported,
    does not count, nor does a file for which a child was started or ended. Of the others the fastest: what else runs
    on the machine only adds."""
    here: list[list[Taken]] = [[] for _ in files]
    sandboxed: list[list[Taken]] = [[] for _ in files]
    with Worker() as worker:
        for _ in range(ROUNDS + 1):
            for reader, turns in ((_here, here), (worker.extract, sandboxed)):
                for file, turn in zip(files, turns, strict=True):
                    turn += _taken(reader, file)
    return [
        Pair(file=file, here=_fastest(ours), sandboxed=_fastest(theirs))
        for file, ours, theirs in zip(files, here, sandboxed, strict=True)
        if ours and theirs
    ]


def children() -> list[int]:
    """The processes that this one has started (Linux)."""
    listed = " ".join(path.read_text() for path in Path("/proc/self/task").glob("*/children"))
    return sorted(map(int, listed.split()))


def start_s() -> float:
    """Processor time of a child's start and end, with one line read in between."""
    before = time.process_time() + _seconds_of_children()
    with Worker() as worker:
        worker.extract(b"one line", "a.txt")
    return time.process_time() + _seconds_of_children() - before


def _taken(reader: Callable[[bytes, str], object], file: File) -> list[Taken]:
    before = children()
    used = _used(before)
    wall, cpu = time.perf_counter_ns(), time.process_time_ns()
    reader(file.data, file.name)
    cpu, wall = time.process_time_ns() - cpu, time.perf_counter_ns() - wall
    return [Taken(cpu + _used(before) - used, wall)] if children() == before else []


def _here(data: bytes, name: str) -> Document:
    return read(data, name)


def _fastest(turns: Sequence[Taken]) -> Taken:
    counted = turns[1:] or turns
    return Taken(min(turn.cpu for turn in counted), min(turn.wall for turn in counted))


def _used(processes: Sequence[int]) -> int:
    """Nanoseconds of the processor. The number of a process's clock is made as clock_getcpuclockid(3) makes it."""
    return sum(time.clock_gettime_ns(~process << 3 | 2) for process in processes)


def _seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
