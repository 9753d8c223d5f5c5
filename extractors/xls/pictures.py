"""Takes the pictures out of old Excel files: kept once for the workbook, placed on the sheets ([MS-ODRAW])."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from extractors.images import image_of
from extractors.workbook.sheet import Placed
from extractors.writer import DocumentWriter

_HEAD: Final = struct.Struct("<HHI")
_IS_CONTAINER: Final = 0xF
_STORED, _SHAPE, _OPTIONS, _ANCHOR = 0xF007, 0xF004, 0xF00B, 0xF010
_STORED_HEAD: Final = 36
_PICTURE_NUMBER: Final = 0x104
_BEFORE_BYTES: Final = (17, 33)
"""What stands before the bytes of a picture: one or two checksums and a tag."""
_DEEPEST: Final = 16


def stored_pictures(group: bytes | bytearray) -> list[bytes]:
    """The pictures of a workbook in order; b"" for those of kinds that are not kept."""
    return [_picture(content) for kind, content in _records(group) if kind == _STORED]


def placed_pictures(drawing: bytes | bytearray, stored: list[bytes], writer: DocumentWriter) -> list[Placed]:
    """The links of the pictures on a sheet, at the cells where they begin."""
    found = []
    number = 0
    for kind, content in _records(drawing):
        if kind == _SHAPE:
            number = 0
        elif kind == _OPTIONS:
            number = _number(content)
        elif kind == _ANCHOR and 0 < number <= len(stored) and len(content) >= 8:
            column, row = struct.unpack_from("<2xH2xH", content)
            link = writer.image_link(stored[number - 1])
            if link:
                found.append(Placed(row + 1, column, link))
    return found


def _records(data: bytes | bytearray) -> Iterator[tuple[int, bytes]]:
    """Every record in order, containers before what they contain; of containers the content is left out."""
    waiting = [(0, len(data), 0)]
    while waiting:
        position, end, depth = waiting.pop()
        while position + _HEAD.size <= end:
            version, kind, size = _HEAD.unpack_from(data, position)
            position += _HEAD.size
            if version & _IS_CONTAINER == _IS_CONTAINER and depth < _DEEPEST:
                yield kind, b""
                waiting.append((position + size, end, depth))
                waiting.append((position, min(position + size, end), depth + 1))
                break
            yield kind, bytes(data[position : position + size])
            position += size


def _picture(stored: bytes) -> bytes:
    content = stored[_STORED_HEAD + _HEAD.size :]
    found = (content[before:] for before in _BEFORE_BYTES if image_of(content[before:]) is not None)
    return next(found, b"")


def _number(options: bytes) -> int:
    """Which picture fills a shape, from 1; 0 when none does."""
    for place in range(0, len(options) - 5, 6):
        name, value = struct.unpack_from("<HI", options, place)
        if name & 0x3FFF == _PICTURE_NUMBER:
            return int(value)
    return 0
