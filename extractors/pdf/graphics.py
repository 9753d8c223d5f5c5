"""Finds what is drawn on a PDF page beside its text: the rules that tables are drawn with, and where pictures are."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import repeat
from math import cos, sin
from typing import Any, Final

from extractors.pdf.calls import calls, pointer

_THICKEST: Final = 3.0
"""Points; what is drawn thinner is a rule."""
_SHORTEST: Final = 4.0
_SMALLEST_SHAPE: Final = 15.0
"""Points; smaller shapes that are no rules are icons or outlines of letters."""
_MOST_OBJECTS: Final = 50_000
_MOST_RULES: Final = 4_000
"""Pages with more are drawings."""
_MOST_SEGMENTS: Final = 500
_DEEPEST: Final = 4
_RECTANGLE_SEGMENTS: Final = (4, 5)


@dataclass(frozen=True, slots=True)
class Rule:
    """A horizontal or vertical line: `at` is its place on the other axis, in points."""

    at: float
    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture's box on the page, in points, its object while the page is open, and the picture as a file."""

    left: float
    bottom: float
    right: float
    top: float
    handle: Any = None
    data: bytes = b""

    @property
    def base(self) -> float:
        return (self.bottom + self.top) / 2


@dataclass(slots=True)
class Graphics:
    horizontal: list[Rule] = field(default_factory=list)
    vertical: list[Rule] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)


Matrix = tuple[float, float, float, float, float, float]
_AS_IS: Final[Matrix] = (1, 0, 0, 1, 0, 0)


def page_graphics(page: Any, angle: float = 0.0) -> Graphics:
    """Rules and pictures, those inside of form objects too, on the page turned by `angle` (radians).

    Pages of drawings have no rules, nor have pages that are turned by other than right angles.
    """
    graphics = Graphics()
    walk = _Walk(graphics)
    call = calls()
    handle = pointer(page.raw)
    count = min(call.object_count(handle), _MOST_OBJECTS)
    across, up = round(cos(angle), 2), round(sin(angle), 2)
    matrix = _AS_IS if (across, up) == (1, 0) else (across, -up, up, across, 0.0, 0.0)
    walk.visit(list(map(call.object_at, repeat(handle), range(count))), matrix, 0)
    if len(graphics.horizontal) + len(graphics.vertical) > _MOST_RULES:
        graphics.horizontal, graphics.vertical = [], []
    return graphics


class _Walk:
    """Goes through a page's objects with one set of buffers for all calls."""

    def __init__(self, graphics: Graphics) -> None:
        import pypdfium2.raw as pdfium

        self._pdfium = pdfium
        self._graphics = graphics
        self._seen = 0
        self._bounds = calls().bounds
        self._edges = (ctypes.c_float * 4)()
        self._edge_refs = tuple(ctypes.byref(self._edges, 4 * edge) for edge in range(4))

    def visit(self, handles: Sequence[Any], matrix: Matrix, depth: int) -> None:
        pdfium = self._pdfium
        for address, kind in zip(handles, map(calls().object_type, handles), strict=True):
            if kind == pdfium.FPDF_PAGEOBJ_PATH:
                self._path(address, matrix)
            elif kind == pdfium.FPDF_PAGEOBJ_IMAGE:
                box = self._box(address, matrix)
                picture = Picture(left=box[0], bottom=box[1], right=box[2], top=box[3], handle=address)
                self._graphics.pictures.append(picture)
            elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _DEEPEST:
                self._form(address, matrix, depth)

    def _form(self, address: Any, matrix: Matrix, depth: int) -> None:
        pdfium = self._pdfium
        form = ctypes.cast(address, pdfium.FPDF_PAGEOBJECT)
        own = pdfium.FS_MATRIX()
        pdfium.FPDFPageObj_GetMatrix(form, ctypes.byref(own))
        count = pdfium.FPDFFormObj_CountObjects(form)
        self._seen += max(count, 0)
        if self._seen > _MOST_OBJECTS:
            return
        handles = [pointer(pdfium.FPDFFormObj_GetObject(form, index)) for index in range(count)]
        inner = _product((own.a, own.b, own.c, own.d, own.e, own.f), matrix)
        self.visit(handles, inner, depth + 1)

    def _box(self, address: Any, matrix: Matrix) -> tuple[float, float, float, float]:
        if not self._bounds(address, *self._edge_refs):
            return 0.0, 0.0, 0.0, 0.0
        left, bottom, right, top = self._edges
        if matrix is _AS_IS:
            return left, bottom, right, top
        corners = [_moved(x, y, matrix) for x in (left, right) for y in (bottom, top)]
        xs, ys = zip(*corners, strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    def _path(self, address: Any, matrix: Matrix) -> None:
        left, bottom, right, top = self._box(address, matrix)
        width, height = right - left, top - bottom
        if max(width, height) < _SHORTEST or self._is_full():
            return
        if min(width, height) <= _THICKEST:
            self._edge(left, bottom, right, top)
            return
        if max(width, height) < _SMALLEST_SHAPE:
            return
        path = ctypes.cast(address, self._pdfium.FPDF_PAGEOBJECT)
        if not self._is_drawn(path):
            return
        count = self._pdfium.FPDFPath_CountSegments(path)
        if count in _RECTANGLE_SEGMENTS and matrix is _AS_IS and self._begins_level(address):
            for x in (left, right):
                self._edge(x, bottom, x, top)
            for y in (bottom, top):
                self._edge(left, y, right, y)
        elif count <= _MOST_SEGMENTS:
            self._outline(path, count, matrix)

    def _begins_level(self, address: Any) -> bool:
        """Whether the first edge of a shape of four is upright or level: then it is a rectangle, but for oddities."""
        call, (x, y) = calls(), self._edge_refs[:2]
        points = []
        for index in range(2):
            call.segment_point(call.segment(address, index), x, y)
            points.append((self._edges[0], self._edges[1]))
        (first_x, first_y), (next_x, next_y) = points
        return first_x == next_x or first_y == next_y

    def _is_full(self) -> bool:
        return len(self._graphics.horizontal) + len(self._graphics.vertical) > _MOST_RULES

    def _is_drawn(self, path: Any) -> bool:
        fill, stroke = ctypes.c_int(), ctypes.c_int()
        self._pdfium.FPDFPath_GetDrawMode(path, ctypes.byref(fill), ctypes.byref(stroke))
        return bool(fill.value or stroke.value)

    def _outline(self, path: Any, count: int, matrix: Matrix) -> None:
        """The edges of a shape, up to the first that is slanted or curved: from there on it is a drawing."""
        call, pdfium = calls(), self._pdfium
        own = pdfium.FS_MATRIX()
        pdfium.FPDFPageObj_GetMatrix(path, ctypes.byref(own))
        whole = _product((own.a, own.b, own.c, own.d, own.e, own.f), matrix)
        address, (x, y) = pointer(path), self._edge_refs[:2]
        begin = last = (0.0, 0.0)
        for index in range(count):
            segment = call.segment(address, index)
            kind = call.segment_type(segment)
            call.segment_point(segment, x, y)
            point = _moved(self._edges[0], self._edges[1], whole)
            if kind == pdfium.FPDF_SEGMENT_MOVETO:
                begin = point
            elif kind != pdfium.FPDF_SEGMENT_LINETO or not self._edge(*last, *point):
                return
            last = point
            if call.is_closing(segment):
                self._edge(*last, *begin)

    def _edge(self, x: float, y: float, other_x: float, other_y: float) -> bool:
        """Keeps an edge that is upright and not too short. False when it is slanted."""
        width, height = abs(other_x - x), abs(other_y - y)
        if height <= _THICKEST:
            if width >= _SHORTEST:
                self._graphics.horizontal.append(Rule((y + other_y) / 2, min(x, other_x), max(x, other_x)))
        elif width <= _THICKEST:
            if height >= _SHORTEST:
                self._graphics.vertical.append(Rule((x + other_x) / 2, min(y, other_y), max(y, other_y)))
        else:
            return False
        return True


def _moved(x: float, y: float, matrix: Matrix) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def _product(first: Matrix, then: Matrix) -> Matrix:
    a, b, c, d, e, f = first
    origin = _moved(e, f, then)
    across = a * then[0] + b * then[2], a * then[1] + b * then[3]
    up = c * then[0] + d * then[2], c * then[1] + d * then[3]
    return (*across, *up, *origin)
