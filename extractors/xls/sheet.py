"""Reads one sheet of an old Excel file: cells, merged areas, links, comments, text boxes, words of charts."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from extractors.ooxml.part import linked
from extractors.workbook.pages import page_words
from extractors.workbook.sheet import Merged, Placed, Sheet, SheetRow
from extractors.xls.cells import Book, SheetCells
from extractors.xls.charts import ChartReader
from extractors.xls.records import CONTINUE, continued_text, records

BEGINS: Final = frozenset((0x09, 0x209, 0x409, 0x809))
END: Final = 0x0A
_CHART: Final = b"\x20\0"
_URL_MONIKER: Final = bytes.fromhex("e0c9ea79f9bace118c8200aa004ba90b")
_MOST_LINKED: Final = 100_000


@dataclass(slots=True)
class SheetReader:
    """`read` collects what a sheet holds."""

    book: Book
    cells: SheetCells = field(init=False)
    merged: list[Merged] = field(default_factory=list)
    links: dict[tuple[int, int], str] = field(default_factory=dict)
    notes: list[tuple[int, int, int, str]] = field(default_factory=list)
    """Row and column from 0, number of the object with the text, or the text itself."""
    object_texts: dict[int, str] = field(default_factory=dict)
    charts: list[ChartReader] = field(default_factory=list)
    drawing: bytearray = field(default_factory=bytearray)
    """Where the pictures are placed."""
    header: str = ""
    footer: str = ""
    _object: int = 0
    _text_left: int = 0
    _segments: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cells = SheetCells(self.book)

    def read(self, stream: bytes, start: int) -> None:
        depth, is_chart_sheet = 0, False
        for kind, data in records(stream, start):
            depth += (kind in BEGINS) - (kind == END)
            is_chart_sheet = is_chart_sheet or (depth == 1 and kind in BEGINS and data[2:4] == _CHART)
            if kind == CONTINUE and self._text_left:
                self._segments.append(data)
                continue
            self._finish_text()
            if depth == 1:
                self.cells.add(kind, data)
                self._add(kind, data)
            elif depth < 1:
                return
            if kind in BEGINS and data[2:4] == _CHART:
                self.charts.append(ChartReader(self.book))
            elif self.charts and (depth > 1 or is_chart_sheet):
                self.charts[-1].add(kind, data)

    def sheet(self, pictures: Sequence[Placed]) -> Sheet:
        """What was read, with the links of its pictures, ready to be written."""
        noted = {number for _, _, number, _ in self.notes}
        comments = [
            Placed(row + 1, column, text or self.object_texts.get(number, ""))
            for row, column, number, text in self.notes
        ]
        return Sheet(
            rows=self._rows(),
            merged=self.merged,
            pictures=pictures,
            comments=comments,
            texts=[text for number, text in self.object_texts.items() if number not in noted],
            page_header=page_words(self.header),
            page_footer=page_words(self.footer),
        )

    def _rows(self) -> Iterator[SheetRow]:
        for (row, column), address in self.links.items():
            cells = self.cells.rows.get(row, {})
            if column in cells:
                cells[column] = linked(cells[column], address)
        for row in sorted(self.cells.rows):
            yield SheetRow(row + 1, dict(sorted(self.cells.rows[row].items())))

    def _add(self, kind: int, data: bytes) -> None:
        reader = _READERS.get(kind)
        if reader is not None:
            try:
                reader(self, data)
            except struct.error:
                return

    def _add_merged(self, data: bytes) -> None:
        for top, bottom, left, right in struct.iter_unpack("<HHHH", data[2 : 2 + (len(data) - 2) // 8 * 8]):
            self.merged.append(Merged(top + 1, left, bottom + 1, right))

    def _add_link(self, data: bytes) -> None:
        top, bottom, left, right = struct.unpack_from("<HHHH", data)
        address = _address(data)
        if address and (bottom - top + 1) * (right - left + 1) + len(self.links) <= _MOST_LINKED:
            places = ((row, column) for row in range(top, bottom + 1) for column in range(left, right + 1))
            self.links.update(dict.fromkeys(places, address))

    def _add_note(self, data: bytes) -> None:
        row, column, _, number = struct.unpack_from("<HHHH", data)
        text = "" if self.book.version == 8 else self.book.text(data, 4)
        self.notes.append((row, column, number if not text else -1, text))

    def _add_drawing(self, data: bytes) -> None:
        self.drawing += data

    def _add_object(self, data: bytes) -> None:
        (self._object,) = struct.unpack_from("<H", data, 6)

    def _begin_text(self, data: bytes) -> None:
        (self._text_left,) = struct.unpack_from("<H", data, 10)

    def _finish_text(self) -> None:
        if self._text_left:
            self.object_texts[self._object] = continued_text(self._segments, self._text_left)
            self._text_left = 0
            self._segments = []

    def _set_header(self, data: bytes) -> None:
        self.header = self._page_text(data)

    def _set_footer(self, data: bytes) -> None:
        self.footer = self._page_text(data)

    def _page_text(self, data: bytes) -> str:
        return self.book.text(data, 0, 2 if self.book.version == 8 else 1) if data else ""


_READERS: Final[Mapping[int, Callable[[SheetReader, bytes], None]]] = {
    0xE5: SheetReader._add_merged,
    0x1B8: SheetReader._add_link,
    0x1C: SheetReader._add_note,
    0x5D: SheetReader._add_object,
    0x1B6: SheetReader._begin_text,
    0xEC: SheetReader._add_drawing,
    0x14: SheetReader._set_header,
    0x15: SheetReader._set_footer,
}


def _address(data: bytes) -> str:
    """The URL of a link record ([MS-OSHARED] 2.3.7.1); "" for places in files."""
    (flags,) = struct.unpack_from("<I", data, 28)
    position = 32
    for flag in (0x10, 0x80):
        if flags & flag:
            (count,) = struct.unpack_from("<I", data, position)
            position += 4 + 2 * count
    if not flags & 1 or data[position : position + 16] != _URL_MONIKER:
        return ""
    (size,) = struct.unpack_from("<I", data, position + 16)
    return data[position + 20 : position + 20 + size].decode("utf-16-le", "replace").partition("\0")[0]
