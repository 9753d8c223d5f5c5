"""The child process that parses untrusted files: `python -m extractors.worker SECONDS MIB`, spoken to over pipes."""

from __future__ import annotations

import faulthandler
import gc
import logging
import os
import signal
import sys
from pathlib import Path
from typing import BinaryIO, Final

from extractors.framing import document_parts, error_parts, read_frame, request_of, write_frame
from extractors.reading import read, read_file
from knowledge.errors import ExtractionLimit, KnowledgeError
from knowledge.types import ReadOptions

_LARGEST_REQUEST_BYTES: Final = 1 << 40
_MIB: Final = 1 << 20
_LOG_BYTES: Final = 64 * _MIB
_BUFFER_BYTES: Final = 1 << 16
"""What a pipe holds: an ordinary file comes and goes in one system call each."""
_GROWTH_SHARE: Final = 0.25
"""The memory is looked through for cycles when so much of the limit has been taken since the last time."""
_GRACE_S: Final = 5
"""How much later than the client an orphan ends itself."""


def main() -> None:
    """Answers requests until the client closes the pipe. Its arguments are the limits of a file: seconds, and MiB."""
    timeout_s, memory_mb = float(sys.argv[1]), int(sys.argv[2])
    requests, replies = _private_pipes()
    faulthandler.enable()
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Parsers free nearly all by reference counts: looking for cycles all the time costs a twentieth.
    gc.disable()
    memory = _Memory(memory_mb)
    _limit(memory, memory_mb)
    while True:
        try:
            request = read_frame(requests, _LARGEST_REQUEST_BYTES)
        except EOFError:
            return
        _set_alarm(int(timeout_s) + _GRACE_S)
        reply = _answer(*request_of(request), memory)
        # An idle worker waits as long as it likes.
        _set_alarm(0)
        write_frame(replies, reply)
        # Not while the client waits, nor before what was read is let go.
        del request, reply
        memory.collect()


def _private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The protocol's own ends; what a parser prints goes to the log, what it reads is nothing."""
    requests = os.fdopen(os.dup(0), "rb", _BUFFER_BYTES)
    replies = os.fdopen(os.dup(1), "wb", _BUFFER_BYTES)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, replies


def _answer(name: str, source: str | bytes, options: ReadOptions, memory: _Memory) -> list[bytes]:
    try:
        content = source if isinstance(source, bytes) else read_file(Path(source))
        return document_parts(read(content, name, options), memory.resident_mb())
    except KnowledgeError as error:
        return error_parts(error, memory.resident_mb())
    except MemoryError:
        limit = ExtractionLimit(
            f"{name or 'the data'} needs more memory than allowed (setting extract_memory_mb)"
        )
        return error_parts(limit, float("inf"))


class _Memory:
    """What this process holds, as Linux counts it; nothing where there is no /proc."""

    def __init__(self, limit_mb: int) -> None:
        try:
            self._counts = os.open("/proc/self/statm", os.O_RDONLY)
        except OSError:
            self._counts = -1
        self._growth_mb = self._collected_from_mb = limit_mb * _GROWTH_SHARE
        self._last_mb = 0.0

    def address_space_bytes(self) -> int:
        return self._pages(0) * _page_bytes()

    def resident_mb(self) -> float:
        self._last_mb = self._pages(1) * _page_bytes() / _MIB
        return self._last_mb

    def collect(self) -> None:
        """Frees what refers to itself, once more has been taken."""
        if self._last_mb > self._collected_from_mb:
            gc.collect()
            self._collected_from_mb = self.resident_mb() + self._growth_mb

    def _pages(self, position: int) -> int:
        return int(os.pread(self._counts, 64, 0).split()[position]) if self._counts >= 0 else 0


def _page_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0


def _limit(memory: _Memory, memory_mb: int) -> None:
    """Of memory, of what is written to the log, and of dumps of a crash."""
    try:
        import resource
    except ImportError:
        return
    _set_limit(resource.RLIMIT_CORE, 0)
    _set_limit(resource.RLIMIT_FSIZE, _LOG_BYTES)
    if used := memory.address_space_bytes():
        _set_limit(resource.RLIMIT_AS, used + memory_mb * _MIB)


def _set_limit(which: int, wanted: int) -> None:
    """Lowers the soft limit; one that the system sets lower stays."""
    import resource

    _, hard = resource.getrlimit(which)
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(which, (soft, hard))


def _set_alarm(seconds: int) -> None:
    if hasattr(signal, "alarm"):
        signal.alarm(seconds)


if __name__ == "__main__":
    main()
    sys.exit(0)
