"""Reads files in child processes: a crash, a hang or a memory bomb costs one file, never the caller."""

from __future__ import annotations

import logging
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from extractors.deadline import Deadline, kill
from extractors.framing import OversizeFrame, nonsense, read_frame, reply_of, request_parts, write_frame
from extractors.pipes import replies_from, requests_to
from knowledge.defaults import BY_NAME
from knowledge.errors import ExtractionError, ExtractionLimit, KnowledgeError, NotFound
from knowledge.types import Document, ReadOptions

DEFAULT: Final = ReadOptions()
_log = logging.getLogger(__name__)
_MOST_FILES: Final = 1000
"""A child is replaced after so many files: parsers in C leak."""
_KEPT_SHARE: Final = 0.5
"""… or when it keeps more than this share of its memory limit between files."""
_FRAME_BYTES_PER_CHARACTER: Final = 64
_SMALLEST_FRAME_LIMIT: Final = 1 << 28
_KEPT_MEMORY: Final = {
    "MALLOC_TRIM_THRESHOLD_": str(64 << 20),
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TOP_PAD_": str(1 << 20),
}
"""For glibc: what one file frees serves the next; else it goes back to the system, to come again page by page."""
_END_S: Final = 2.0
_LOG_TAIL_BYTES: Final = 65_536
_LOGGED_CHARACTERS: Final = 2000
_MEMORY_SIGNS: Final = ("memory allocation of", "MemoryError", "bad_alloc", "out of memory", "Out of memory")


class Worker:
    """One child process, started when first needed and again after it died. Safe to share between threads.

    `command` replaces how the child is started; it must speak the protocol of `extractors.worker`.
    """

    def __init__(
        self,
        *,
        timeout_s: float | None = None,
        memory_mb: int | None = None,
        max_characters: int | None = None,
        command: Sequence[str] | None = None,
    ) -> None:
        self._timeout_s = float(BY_NAME["extract_timeout_s"].default) if timeout_s is None else timeout_s
        self._memory_mb = int(BY_NAME["extract_memory_mb"].default) if memory_mb is None else memory_mb
        self._max_characters = (
            int(BY_NAME["extract_characters"].default) if max_characters is None else max_characters
        )
        started = command or (sys.executable, "-P", "-m", "extractors.worker")
        self._command = (*started, str(self._timeout_s), str(self._memory_mb))
        self._child: _Child | None = None
        self._lock = threading.Lock()

    def extract(self, source: Path | bytes, name: str = "", options: ReadOptions = DEFAULT) -> Document:
        """The document in a file or in `bytes`. Raises `ExtractionError`, or `NotFound` for a missing path."""
        given = source if isinstance(source, bytes) else os.path.abspath(source)
        called = name if isinstance(source, bytes) else name or source.name
        limited = replace(options, max_characters=self._max_characters)
        with self._lock:
            answer = self._ask(request_parts(called, given, limited), called or "the data")
        if isinstance(answer, Document):
            return answer
        if isinstance(answer, NotFound) and isinstance(source, bytes):
            raise nonsense(answer)
        raise answer

    def close(self) -> None:
        """Ends the child; a later `extract` starts another."""
        with self._lock:
            self._end_child()

    def abandon(self) -> None:
        """Kills the child, whatever it is reading; nobody waits for that answer any more."""
        if (child := self._child) is not None:
            child.abandon()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, request: Sequence[bytes], called: str) -> Document | KnowledgeError:
        if self._child is not None and not self._child.is_usable():
            self._end_child()
        child = self._child = self._child or _Child(self._command, self._timeout_s)
        largest = max(self._max_characters * _FRAME_BYTES_PER_CHARACTER, _SMALLEST_FRAME_LIMIT)
        try:
            reply = child.exchange(request, largest)
        except OversizeFrame:
            self._end_child()
            return ExtractionLimit(
                f"{called} yields more than {largest >> 20} MiB of text, places and pictures (setting "
                "extract_characters); divide it into several files"
            )
        except (OSError, EOFError, ValueError):
            self._child = None
            return self._failure(child, called)
        except BaseException:
            # Interrupted between request and reply: the pipe can no longer be trusted.
            self._end_child()
            raise
        answer, kept_mb = reply_of(reply)
        if child.files >= _MOST_FILES or kept_mb > self._memory_mb * _KEPT_SHARE:
            self._end_child()
        return answer

    def _failure(self, child: _Child, called: str) -> KnowledgeError:
        child.end()
        if child.deadline.has_passed:
            return ExtractionLimit(
                f"{called} took more than {self._timeout_s:g} s (setting extract_timeout_s); it was given up"
            )
        if child.is_abandoned:
            return ExtractionError(f"{called} was given up")
        said = child.log_tail()
        _log.warning(
            "the reader of %r ended with %s: %s",
            called,
            child.ending(),
            said[-_LOGGED_CHARACTERS:] or "no message",
        )
        if any(sign in said for sign in _MEMORY_SIGNS):
            return ExtractionLimit(
                f"{called} needs more than {self._memory_mb} MiB of memory (setting extract_memory_mb)"
            )
        return ExtractionError(
            f"{called} crashed its reader ({child.ending()}); the file is probably damaged"
        )

    def _end_child(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()


class WorkerPool:
    """Several workers behind one `extract`, to be called from as many threads."""

    def __init__(
        self,
        workers: int = int(BY_NAME["workers"].default),
        *,
        timeout_s: float | None = None,
        memory_mb: int | None = None,
        max_characters: int | None = None,
    ) -> None:
        self._workers = [
            Worker(timeout_s=timeout_s, memory_mb=memory_mb, max_characters=max_characters)
            for _ in range(workers)
        ]
        # Last in, first out: a single caller keeps to one child, the others are never started.
        self._idle: queue.LifoQueue[Worker] = queue.LifoQueue()
        for worker in self._workers:
            self._idle.put(worker)

    def extract(self, source: Path | bytes, name: str = "", options: ReadOptions = DEFAULT) -> Document:
        """As `Worker.extract`, by whichever worker is free; waits when none is."""
        worker = self._idle.get()
        try:
            return worker.extract(source, name, options)
        finally:
            self._idle.put(worker)

    def close(self) -> None:
        """Ends all children, after the files that they are reading."""
        for worker in self._workers:
            worker.close()

    def abandon(self) -> None:
        """Kills all children, whatever they are reading."""
        for worker in self._workers:
            worker.abandon()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Child:
    """A running worker process and its pipes."""

    def __init__(self, command: Sequence[str], timeout_s: float) -> None:
        self.files = 0
        self.is_abandoned = False
        self._owner = os.getpid()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=_environment(),
            # Of its own, to be killed with what it starts.
            start_new_session=True,
        )
        self.deadline = Deadline(self._process, timeout_s)
        self._requests = requests_to(_pipe(self._process.stdin), self.deadline)
        self._replies = replies_from(_pipe(self._process.stdout), self.deadline)
        self._end = weakref.finalize(
            self, _end, self._process, self.deadline, (self._requests, self._replies)
        )

    def exchange(self, request: Sequence[bytes], largest: int) -> list[bytes]:
        """The reply's frame. EOFError or OSError when the child dies, be it killed for its time, `OversizeFrame` when
        it answers with more than `largest` bytes."""
        self.deadline.start()
        try:
            write_frame(self._requests, request)
            reply = read_frame(self._replies, largest)
        finally:
            self.deadline.stop()
        self.files += 1
        return reply

    def is_usable(self) -> bool:
        """False once it has died between two files."""
        return self._owner == os.getpid() and self._process.poll() is None

    def end(self) -> None:
        self._end()

    def abandon(self) -> None:
        self.is_abandoned = True
        kill(self._process)

    def ending(self) -> str:
        code = self._process.returncode
        if code is not None and code < 0:
            try:
                return signal.Signals(-code).name
            except ValueError:
                return f"signal {-code}"
        return f"exit code {code}"

    def log_tail(self) -> str:
        """The end of what the child wrote on its standard error."""
        try:
            size = self._log.seek(0, os.SEEK_END)
            self._log.seek(max(0, size - _LOG_TAIL_BYTES))
            return self._log.read().decode(errors="replace").strip()
        except (OSError, ValueError):
            return ""


def _pipe(end: IO[bytes] | None) -> IO[bytes]:
    if end is None:
        raise ValueError("a child without pipes")
    return end


def _end(process: subprocess.Popen[bytes], deadline: Deadline, pipes: Sequence[IO[bytes]]) -> None:
    """Closing its pipe tells a child to go; one that does not is killed. Either way it is waited for."""
    deadline.close()
    for pipe in pipes:
        _close(pipe)
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        kill(process)
        process.wait()


def _close(pipe: IO[bytes]) -> None:
    with suppress(OSError):
        pipe.close()


def _environment() -> dict[str, str]:
    """The child imports from where this process does, and from nowhere else (-P: not from its folder)."""
    home = str(Path(__file__).resolve().parent.parent)
    paths = [home, *(path for path in sys.path if path and path != home)]
    return {**_KEPT_MEMORY, **os.environ, "PYTHONPATH": os.pathsep.join(paths), "RUST_BACKTRACE": "0"}
