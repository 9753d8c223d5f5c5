"""The ends of the pipes to a process, which nobody waits at longer than that process has time.

A process that it has started may keep the other ends open when it is gone.
"""

from __future__ import annotations

import io
import os
import select
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any, Final

from extractors.deadline import Deadline

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

_BUFFER_BYTES: Final = 1 << 16
"""What a pipe holds."""


def requests_to(pipe: IO[bytes], deadline: Deadline) -> IO[bytes]:
    """Writes to the raw end of a pipe. Raises `TimeoutError` at the deadline."""
    return io.BufferedWriter(_timed(pipe, deadline), _BUFFER_BYTES)


def replies_from(pipe: IO[bytes], deadline: Deadline) -> IO[bytes]:
    """Reads from the raw end of a pipe. Raises `TimeoutError` at the deadline."""
    return io.BufferedReader(_timed(pipe, deadline), _BUFFER_BYTES)


def _timed(pipe: IO[bytes], deadline: Deadline) -> io.RawIOBase:
    """Where pipes cannot be polled (Windows), only the end of the process ends the waiting."""
    raw: Any = pipe
    return _TimedPipe(raw, deadline) if hasattr(select, "poll") else raw


class _TimedPipe(io.RawIOBase):
    """The raw end of a pipe."""

    def __init__(self, pipe: io.FileIO, deadline: Deadline) -> None:
        self._pipe = pipe
        self._deadline = deadline
        self._ready = select.poll()
        self._ready.register(pipe, select.POLLOUT if pipe.writable() else select.POLLIN)
        os.set_blocking(pipe.fileno(), False)

    def readable(self) -> bool:
        return self._pipe.readable()

    def writable(self) -> bool:
        return self._pipe.writable()

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        return self._when_ready(self._pipe.readinto, buffer)

    def write(self, data: ReadableBuffer, /) -> int | None:
        return self._when_ready(self._pipe.write, data)

    def close(self) -> None:
        self._pipe.close()
        super().close()

    def _when_ready(self, act: Callable[[Any], int | None], buffer: object) -> int:
        while (done := act(buffer)) is None:
            if not self._ready.poll(self._deadline.left_s() * 1000):
                self._deadline.give_up()
                raise TimeoutError("the process has no time left")
        return done
