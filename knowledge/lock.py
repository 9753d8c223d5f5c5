"""One process at a time works on a workspace's index; the others are told which one it is."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import IO

from knowledge.errors import WorkspaceLocked

_POLL_S = 0.02

if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class WorkspaceLock:
    """A lock of the operating system, which ends with its process however that ends, and a note of the holder."""

    def __init__(self, folder: Path, wait_s: float) -> None:
        self._folder = folder
        self._wait_s = wait_s
        self._holder = folder / "holder.json"
        self._file: IO[bytes] | None = None

    def acquire(self) -> None:
        """Raises `WorkspaceLocked` when another process keeps it longer than the wait."""
        file = (self._folder / "lock").open("ab")
        until = time.monotonic() + self._wait_s
        while True:
            try:
                _try_lock(file)
                break
            except OSError:
                if time.monotonic() >= until:
                    file.close()
                    raise WorkspaceLocked(
                        f"the workspace {self._folder} is in use by {self._describe_holder()}; "
                        "wait until it has finished, or use another --workspace"
                    ) from None
                time.sleep(_POLL_S)
        self._file = file
        self._note_holder()

    def release(self) -> None:
        """Lets others in. Doing it twice changes nothing."""
        if self._file is not None:
            file, self._file = self._file, None
            with file, contextlib.suppress(OSError):
                self._holder.unlink()

    def _note_holder(self) -> None:
        command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
        holder = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "command": command[:200],
            "since": time.strftime("%Y-%m-%d %H:%M:%S"),
        }
        self._holder.write_text(json.dumps(holder), encoding="utf-8")

    def _describe_holder(self) -> str:
        try:
            holder = json.loads(self._holder.read_text(encoding="utf-8"))
            return "process {pid} on {host} ({command}, since {since})".format(**holder)
        except (OSError, ValueError, KeyError):
            return "another process"
