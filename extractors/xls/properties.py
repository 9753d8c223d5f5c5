"""What an old Office file says of itself: title, author, when it was made ([MS-OLEPS])."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from extractors.ole.compound import CompoundFile
from knowledge.types import Value

_STREAM: Final = "\x05SummaryInformation"
# fmt: off
_NAMES: Final = {
    2: "title", 3: "subject", 4: "author", 5: "keywords", 6: "description", 12: "created", 13: "modified",
}
# fmt: on
_CODE_PAGE: Final = 1
_NARROW, _WIDE, _TIME, _SHORT = 30, 31, 64, 2
_FROM_1601_S: Final = 11_644_473_600
_MOST: Final = 1000


def properties(container: CompoundFile) -> dict[str, Value | None]:
    """By the names of metadata; of a damaged list what comes before the damage."""
    if _STREAM not in container.paths:
        return {}
    found: dict[str, Value | None] = {}
    encoding = "cp1252"
    try:
        for number, value in _values(container.read(_STREAM)):
            if number == _CODE_PAGE and isinstance(value, int):
                encoding = "utf-8" if value == 65001 else f"cp{value}"
            elif number in _NAMES and not isinstance(value, int):
                found[_NAMES[number]] = (
                    value.decode(encoding, "replace") if isinstance(value, bytes) else value
                )
    except (struct.error, LookupError):
        pass
    return found


def _values(data: bytes) -> Iterator[tuple[int, bytes | str | float | int]]:
    (start,) = struct.unpack_from("<I", data, 44)
    (count,) = struct.unpack_from("<I", data, start + 4)
    for place in range(min(count, _MOST)):
        number, offset = struct.unpack_from("<II", data, start + 8 + 8 * place)
        kind, size = struct.unpack_from("<II", data, start + offset)
        content = start + offset + 8
        if kind == _NARROW:
            yield number, data[content : content + size].partition(b"\0")[0]
        elif kind == _WIDE:
            yield number, data[content : content + 2 * size].decode("utf-16-le", "replace").partition("\0")[0]
        elif kind == _TIME and (ticks := struct.unpack_from("<Q", data, content - 4)[0]):
            yield number, ticks / 10_000_000 - _FROM_1601_S
        elif kind == _SHORT:
            yield number, size & 0xFFFF
