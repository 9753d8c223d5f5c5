"""Kills a process that takes too long over one piece of work, and all that it has started."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time


class Deadline:
    """The time that a process has for each piece of work. One thread watches many: to start one costs as much
    as to read a small file."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self.has_passed = False
        self._process = process
        self._seconds = seconds
        self._at: float | None = None
        self._is_watched = False
        self._closing = threading.Condition()

    def start(self) -> None:
        """A piece of work begins."""
        with self._closing:
            self._at = time.monotonic() + self._seconds
            if not self._is_watched:
                self._is_watched = True
                threading.Thread(target=self._watch, daemon=True).start()

    def stop(self) -> None:
        """It is done."""
        with self._closing:
            self._at = None

    def close(self) -> None:
        """Nobody needs to watch any more."""
        with self._closing:
            self._at = None
            self._closing.notify()

    def left_s(self) -> float:
        """What is left for the work at hand; 0 when there is none."""
        at = self._at
        return 0.0 if at is None else max(0.0, at - time.monotonic())

    def give_up(self) -> None:
        """The work at hand, if there is any, is out of time."""
        if self._at is not None:
            self.has_passed = True
            kill(self._process)

    def _watch(self) -> None:
        """Sleeps until the work at hand is out of time; when that is done by then, later work may have some left."""
        with self._closing:
            while self._at is not None:
                left = self._at - time.monotonic()
                if left <= 0:
                    self.give_up()
                    break
                self._closing.wait(left)
            self._is_watched = False


def kill(process: subprocess.Popen[bytes]) -> None:
    """Ends a process that began a session of its own with all that it has started, where there are such groups.

    Once it is waited for, its number may be that of another.
    """
    if process.returncode is not None:
        return
    if not hasattr(os, "killpg"):
        process.kill()
        return
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()
