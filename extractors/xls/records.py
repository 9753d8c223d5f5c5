"""The records of old Excel files ([MS-XLS]) and the strings in them."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Final

CONTINUE: Final = 0x3C
_HEAD: Final = struct.Struct("<HH")
_WIDE: Final = 1
_HAS_PHONETIC: Final = 4
_HAS_RUNS: Final = 8


def records(stream: bytes, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """Kind and content of every record from `start`."""
    position, end = start, len(stream) - _HEAD.size
    while 0 <= position <= end:
        kind, size = _HEAD.unpack_from(stream, position)
        position += _HEAD.size
        yield kind, stream[position : position + size]
        position += size


def characters(data: bytes, wide: bool) -> str:
    return data.decode("utf-16-le", "replace") if wide else data.decode("latin-1")


def unicode_text(data: bytes, position: int, count: int) -> str:
    """A string of `count` characters, whose flags stand at `position`, within one record."""
    flags = data[position] if position < len(data) else 0
    position += 1 + 2 * bool(flags & _HAS_RUNS) + 4 * bool(flags & _HAS_PHONETIC)
    wide = bool(flags & _WIDE)
    return characters(data[position : position + count * (1 + wide)], wide)


def continued_text(segments: Sequence[bytes], count: int) -> str:
    """A string that starts in the first segment and may run on into others; each begins with its flags."""
    pieces = []
    for segment in segments:
        wide = bool(segment[:1] and segment[0] & _WIDE)
        piece = characters(segment[1 : 1 + count * (1 + wide)], wide)
        pieces.append(piece)
        count -= len(piece)
        if count <= 0:
            break
    return "".join(pieces)


class SharedStrings:
    """Reads the table of strings, which runs on over the borders of records."""

    def __init__(self, segments: Sequence[bytes]) -> None:
        self._segments = iter(segments)
        self._data = next(self._segments, b"")
        self._position = 8

    def read(self) -> list[str]:
        """All strings; of a damaged table those before the damage."""
        strings: list[str] = []
        try:
            (total,) = struct.unpack_from("<I", self._data, 4)
            while len(strings) < total:
                strings.append(self._string())
        except (struct.error, StopIteration):
            pass
        return strings

    def _string(self) -> str:
        if self._position >= len(self._data):
            self._turn(0)
        count, flags = struct.unpack_from("<HB", self._data, self._position)
        self._position += 3
        after = 0
        if flags & _HAS_RUNS:
            after += 4 * struct.unpack_from("<H", self._data, self._position)[0]
            self._position += 2
        if flags & _HAS_PHONETIC:
            after += struct.unpack_from("<I", self._data, self._position)[0]
            self._position += 4
        text = self._characters(count, bool(flags & _WIDE))
        self._skip(after)
        return text

    def _characters(self, count: int, wide: bool) -> str:
        pieces = []
        while True:
            end = min(self._position + count * (1 + wide), len(self._data))
            piece = characters(self._data[self._position : end], wide)
            pieces.append(piece)
            self._position = end
            count -= len(piece)
            if count <= 0:
                return "".join(pieces)
            self._turn(1)
            wide = bool(self._data[:1] and self._data[0] & _WIDE)

    def _skip(self, size: int) -> None:
        while size > len(self._data) - self._position:
            size -= max(0, len(self._data) - self._position)
            self._turn(0)
        self._position += size

    def _turn(self, position: int) -> None:
        self._data = next(self._segments)
        self._position = position
