"""Asks pdfium where the letters of a page stand, how large they are, and how they are turned."""

from __future__ import annotations

import ctypes
import re
from array import array
from collections import deque
from collections.abc import Sequence
from itertools import repeat
from math import atan2, cos, hypot, sin
from typing import Any, Final, NamedTuple

from extractors.pdf.calls import calls, pointer

_SAMPLES: Final = 9
_BOX_BYTES: Final = 16
_FONT_NAME_BYTES: Final = 64
_MONOSPACED = re.compile(
    rb"mono|courier|consolas|menlo|monaco|typewriter|cmtt|lucidacons|sourcecode", re.IGNORECASE
)
_BOLD = re.compile(rb"bold|black|heavy|-b(?:d|$)|cmbx|nimbus\w+-medi|demi", re.IGNORECASE)


class Face(NamedTuple):
    """What the name of a font tells."""

    is_bold: bool
    is_monospaced: bool


def usual_angle(textpage: Any) -> float:
    """How most of a page's text is turned, by samples, in radians."""
    places, count = Places(textpage), textpage.count_chars()
    if not count:
        return 0.0
    angles = [places.size_and_angle(count * part // _SAMPLES)[1] for part in range(_SAMPLES)]
    return max(angles, key=angles.count)


class Places:
    """One set of buffers for all calls. Positions are those of characters in the page's text."""

    def __init__(self, textpage: Any, text: str = "") -> None:
        """`text` is that of the page; without it positions are those of the reader."""
        import pypdfium2.raw as pdfium

        self._calls = calls()
        self._handle = pointer(textpage.raw)
        self._indexes = _indexes(textpage, text) if text else None
        self._matrix = pdfium.FS_MATRIX()
        self._matrix_ref = ctypes.byref(self._matrix)
        self._x, self._y = ctypes.c_double(), ctypes.c_double()
        self._x_ref, self._y_ref = ctypes.byref(self._x), ctypes.byref(self._y)
        self._font = ctypes.create_string_buffer(_FONT_NAME_BYTES)
        self._flags = ctypes.byref(ctypes.c_int())
        self._letters: dict[int, tuple[float, float]] = {}
        self._faces: dict[bytes, Face] = {}

    def edges(self, position: int) -> tuple[float, float]:
        """Left and right edge of a character."""
        left, _, right, *_ = self.boxes([(position, position + 1)])
        return left, right

    def boxes(self, words: Sequence[tuple[int, int]]) -> list[float]:
        """Left, top, right, bottom of the first letter of each word, then of its last: eight numbers a word."""
        letters = [letter for first, end in words for letter in (first, end - 1)]
        if self._indexes is not None:
            letters = [self._indexes[letter] for letter in letters]
        buffer = (ctypes.c_float * (4 * len(letters)))()
        targets = map(ctypes.byref, repeat(buffer), range(0, _BOX_BYTES * len(letters), _BOX_BYTES))
        # Most calls of all are made here: without a loop in Python they take two thirds of the time.
        deque(map(self._calls.loose_box, repeat(self._handle), letters, targets), maxlen=0)
        return array("f", bytes(buffer)).tolist()

    def size_and_angle(self, position: int) -> tuple[float, float]:
        """Size of the font as it appears, and how the letter is turned, in radians."""
        known = self._letters.get(position)
        if known is None:
            index, matrix = self._index(position), self._matrix
            size = self._calls.font_size(self._handle, index)
            if self._calls.matrix(self._handle, index, self._matrix_ref):
                b, c = matrix.b, matrix.c
                angle = round(atan2(b, matrix.a), 2) if b or matrix.a < 0 else 0.0
                known = abs(size) * (hypot(c, matrix.d) if c else abs(matrix.d)), angle
            else:
                known = 0.0, 0.0
            self._letters[position] = known
        return known

    def base(self, position: int, angle: float) -> float:
        """Height of the line that a character stands on, once the page is turned."""
        self._calls.origin(self._handle, self._index(position), self._x_ref, self._y_ref)
        y = self._y.value
        return y * cos(angle) - self._x.value * sin(angle) if angle else y

    def face(self, position: int) -> Face:
        buffer = self._font
        self._calls.font_info(self._handle, self._index(position), buffer, _FONT_NAME_BYTES, self._flags)
        name = buffer.value
        known = self._faces.get(name)
        if known is None:
            known = self._faces[name] = Face(bool(_BOLD.search(name)), bool(_MONOSPACED.search(name)))
        return known

    def _index(self, position: int) -> int:
        return position if self._indexes is None else self._indexes[position]


def turned_spans(boxes: Sequence[float], angle: float) -> tuple[list[float], list[float]]:
    """Left and right edges of words, given as `Places.boxes`, once the page is turned."""
    across, up = cos(angle), sin(angle)
    lefts, rights = [], []
    for word in range(0, len(boxes), 8):
        corners = [
            boxes[word + letter + x] * across + boxes[word + letter + y] * up
            for letter in (0, 4)
            for x in (0, 2)
            for y in (1, 3)
        ]
        lefts.append(min(corners))
        rights.append(max(corners))
    return lefts, rights


def _indexes(textpage: Any, text: str) -> Sequence[int] | None:
    """Where the reader keeps each character; None when it counts as Python does, which is usual.

    It counts UTF-16 units, and its list of characters has some that the text lacks.
    """
    is_wide = max(text) > "\uffff"
    if not is_wide and textpage.count_chars() == len(text):
        return None
    index_of, handle = calls().text_index, pointer(textpage.raw)
    found, unit = [], 0
    for character in text:
        found.append(index_of(handle, unit))
        unit += 2 if character > "\uffff" else 1
    return found
