"""Reads the text of a PDF page as lines with their place: what columns, tables and paragraphs are later made of."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import lt, sub
from typing import Any, Final

from extractors.pdf.letters import Places, turned_spans
from extractors.pdf.links import Link, at_height, link_at, linked
from extractors.pdf.scripts import is_right_to_left, mended, spaced

_GAP: Final = 0.9
"""In sizes; words further apart may belong to different columns."""
_CELL_GAP: Final = 0.4
"""In sizes; figures further apart may be of different columns: tables are often set tightly."""
_RAISED: Final = 0.5
"""In sizes: pieces whose base lines differ by less stand on one line (a raised note number …)."""
_WORD = re.compile("[^\\s\x02\xad\ufffe]+[\x02\xad\ufffe]?")
_BROKEN: Final = "\x02\xad\ufffe"
"""How the reader marks a word that it put together again at the end of a line."""
_LINE_END = re.compile("\n")
_FIGURES = re.compile(r"[\d)%—–-]\s+[$€£¥(\d—–-]")


Gap = tuple[int, float, float]
"""Where in a line's text the word after it begins, and the edges of the words before and after."""


@dataclass(frozen=True, slots=True)
class Line:
    """Text and place, in points, the page turned so that the line runs level."""

    text: str
    left: float
    right: float
    base: float
    """Height of the line the letters stand on, growing upwards."""
    size: float
    """Of the font as it appears."""
    angle: float
    """How far the page had to be turned, in radians."""
    is_bold: bool = False
    is_monospaced: bool = False
    gaps: tuple[Gap, ...] = ()
    """Where words stand clearly apart."""

    def cut(self, xs: Sequence[float]) -> list[Line]:
        """The parts between these places, as far as there are gaps."""
        parts, rest, offset = [], self, 0
        for start, right, left in self.gaps:
            if any(right - self.size < x < left + self.size for x in xs):
                text = rest.text[: start - offset].rstrip()
                parts.append(replace(rest, text=text, right=right, gaps=()))
                rest = replace(rest, text=rest.text[start - offset :], left=left)
                offset = start
        return [*parts, replace(rest, gaps=())] if parts else [self]


@dataclass(frozen=True, slots=True)
class Borders:
    """Vertical rules of tables, as (x, lower end, upper end): words on both sides never belong to one line."""

    rules: Sequence[tuple[float, float, float]] = ()

    def within(self, left: float, right: float, base: float) -> list[float]:
        """Where they part a line."""
        return [x for x, low, high in self.rules if left < x < right and low <= base <= high]


def page_lines(textpage: Any, text: str, borders: Borders, links: Sequence[Link]) -> list[Line]:
    """The lines of a page with this text in the order of its content, cut where words stand far apart."""
    if not text or text.isspace():
        return []
    places = Places(textpage, text)
    is_mirrored = is_right_to_left(text)
    if is_mirrored:
        text = mended(text, places.edges)
    words = _Words(text, places)
    lines = [line for first, end in words.pieces() for line in words.lines(first, end, borders, links)]
    return [replace(line, text=spaced(line.text)) for line in lines] if is_mirrored else lines


class _Words:
    """The words of a page with the edges of their first and last letters."""

    def __init__(self, text: str, places: Places) -> None:
        self._text = text
        self._places = places
        self._spans = [match.span() for match in _WORD.finditer(text)]
        self._boxes = boxes = places.boxes(self._spans)
        self._lefts, self._rights = boxes[::8], boxes[6::8]
        last_lefts = boxes[4::8]
        # Few pages have a word that runs to the left, and finding that out is much faster than looking at each.
        if any(map(lt, last_lefts, self._lefts)):
            for position, last_left in enumerate(last_lefts):
                if last_left < self._lefts[position]:
                    self._lefts[position], self._rights[position] = last_left, boxes[8 * position + 2]
        self._gaps = list(map(sub, self._lefts[1:], self._rights))

    def pieces(self) -> Iterator[tuple[int, int]]:
        """What the reader takes for lines, as first word and the word after the last."""
        starts = [start for start, _ in self._spans]
        first = 0
        for line_end in _LINE_END.finditer(self._text):
            end = bisect_left(starts, line_end.start(), first)
            if end > first:
                yield first, end
                first = end
        if first < len(starts):
            yield first, len(starts)

    def lines(self, first: int, end: int, borders: Borders, links: Sequence[Link]) -> Iterator[Line]:
        """A piece, cut where its words may stand in different columns."""
        places = self._places
        size, angle = places.size_and_angle(self._spans[first][0])
        if not self._is_even(first, end):
            size = max(size, places.size_and_angle(self._spans[end - 1][1] - 1)[0])
        if angle:
            self._turn(first, end, angle)
        parts: Sequence[float] = ()
        if borders.rules:
            parts = borders.within(
                min(self._lefts[first:end]),
                max(self._rights[first:end]),
                places.base(self._spans[first][0], angle),
            )
        if parts or not self._is_tight(first, end, size):
            for position in range(first + 1, end):
                if self._is_cut(position, size, parts):
                    yield self._line(first, position, angle, links)
                    first = position
        yield self._line(first, end, angle, links)

    def _turn(self, first: int, end: int, angle: float) -> None:
        """Sees words as they stand on the page turned."""
        lefts, rights = turned_spans(self._boxes[8 * first : 8 * end], angle)
        self._lefts[first:end], self._rights[first:end] = lefts, rights
        self._gaps[first : end - 1] = map(sub, lefts[1:], rights)

    def _is_even(self, first: int, end: int) -> bool:
        """Whether the first and the last letter are as high and stand as high: then they are of one size."""
        boxes, start, last = self._boxes, 8 * first, 8 * end - 4
        return boxes[start + 1] == boxes[last + 1] and boxes[start + 3] == boxes[last + 3]

    def _is_tight(self, first: int, end: int, size: float) -> bool:
        """Whether no words of a piece stand so far apart that it may have to be cut."""
        gaps = self._gaps[first : end - 1]
        if not gaps:
            return True
        widest = max(gaps)
        if widest > _GAP * size or min(gaps) <= -_GAP * size:
            return False
        start, stop = self._spans[first][0], self._spans[end - 1][1]
        # Both halves of a broken word stand on lines of their own, far apart.
        return widest <= _CELL_GAP * size or _FIGURES.search(self._text, start, stop) is None

    def _is_cut(self, position: int, size: float, parts: Sequence[float]) -> bool:
        """Whether a line ends before this word: it is far away, behind a border, or on another line."""
        if self._text[self._spans[position - 1][1] - 1] in _BROKEN:
            return True
        gap, low, high = self._gaps[position - 1], self._rights[position - 1], self._lefts[position]
        if gap < 0:
            low, high = self._rights[position], self._lefts[position - 1]
            gap = high - low
        if gap > _GAP * size or (gap > _CELL_GAP * size and self._are_figures(position)):
            return True
        return gap > 0 and any(low < x < high for x in parts)

    def _are_figures(self, position: int) -> bool:
        """Whether a word and the one before it are figures."""
        around = self._text[self._spans[position - 1][1] - 1 : self._spans[position][0] + 1]
        return _FIGURES.match(around) is not None

    def _line(self, first: int, end: int, angle: float, links: Sequence[Link]) -> Line:
        spans, places = self._spans, self._places
        start, last = spans[first][0], spans[end - 1][1] - 1
        size, base = places.size_and_angle(start)[0], places.base(start, angle)
        if angle or not self._is_even(first, end):
            last_size, last_base = places.size_and_angle(last)[0], places.base(last, angle)
            is_lower = last_size == size and last_base < base and base - last_base < _RAISED * size
            if last_size > size or is_lower:
                size, base = last_size, last_base
        text = self._text[start : last + 1]
        if links:
            text = self._linked(first, end, base, size, angle, links)
        if text[-1] in _BROKEN:
            text = f"{text[:-1]}-"
        left, right = min(self._lefts[first:end]), max(self._rights[first:end])
        is_bold, is_monospaced = places.face(start)
        if is_bold or is_monospaced:
            last_face = places.face(last)
            is_bold, is_monospaced = is_bold and last_face.is_bold, is_monospaced and last_face.is_monospaced
        gaps = self._wide_gaps(first, end, size) if len(text) == last + 1 - start else ()
        return Line(text, left, right, base, size, angle, is_bold, is_monospaced, gaps)

    def _wide_gaps(self, first: int, end: int, size: float) -> tuple[Gap, ...]:
        least = _CELL_GAP * size
        gaps = self._gaps[first : end - 1]
        if max(gaps, default=0.0) <= least:
            return ()
        start = self._spans[first][0]
        return tuple(
            [
                (self._spans[position][0] - start, self._rights[position - 1], self._lefts[position])
                for position, gap in enumerate(gaps, start=first + 1)
                if gap > least
            ]
        )

    def _linked(
        self, first: int, end: int, base: float, size: float, angle: float, links: Sequence[Link]
    ) -> str:
        spans = self._spans[first:end]
        boxes = zip(self._lefts[first:end], self._rights[first:end], strict=True)
        near = links if angle else at_height(links, base, size)
        urls = [link_at(near, (left + right) / 2, base, size, angle) for left, right in boxes] if near else []
        if not any(urls):
            return self._text[spans[0][0] : spans[-1][1]]
        return linked([self._text[start:stop] for start, stop in spans], urls)
