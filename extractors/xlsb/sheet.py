"""Reads one sheet of an Excel binary workbook: its rows as a stream, and what follows them."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from extractors.ooxml.part import Part, linked
from extractors.workbook.formats import Show, general
from extractors.workbook.pages import page_words
from extractors.workbook.sheet import MOST_COLUMNS, MOST_ROWS, Cells, Merged, Placed, SheetRow
from extractors.xls.cells import ERRORS, rk_number
from extractors.xlsb.records import records, wide_text

_ROW: Final = 0
_RK, _ERROR, _TRUTH, _REAL, _TEXT, _SHARED = 2, 3, 4, 5, 6, 7
_COMPUTED: Final = {8: _TEXT, 9: _REAL, 10: _TRUTH, 11: _ERROR}
_RICH: Final = 62
_ROWS_END: Final = b"\x92\x01\x00"
_MERGED, _LINK, _PAGE_TEXTS = 176, 494, 479
_COMMENT, _COMMENT_TEXT = 635, 637
_AREA: Final = struct.Struct("<IIII")
_MOST_LINKED: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetBinary:
    data: bytes
    strings: Sequence[str]
    shows: Sequence[Show]
    """By the number of the cell's style."""

    def rows(self, links: Mapping[int, Mapping[int, str]]) -> Iterator[SheetRow]:
        row = 0
        cells: Cells = {}
        for kind, content in records(self.data):
            if kind == _ROW:
                if cells:
                    yield SheetRow(row + 1, _linked(cells, links.get(row + 1, {})))
                row, cells = min(int.from_bytes(content[:4], "little"), MOST_ROWS), {}
            elif kind <= 11 or kind == _RICH:
                text = self._text(kind, content) if len(content) > 8 else ""
                if text and not text.isspace():
                    cells[min(int.from_bytes(content[:4], "little"), MOST_COLUMNS)] = text
        if cells:
            yield SheetRow(row + 1, _linked(cells, links.get(row + 1, {})))

    def rest(self) -> Iterator[tuple[int, bytes]]:
        """The records behind the rows."""
        return records(self.data, max(0, self.data.rfind(_ROWS_END)))

    def _text(self, kind: int, content: bytes) -> str:
        kind = _COMPUTED.get(kind, kind)
        if kind in (_RK, _REAL):
            style = int.from_bytes(content[4:7], "little")
            show = self.shows[style] if style < len(self.shows) else general
            if kind == _RK:
                return show(rk_number(int.from_bytes(content[8:12], "little")))
            return show(struct.unpack_from("<d", content, 8)[0]) if len(content) >= 16 else ""
        if kind == _SHARED:
            position = int.from_bytes(content[8:12], "little")
            return self.strings[position] if position < len(self.strings) else ""
        if kind in (_TEXT, _RICH):
            return wide_text(content, 9 if kind == _RICH else 8)[0]
        if kind == _TRUTH:
            return "TRUE" if content[8] else "FALSE"
        return ERRORS.get(content[8], "#ERROR") if kind == _ERROR else ""


def _linked(cells: Cells, addresses: Mapping[int, str]) -> Cells:
    for column in cells.keys() & addresses.keys():
        cells[column] = linked(cells[column], addresses[column])
    return dict(sorted(cells.items()))


def merged_areas(rest: Sequence[tuple[int, bytes]]) -> list[Merged]:
    areas = (_AREA.unpack_from(data) for kind, data in rest if kind == _MERGED and len(data) >= _AREA.size)
    return [
        Merged(top + 1, left, min(bottom, MOST_ROWS) + 1, min(right, MOST_COLUMNS))
        for top, bottom, left, right in areas
    ]


def links(rest: Sequence[tuple[int, bytes]], part: Part) -> dict[int, dict[int, str]]:
    """Row, from 1, → column → address."""
    found: dict[int, dict[int, str]] = {}
    left = _MOST_LINKED
    for kind, data in rest:
        if kind != _LINK or len(data) <= _AREA.size:
            continue
        top, bottom, first, last = _AREA.unpack_from(data)
        address = part.address(wide_text(data, _AREA.size)[0])
        left -= (bottom - top + 1) * (last - first + 1)
        if not address or left < 0:
            continue
        for row in range(top, bottom + 1):
            found.setdefault(row + 1, {}).update(dict.fromkeys(range(first, last + 1), address))
    return found


def page_texts(rest: Sequence[tuple[int, bytes]]) -> tuple[str, str]:
    """The page header and the page footer."""
    for kind, data in rest:
        if kind == _PAGE_TEXTS:
            header, position = wide_text(data, 2)
            return page_words(header), page_words(wide_text(data, position)[0])
    return "", ""


def comments(sheet: Part) -> list[Placed]:
    found: list[Placed] = []
    for target in sheet.targets("comments"):
        row = column = 0
        for kind, data in records(sheet.package.read(target)):
            if kind == _COMMENT and len(data) >= 20:
                row, _, column, _ = _AREA.unpack_from(data, 4)
            elif kind == _COMMENT_TEXT:
                found.append(Placed(row + 1, column, wide_text(data, 1)[0]))
    return found
