"""How much a file may hold and unpack to: against a few bytes that unpack to gigabytes, or to themselves for ever."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import IO, Final

from knowledge.errors import ExtractionError, ExtractionLimit

MOST_ENTRIES: Final = 10_000
MOST_TIMES: Final = 200
"""Unpacked bytes for each packed one. Text and XML of real documents stay below 50."""
HARMLESS_BYTES: Final = 64 << 20
"""That anything may unpack to whatever the ratio: a log of one repeated line is no attack."""
MOST_BYTES: Final = 1 << 30
"""That archives may unpack to, with the archives inside of them."""
MOST_PICTURES: Final = 10_000
MOST_PICTURE_BYTES: Final = 100 << 20
"""Of one file, with the files inside of it: less than half of the smallest reply that is taken (256 MiB)."""
BOUNDED_METHODS: Final = frozenset((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
"""Of ZIP: with the others the standard library unpacks more at once than it is asked for."""
_PIECE_BYTES: Final = 1 << 20


class Budget:
    """What one file, with everything inside of it, has used of its limits."""

    def __init__(self) -> None:
        self.entries = 0
        self.unpacked_bytes = 0
        self.characters = 0
        self.pictures = 0
        self.picture_bytes = 0

    def add_entry(self, name: str) -> None:
        """Counts a member of the archive `name`. Raises `ExtractionLimit` for the first that is too many."""
        self.entries += 1
        check_entries(self.entries, name)

    def add_characters(self, count: int, name: str, allowed: int) -> None:
        """Counts the text of a document, unless it is too much: then the others still fit."""
        if self.characters + count > allowed:
            raise ExtractionLimit(
                f"{name} holds {self.characters + count} characters; allowed are {allowed} "
                "(setting extract_characters)"
            )
        self.characters += count

    def add_picture(self, size_bytes: int) -> bool:
        """Counts a picture, unless it is too much: then it is to be left out."""
        if self.pictures == MOST_PICTURES or self.picture_bytes + size_bytes > MOST_PICTURE_BYTES:
            return False
        self.pictures += 1
        self.picture_bytes += size_bytes
        return True

    def unpack(self, stream: IO[bytes], name: str, packed_bytes: int) -> bytes:
        """All that a decompressor yields, whatever the archive says of its size. Raises `ExtractionLimit`."""
        unpacked = io.BytesIO()
        while piece := stream.read(_PIECE_BYTES):
            size = unpacked.tell() + unpacked.write(piece)
            self.unpacked_bytes += len(piece)
            if size > most_bytes(packed_bytes):
                raise ExtractionLimit(
                    f"{name} unpacks to more than {MOST_TIMES} times its size, as a bomb does"
                )
            if self.unpacked_bytes > MOST_BYTES:
                raise ExtractionLimit(
                    f"{name} unpacks to more than {MOST_BYTES >> 20} MiB; unpack it and give the files"
                )
        return unpacked.getvalue()


_budget: ContextVar[Budget | None] = ContextVar("budget", default=None)


@contextmanager
def shared_budget() -> Iterator[Budget]:
    """The budget of the file that is being read; a new one for the outermost."""
    budget = _budget.get()
    if budget is not None:
        yield budget
        return
    budget = Budget()
    token = _budget.set(budget)
    try:
        yield budget
    finally:
        _budget.reset(token)


def check_entries(count: int, name: str) -> None:
    """Raises `ExtractionLimit` when there are more files in the archive `name` than are read."""
    if count > MOST_ENTRIES:
        raise ExtractionLimit(f"{name} holds more than {MOST_ENTRIES} files; unpack it and give the files")


def check_package(members: Sequence[zipfile.ZipInfo], name: str, packed_bytes: int) -> None:
    """Refuses an Office file that holds too many parts or unpacks to too much. Raises `ExtractionError`.

    The sizes are those that the file declares; `zipfile` yields no more than these. The methods of compression are
    those that the formats allow (ECMA-376 part 2; OpenDocument 1.3 part 2).
    """
    if not BOUNDED_METHODS.issuperset(member.compress_type for member in members):
        raise ExtractionError(
            f"{name} is damaged: its parts are compressed in a way that its format does not know"
        )
    if len(members) > MOST_ENTRIES:
        raise ExtractionLimit(f"{name} holds {len(members)} parts; allowed are {MOST_ENTRIES}")
    size = sum(member.file_size for member in members)
    if size > most_bytes(packed_bytes):
        raise ExtractionLimit(
            f"{name} unpacks to {size >> 20} MiB, more than {MOST_TIMES} times its size, as a bomb does"
        )


def most_bytes(packed_bytes: int) -> int:
    """What so many packed bytes may unpack to."""
    return max(MOST_TIMES * packed_bytes, HARMLESS_BYTES)
