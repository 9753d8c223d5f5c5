"""Reads a PDF page as lines with their place on the page: what paragraphs are later made of."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from math import atan2, cos, hypot, sin
from typing import Any, Final

_RAISED: Final = 0.5
"""In sizes: pieces whose base lines differ by less stand on one line (a raised note number …)."""
_WIDEST_GAP: Final = 2.5
"""In sizes; pieces further apart are cells or columns."""
_WORD_GAP: Final = 0.15
_SOFT_HYPHENS: Final = dict.fromkeys((0xFFFE, 0x02, 0xAD))
"""How the reader marks a word that it put together again at the end of a line."""


@dataclass(frozen=True, slots=True)
class Line:
    """Text and place, in points, the page turned so that the line runs from left to right."""

    text: str
    left: float
    right: float
    base: float
    """Height of the line the first letters stand on, growing upwards."""
    foot: float
    """The same of the last letters: lower where a word broken at the line's end was put together again."""
    size: float
    """Of the font as it appears."""
    angle: float
    """How far the page had to be turned, in radians."""


def page_lines(textpage: Any) -> list[Line]:
    """The lines of a page in the order of its content, pieces of one line joined."""
    lines: list[Line] = []
    for line in _pieces(textpage):
        if lines and _is_same_line(lines[-1], line):
            lines[-1] = _joined(lines[-1], line)
        else:
            lines.append(line)
    return lines


def _pieces(textpage: Any) -> Iterator[Line]:
    text = textpage.get_text_range()
    places = _Places(textpage)
    # The reader counts UTF-16 units: beyond the basic plane they are not Python's characters.
    is_wide = bool(text) and max(text) > "\uffff"
    offset = 0
    for piece in text.split("\r\n"):
        stripped = piece.strip()
        if stripped:
            first = offset + _units(piece[: piece.index(stripped)], is_wide)
            last = first + _units(stripped, is_wide) - 1
            yield places.line(stripped.translate(_SOFT_HYPHENS), first, last)
        offset += _units(piece, is_wide) + 2


def _units(text: str, is_wide: bool) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 if is_wide else len(text)


class _Places:
    """Asks the reader where characters stand, with one set of buffers for all calls."""

    def __init__(self, textpage: Any) -> None:
        import pypdfium2.raw as pdfium

        self._pdfium = pdfium
        self._textpage = textpage
        self._matrix = pdfium.FS_MATRIX()
        self._box = pdfium.FS_RECTF()
        self._x, self._y = ctypes.c_double(), ctypes.c_double()

    def line(self, text: str, first: int, last: int) -> Line:
        """The line between two positions in the page's text. Both ends count: either may be a raised mark."""
        start = self._pdfium.FPDFText_GetCharIndexFromTextIndex(self._textpage, first)
        end = self._pdfium.FPDFText_GetCharIndexFromTextIndex(self._textpage, last)
        size, angle = self._size_and_angle(start)
        end_size, end_angle = self._size_and_angle(end)
        if end_size > size:
            size, angle = end_size, end_angle
        left, _, base = self._extent(start, angle)
        _, right, foot = self._extent(end, angle)
        if abs(base - foot) < _RAISED * size:
            base = foot = min(base, foot)
        return Line(text, left, right, base, foot, size, angle)

    def _size_and_angle(self, index: int) -> tuple[float, float]:
        matrix = self._matrix
        if not self._pdfium.FPDFText_GetMatrix(self._textpage, index, ctypes.byref(matrix)):
            return 0.0, 0.0
        size = self._pdfium.FPDFText_GetFontSize(self._textpage, index)
        return abs(size) * hypot(matrix.c, matrix.d), round(atan2(matrix.b, matrix.a), 2)

    def _extent(self, index: int, angle: float) -> tuple[float, float, float]:
        """Left and right edge and base line of a character on the turned page."""
        box = self._box
        box.left = box.right = box.top = box.bottom = 0.0
        self._pdfium.FPDFText_GetLooseCharBox(self._textpage, index, ctypes.byref(box))
        self._pdfium.FPDFText_GetCharOrigin(
            self._textpage, index, ctypes.byref(self._x), ctypes.byref(self._y)
        )
        if angle == 0:
            return box.left, box.right, self._y.value
        across, up = cos(angle), sin(angle)
        corners = [x * across + y * up for x in (box.left, box.right) for y in (box.bottom, box.top)]
        return min(corners), max(corners), self._y.value * across - self._x.value * up


def _is_same_line(before: Line, after: Line) -> bool:
    size = max(before.size, after.size)
    if before.angle != after.angle or abs(before.foot - after.base) > _RAISED * size:
        return False
    return -_WORD_GAP * size <= after.left - before.right <= _WIDEST_GAP * size


def _joined(before: Line, after: Line) -> Line:
    larger = before if before.size >= after.size else after
    gap = " " if after.left - before.right > _WORD_GAP * larger.size else ""
    base = before.base if before.base != before.foot else larger.base
    return Line(
        before.text + gap + after.text, before.left, after.right, base, larger.foot, larger.size, larger.angle
    )
