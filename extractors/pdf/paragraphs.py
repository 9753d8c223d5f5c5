"""Puts the lines of a PDF page together into paragraphs, by their place, size and first and last characters."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import Final

from extractors.cleaning import WIDE
from extractors.pdf.hyphens import Hyphens
from extractors.pdf.lines import Line
from extractors.pdf.links import whole

_SIZE_CHANGE: Final = 1.15
_PITCH_CHANGE: Final = 1.3
_LEAST_PITCH: Final = 1.15
"""In sizes: large type is set with a larger pitch than the page's usual one."""
_INDENT: Final = 0.8
_SHORT: Final = 0.2
"""Share of the column's width that a line must leave free to count as not filled."""
_NEIGHBOURS: Final = 25

_BULLET = re.compile("[•●▪■◆◇◦‣∙○□☐☑➢➤✓✔·\uf000-\uf0ff]|[-–—*]\\s")
"""The private characters are those of symbol fonts."""
_NUMBER = re.compile(
    r"\(?\d{1,3}[.)]\s|\d{1,2}(?:\.\d{1,2}){1,3}\s|\d{1,3}、|[（(][一二三四五六七八九十\d]{1,3}[)）]"
    r"|第[一二三四五六七八九十百千零〇\d]{1,6}[编章节條条款部分]|[一二三四五六七八九十]{1,3}、|[a-zA-Z][.)]\s"
)
_DASHES: Final = "·-–—*"
"""Signs that begin an item, but may stand at the head of any line too."""
_CHAPTER = re.compile(r"[.§]?\s?\d{1,4}(?:\.\d{1,4})*\s")
_SENTENCE_END = re.compile(r"[.!?:;。！？：；…]['\"”’」』）)\]]*\Z")
_TAIL: Final = 8
"""Characters that are enough to see how a line ends."""
_BROKEN_END = re.compile(r"[^\W_][-\u2010]\Z")
_WIDE_END = re.compile(f"[{WIDE}]\\Z")
_FIGURE = re.compile(r"[(\-–+$€£¥￥]*\d[\d,.]*[%)]*\Z")


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str
    size: float
    """Of its first line, in points."""
    lines: int
    page: int
    """From 0."""
    page_end: int
    opening: Line
    closing: Line
    is_turned: bool = False
    """Whether it runs otherwise than the page: a stamp on the margin."""
    is_bold: bool = False


def paragraphs(
    lines: Sequence[Line],
    hyphens: Hyphens,
    *,
    page: int,
    titles: Collection[int] = (),
    is_turned: bool = False,
) -> list[Paragraph]:
    """In the order of the lines. Lines of tables and addresses stay lines; prose is joined.

    `titles` are the positions of lines that are known to stand alone.
    """
    column = _Column(lines)
    found: list[Paragraph] = []
    start = 0
    for position in range(1, len(lines) + 1):
        stands_alone = position in titles or position - 1 in titles
        if position == len(lines) or stands_alone or column.is_break(start, position):
            found.append(
                Paragraph(
                    column.text(start, position, hyphens),
                    lines[start].size,
                    position - start,
                    page,
                    page,
                    lines[start],
                    lines[position - 1],
                    is_turned,
                    all(line.is_bold for line in lines[start:position]),
                )
            )
            start = position
    return found


def paragraph_of(text: str, page: int) -> Paragraph:
    """A text that has no place on its page."""
    line = Line(text, 0.0, 0.0, 0.0, 0.0, 0.0)
    return Paragraph(text, 0.0, 1, page, page, line, line, is_turned=True)


def list_item(paragraph: Paragraph) -> str:
    """The paragraph as an item of a Markdown list; "" when it does not begin with a bullet."""
    bullet = _BULLET.match(paragraph.text)
    return f"- {paragraph.text[bullet.end() :].strip()}" if bullet else ""


def runs_on(before: Paragraph, after: Paragraph) -> bool:
    """Whether a paragraph at the foot of a page or column goes on at the head of the next."""
    if _SENTENCE_END.search(before.closing.text[-_TAIL:]) or _differ(before.closing.size, after.opening.size):
        return False
    if before.is_turned or after.is_turned or before.is_bold != after.is_bold:
        return False
    if _BULLET.match(after.text) or _NUMBER.match(after.text):
        return False
    is_full = before.lines > 1 and before.closing.right > before.opening.right - before.closing.size
    return _goes_on(before.closing, after.opening) or (is_full and after.lines > 1)


def united(before: Paragraph, after: Paragraph, hyphens: Hyphens) -> Paragraph:
    """Both parts of a paragraph that a page break parts."""
    head, _, last = before.text.rpartition("\n")
    first, _, rest = after.text.partition("\n")
    text = "\n".join(filter(None, [head, hyphens.text([last, first]), rest]))
    lines = before.lines + after.lines
    return replace(before, text=text, lines=lines, page_end=after.page_end, closing=after.closing)


class _Column:
    """Lines that follow each other, and how they are usually set."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines
        self._pitch = _usual_pitch(lines)
        self._furthest = max((line.right for line in lines), default=0.0)
        self._blocks = _blocks(lines)

    def is_break(self, start: int, position: int) -> bool:
        """Whether a paragraph that began at `start` ends before the line at `position`."""
        before, line = self._lines[position - 1], self._lines[position]
        if _differ(before.size, line.size):
            return True
        ends = bool(_SENTENCE_END.search(before.text[-_TAIL:]))
        if _BULLET.match(line.text) and (
            line.text[0] not in _DASHES or ends or self._is_unfilled(position - 1)
        ):
            return True
        step = before.base - line.base
        if step < -0.5 * line.size or step > 6 * line.size:
            return ends or not _goes_on(before, line)
        if step > _PITCH_CHANGE * max(self._pitch, _LEAST_PITCH * line.size):
            return True
        if _BROKEN_END.search(before.text[-2:]) and line.text[0].islower():
            return False
        if self._starts_item(start, position, ends):
            return True
        goes_on = not ends or line.text[0].islower() or bool(_BULLET.match(before.text))
        hangs = position == start + 1 and goes_on and _is_item(before)
        if not hangs and _is_indented(before, line, step):
            return True
        ends = ends or bool(_WIDE_END.match(before.text[-1])) or before.is_bold != line.is_bold
        return ends and self._is_unfilled(position - 1)

    def text(self, start: int, end: int, hyphens: Hyphens) -> str:
        groups = [[self._lines[start].text]]
        for position in range(start + 1, end):
            if self._keeps_lines(position):
                groups.append([])
            groups[-1].append(self._lines[position].text)
        return whole("\n".join(filter(None, map(hyphens.text, groups))))

    def _starts_item(self, start: int, position: int, ends: bool) -> bool:
        """A number starts an item after a full stop, after a short line, or where the item before it stood."""
        lines, line = self._lines, self._lines[position]
        if not _NUMBER.match(line.text):
            return False
        if ends or self._is_unfilled(position - 1):
            return True
        aligned = abs(line.left - lines[start].left) < 0.5 * line.size and bool(
            _NUMBER.match(lines[start].text)
        )
        return aligned and (position == start + 1 or lines[position - 1].left > line.left + 0.3 * line.size)

    def _is_unfilled(self, position: int) -> bool:
        """Whether a line ends well before the right edge of its column."""
        lines, line = self._lines, self._lines[position]
        if self._furthest - line.right <= 1.5 * line.size:
            return False
        first, end = self._blocks[position]
        around = lines[max(first, position - _NEIGHBOURS) : min(end, position + _NEIGHBOURS)]
        low, high = line.left - _INDENT * line.size, line.left + _INDENT * line.size
        right = max(other.right for other in around if low < other.left < high)
        for other in lines[max(0, position - 1) : position + 2]:
            if other.right > right and abs(other.base - line.base) < 2 * line.size:
                right = other.right
        free = right - line.right
        return free > max(_SHORT * (right - line.left), 1.5 * line.size) or (
            free > 1.8 * line.size and bool(_WIDE_END.match(line.text[-1]))
        )

    def _keeps_lines(self, position: int) -> bool:
        lines = self._lines
        if _is_tabular(lines[position].text) or _is_tabular(lines[position - 1].text):
            return True
        if lines[position].text[0].islower() or _BROKEN_END.search(lines[position - 1].text[-2:]):
            return False
        return self._is_unfilled(position - 1)


def _blocks(lines: Sequence[Line]) -> list[tuple[int, int]]:
    """For each line the first and the last but one of those that follow each other as lines of one column do."""
    found: list[tuple[int, int]] = []
    first = 0
    for position in range(1, len(lines) + 1):
        if position < len(lines):
            before, line = lines[position - 1], lines[position]
            if -line.size < before.base - line.base < 4 * line.size and not _differ(before.size, line.size):
                continue
        found += [(first, position)] * (position - first)
        first = position
    return found


def _is_item(line: Line) -> bool:
    """Whether it begins an item of a list, whose other lines are set in."""
    return bool(_BULLET.match(line.text) or _NUMBER.match(line.text) or _CHAPTER.match(line.text))


def _usual_pitch(lines: Sequence[Line]) -> float:
    steps = [
        before.base - after.base
        for before, after in pairwise(lines)
        if 0.5 * after.size < before.base - after.base < 3 * after.size
    ]
    return median(steps) if steps else 0.0


def _differ(size: float, other: float) -> bool:
    return size > _SIZE_CHANGE * other or other > _SIZE_CHANGE * size


def _is_indented(before: Line, line: Line, step: float) -> bool:
    """The first line of a paragraph set in; the lines of a centred title are set in too."""
    shift = line.left - before.left
    is_centred = abs((before.left + before.right) - (line.left + line.right)) < line.size
    return shift > _INDENT * line.size and step > 0.5 * line.size and not is_centred


def _goes_on(before: Line, line: Line) -> bool:
    """Whether a sentence runs on from the foot of one column to the head of the next."""
    if line.text[0].islower():
        return True
    return (
        bool(_WIDE_END.match(before.text[-1])) and not _NUMBER.match(line.text) and line.size == before.size
    )


def _is_tabular(text: str) -> bool:
    """Two figures or more that make up much of a line: a row of a table."""
    tokens = text.split()
    if not _FIGURE.match(tokens[-1]):
        return False
    figures = sum(_FIGURE.match(token) is not None for token in tokens)
    return figures >= 2 and 3 * figures >= len(tokens)
