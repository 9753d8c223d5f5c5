"""The records of Excel binary workbooks ([MS-XLSB])."""

from __future__ import annotations

from collections.abc import Iterator


def records(data: bytes, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """Kind and content of every record from `start`; both kind and size are written seven bits a byte."""
    position, end = start, len(data)
    while position < end:
        kind = data[position]
        position += 1
        if kind & 0x80 and position < end:
            kind = kind & 0x7F | data[position] << 7
            position += 1
        size = shift = 0
        while position < end and shift < 28:
            byte = data[position]
            position += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        yield kind, data[position : position + size]
        position += size


def wide_text(data: bytes, position: int) -> tuple[str, int]:
    """A string after its length and where it ends; a length of all ones is no string."""
    count = int.from_bytes(data[position : position + 4], "little")
    if count == 0xFFFFFFFF:
        return "", position + 4
    end = position + 4 + 2 * count
    return data[position + 4 : end].decode("utf-16-le", "replace"), end
