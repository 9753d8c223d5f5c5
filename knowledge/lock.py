"""One process at a time works on a workspace's index; the others are told which one it is."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from pathlib import Path
from types import TracebackType

from knowledge.errors import WorkspaceLocked


class WorkspaceLock:
    """An operating-system lock (it ends with its process, however that ends) and a file that names the holder."""

    def __init__(self, folder: Path, wait_s: float) -> None:
        from filelock import FileLock

        self._holder = folder / "holder.json"
        self._folder = folder
        self._wait_s = wait_s
        self._lock = FileLock(folder / "lock", thread_local=False)

    def acquire(self) -> None:
        """Raises `WorkspaceLocked` when another process keeps it longer than the wait."""
        from filelock import Timeout

        try:
            self._lock.acquire(timeout=self._wait_s, poll_interval=0.02)
        except Timeout:
            raise WorkspaceLocked(
                f"the workspace {self._folder} is in use by {self._describe_holder()}; "
                "wait until it has finished, or use another --workspace"
            ) from None
        self._holder.write_text(
            json.dumps(
                {
                    "pid": os.getpid(),
                    "host": socket.gethostname(),
                    "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])[:200],
                    "since": time.strftime("%Y-%m-%d %H:%M:%S"),
                }
            ),
            encoding="utf-8",
        )

    def release(self) -> None:
        self._holder.unlink(missing_ok=True)
        self._lock.release()

    def __enter__(self) -> WorkspaceLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _describe_holder(self) -> str:
        try:
            holder = json.loads(self._holder.read_text(encoding="utf-8"))
            return "process {pid} on {host} ({command}, since {since})".format(**holder)
        except (OSError, ValueError, KeyError):
            return "another process"
