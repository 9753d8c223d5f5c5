"""The child process that parses untrusted files: `python -m extractors.worker`, spoken to over its pipes."""

from __future__ import annotations

import faulthandler
import gc
import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any, BinaryIO, Final

from extractors.framing import document_frame, error_frame, read_frame, write_frame
from extractors.reading import read, read_file
from knowledge.errors import ExtractionLimit, KnowledgeError
from knowledge.types import ReadOptions

_LARGEST_REQUEST_BYTES: Final = 1 << 40
_MIB: Final = 1 << 20
_LOG_BYTES: Final = 64 * _MIB
_COLLECTED_FROM_MB: Final = 256
_GRACE_S: Final = 5
"""How much later than the client an orphan ends itself."""


def main() -> None:
    """Answers requests until the client closes the pipe."""
    requests, replies = _private_pipes()
    faulthandler.enable()
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Parsers free nearly all by reference counts: looking for cycles all the time costs a twentieth.
    gc.disable()
    base_bytes = _address_space_bytes()
    while True:
        try:
            request = json.loads(read_frame(requests, _LARGEST_REQUEST_BYTES))
            data = read_frame(requests, _LARGEST_REQUEST_BYTES) if request["path"] is None else None
        except EOFError:
            return
        _limit(request, base_bytes)
        reply = _answer(request, data)
        _cancel_alarm()
        write_frame(replies, reply)
        if _resident_mb() > _COLLECTED_FROM_MB:
            gc.collect()


def _private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The protocol's own ends; what a parser prints goes to the log, what it reads is nothing."""
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, replies


def _answer(request: dict[str, Any], data: bytes | None) -> bytes:
    name = request["name"]
    try:
        content = read_file(Path(request["path"])) if data is None else data
        return document_frame(read(content, name, ReadOptions(**request["options"])), _resident_mb())
    except KnowledgeError as error:
        return error_frame(error, _resident_mb())
    except MemoryError:
        limit = ExtractionLimit(f"{name or 'the data'} needs more than {request['memory_mb']} MiB of memory")
        return error_frame(limit, float("inf"))


def _limit(request: dict[str, Any], base_bytes: int) -> None:
    if hasattr(signal, "alarm"):
        signal.alarm(int(request["timeout_s"]) + _GRACE_S)
    try:
        import resource
    except ImportError:
        return
    _set_limit(resource.RLIMIT_CORE, 0)
    _set_limit(resource.RLIMIT_FSIZE, _LOG_BYTES)
    if base_bytes:
        _set_limit(resource.RLIMIT_AS, base_bytes + request["memory_mb"] * _MIB)


def _cancel_alarm() -> None:
    """An idle worker waits as long as it likes."""
    if hasattr(signal, "alarm"):
        signal.alarm(0)


def _set_limit(which: int, wanted: int) -> None:
    """Lowers the soft limit; one that the system sets lower stays."""
    import resource

    _, hard = resource.getrlimit(which)
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(which, (soft, hard))


def _address_space_bytes() -> int:
    return _memory_pages(0) * _page_bytes()


def _resident_mb() -> float:
    return _memory_pages(1) * _page_bytes() / _MIB


def _page_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0


def _memory_pages(position: int) -> int:
    """A number of /proc/self/statm: 0 the address space, 1 what is resident; 0 where there is no /proc."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[position])
    except OSError:
        return 0


if __name__ == "__main__":
    main()
    sys.exit(0)
