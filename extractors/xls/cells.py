"""Reads the cells of a sheet of an old Excel file, of every version from 2 to 2003."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from extractors.workbook.formats import Show, general
from extractors.workbook.sheet import Cells
from extractors.xls.records import unicode_text

ERRORS: Final[Mapping[int, str]] = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}
_STRING: Final = frozenset((0x207, 0x07))
_PLACE: Final = struct.Struct("<HHH")


@dataclass(slots=True)
class Book:
    """What the sheets of a workbook share."""

    version: int = 8
    """Of the records: 2 to 5, or 8 for Excel 97 and later. 7 (Excel 95) is as 5."""
    encoding: str = "cp1252"
    strings: Sequence[str] = ()
    shows: Sequence[Show] = ()
    """By the number of the cell's style."""

    def text(self, data: bytes, position: int, count_size: int = 2) -> str:
        """A string after its length, as this version writes it."""
        count = int.from_bytes(data[position : position + count_size], "little")
        position += count_size
        if self.version == 8:
            return unicode_text(data, position, count)
        return data[position : position + count].decode(self.encoding, "replace")

    def show(self, style: int) -> Show:
        return self.shows[style] if style < len(self.shows) else general


@dataclass(slots=True)
class SheetCells:
    """Collects the cells of one sheet; `add` takes record after record."""

    book: Book
    rows: dict[int, Cells] = field(default_factory=dict)
    """Row, from 0, to its cells."""
    _formula: tuple[int, int] | None = None
    """The cell whose text comes in a record of its own."""

    def add(self, kind: int, data: bytes) -> None:
        """Takes a record; those that are no cells change nothing."""
        if kind in _STRING and self._formula is not None:
            row, column = self._formula
            self._put(row, column, self.book.text(data, 0, 1 if kind == 0x07 else 2))
            self._formula = None
        reader = _READERS.get(kind)
        if reader is not None:
            try:
                reader(self, data)
            except struct.error:
                return

    def _put(self, row: int, column: int, text: str) -> None:
        if text and not text.isspace():
            self.rows.setdefault(row, {})[column] = text

    def _number(self, data: bytes) -> None:
        row, column, style = _PLACE.unpack_from(data)
        self._put(row, column, self.book.show(style)(struct.unpack_from("<d", data, 6)[0]))

    def _rk(self, data: bytes) -> None:
        row, column, style = _PLACE.unpack_from(data)
        self._put(row, column, self.book.show(style)(rk_number(struct.unpack_from("<I", data, 6)[0])))

    def _many_rk(self, data: bytes) -> None:
        row, column = struct.unpack_from("<HH", data)
        for style, value in struct.iter_unpack("<HI", data[4 : 4 + (len(data) - 6) // 6 * 6]):
            self._put(row, column, self.book.show(style)(rk_number(value)))
            column += 1

    def _shared(self, data: bytes) -> None:
        row, column, _, position = struct.unpack_from("<HHHI", data)
        if position < len(self.book.strings):
            self._put(row, column, self.book.strings[position])

    def _label(self, data: bytes) -> None:
        row, column, _ = _PLACE.unpack_from(data)
        self._put(row, column, self.book.text(data, 6))

    def _truth_or_error(self, data: bytes) -> None:
        row, column, _ = _PLACE.unpack_from(data)
        self._put(row, column, _truth_or_error(data[6], data[7]) if len(data) > 7 else "")

    def _computed(self, data: bytes) -> None:
        row, column, style = _PLACE.unpack_from(data)
        self._result(row, column, data[6:14], self.book.show(style))

    def _result(self, row: int, column: int, value: bytes, show: Show) -> None:
        self._formula = None
        if value[6:8] != b"\xff\xff":
            self._put(row, column, show(struct.unpack("<d", value)[0]))
        elif value[0] == 0:
            self._formula = (row, column)
        elif value[0] in (1, 2):
            self._put(row, column, _truth_or_error(value[2], value[0] == 2))

    def _old_number(self, data: bytes) -> None:
        row, column = struct.unpack_from("<HH", data)
        self._put(row, column, self._old_show(data)(struct.unpack_from("<d", data, 7)[0]))

    def _old_integer(self, data: bytes) -> None:
        row, column = struct.unpack_from("<HH", data)
        self._put(row, column, self._old_show(data)(float(struct.unpack_from("<H", data, 7)[0])))

    def _old_label(self, data: bytes) -> None:
        row, column = struct.unpack_from("<HH", data)
        self._put(row, column, self.book.text(data, 7, 1))

    def _old_truth_or_error(self, data: bytes) -> None:
        row, column = struct.unpack_from("<HH", data)
        self._put(row, column, _truth_or_error(data[7], data[8]) if len(data) > 8 else "")

    def _formula_of_any_age(self, data: bytes) -> None:
        if self.book.version > 2:
            self._computed(data)
        else:
            row, column = struct.unpack_from("<HH", data)
            self._result(row, column, data[7:15], self._old_show(data))

    def _old_show(self, data: bytes) -> Show:
        """Version 2 names the number format in the cell itself."""
        return self.book.show(data[5] & 0x3F) if len(data) > 5 else general


def rk_number(value: int) -> float:
    """A number in 30 bits: a whole one or the upper half of a float, perhaps times 100."""
    if value & 2:
        number = float(value >> 2) if value < 1 << 31 else float((value >> 2) - (1 << 30))
    else:
        number = struct.unpack("<d", b"\0\0\0\0" + (value & 0xFFFFFFFC).to_bytes(4, "little"))[0]
    return number / 100 if value & 1 else number


def _truth_or_error(value: int, is_error: int) -> str:
    if is_error:
        return ERRORS.get(value, "#ERROR")
    return "TRUE" if value else "FALSE"


_READERS: Final[Mapping[int, Callable[[SheetCells, bytes], None]]] = {
    0x02: SheetCells._old_integer,
    0x03: SheetCells._old_number,
    0x04: SheetCells._old_label,
    0x05: SheetCells._old_truth_or_error,
    0x06: SheetCells._formula_of_any_age,
    0x206: SheetCells._computed,
    0x406: SheetCells._computed,
    0x203: SheetCells._number,
    0x204: SheetCells._label,
    0xD6: SheetCells._label,
    0x205: SheetCells._truth_or_error,
    0x27E: SheetCells._rk,
    0xBD: SheetCells._many_rk,
    0xFD: SheetCells._shared,
}
