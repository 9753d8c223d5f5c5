"""Reads OLE compound files ([MS-CFB]): the file system inside old Office files and embedded objects."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from knowledge.errors import ExtractionError

MAGIC: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEADER: Final = struct.Struct("<30xHH14xI4xII4xI")
"""Sizes of sectors as powers of two, first directory sector, size of small streams, their table, table of tables."""
_ENTRY: Final = struct.Struct("<64sHBxIII36xIQ")
_TABLES_IN_HEADER: Final = 109
_LAST_SECTOR: Final = 0xFFFFFFFA
"""Larger numbers end a chain or mark what is not data."""
_STREAM: Final = 2
_DEEPEST: Final = 20
"""Storages nested deeper are not looked into."""


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    kind: int
    beside: tuple[int, int]
    child: int
    start: int
    size: int


class CompoundFile:
    """The streams of a compound file, by paths such as "ObjectPool/_1/CONTENTS". Damage is an `ExtractionError`."""

    def __init__(self, data: bytes, name: str) -> None:
        self._data = data
        self._name = name
        try:
            shift, small_shift, directory, self._small_below, small_table, table = _HEADER.unpack_from(data)
            if not data.startswith(MAGIC) or not 7 <= shift <= 16 or not 4 <= small_shift <= shift:
                raise LookupError
            self._size, self._small_size = 1 << shift, 1 << small_shift
            self._count = len(data) // self._size
            self._next = self._numbers(islice(self._table_sectors(table), self._count))
            self._next_small = self._numbers(islice(self._chain(small_table, self._next), self._count))
            self._entries = [_entry(raw) for raw in _ENTRY.iter_unpack(self._sectors(directory))]
            self._small = self._sectors(self._entries[0].start)
            self._streams = dict(self._walk())
        except (struct.error, LookupError) as error:
            raise ExtractionError(f"{name} is damaged: its directory cannot be read") from error

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(self._streams)

    def read(self, path: str) -> bytes:
        """The bytes of a stream; KeyError when there is none."""
        entry = self._streams[path]
        if entry.size >= self._small_below:
            return self._sectors(entry.start)[: entry.size]
        size = self._small_size
        chain = islice(self._chain(entry.start, self._next_small), len(self._small) // size + 1)
        return b"".join(self._small[at * size : (at + 1) * size] for at in chain)[: entry.size]

    def _sector(self, number: int) -> bytes:
        return self._data[(number + 1) * self._size : (number + 2) * self._size]

    def _sectors(self, start: int) -> bytes:
        """A circle ends when there were as many sectors as the file has."""
        return b"".join(map(self._sector, islice(self._chain(start, self._next), self._count)))

    def _numbers(self, sectors: Iterator[int]) -> tuple[int, ...]:
        data = b"".join(map(self._sector, sectors))
        return struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4])

    def _chain(self, start: int, following: tuple[int, ...]) -> Iterator[int]:
        """Sector numbers from `start`; ends at the latest when every sector was passed once."""
        for _ in range(len(following)):
            if start >= len(following):
                return
            yield start
            start = following[start]

    def _table_sectors(self, start: int) -> Iterator[int]:
        """The sectors of the table of sectors: 109 named in the header, the rest in a list of their own."""
        named = struct.unpack_from(f"<{_TABLES_IN_HEADER}I", self._data, 76)
        yield from (number for number in named if number < _LAST_SECTOR)
        for _ in range(len(self._data) // self._size):
            if start >= _LAST_SECTOR:
                return
            *listed, start = struct.unpack(f"<{self._size // 4}I", self._sector(start))
            yield from (number for number in listed if number < _LAST_SECTOR)

    def _walk(self) -> Iterator[tuple[str, _Entry]]:
        """Every stream with its path; an entry is visited once, whatever the links say."""
        waiting = [("", self._entries[0].child)]
        seen: set[int] = set()
        while waiting:
            folder, number = waiting.pop()
            if number >= len(self._entries) or number in seen:
                continue
            seen.add(number)
            entry = self._entries[number]
            waiting.extend((folder, other) for other in entry.beside)
            if folder.count("/") < _DEEPEST:
                waiting.append((f"{folder}{entry.name}/", entry.child))
            if entry.kind == _STREAM:
                yield folder + entry.name, entry


def _entry(raw: tuple[bytes, int, int, int, int, int, int, int]) -> _Entry:
    name, length, kind, left, right, child, start, size = raw
    text = name[: max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
    return _Entry(text, kind, (left, right), child, start, size & 0xFFFFFFFF)
