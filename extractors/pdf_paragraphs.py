"""Puts the lines of a PDF page together into paragraphs, by their place, size and first and last characters."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from extractors.cleaning import WIDE, fold, join
from extractors.pdf_lines import Line

_SIZE_CHANGE: Final = 1.15
_PITCH_CHANGE: Final = 1.3
_LEAST_PITCH: Final = 1.15
"""In sizes: large type is set with a larger pitch than the page's usual one."""
_INDENT: Final = 0.8
_SHORT: Final = 0.2
"""Share of the column's width that a line must leave free to count as not filled."""
_NEIGHBOURS: Final = 25

_BULLET = re.compile(r"[•●▪■◆◇◦‣∙○□➢➤✓✔·]|[-–—*]\s")
_NUMBER = re.compile(
    r"\(?\d{1,3}[.)]\s|\d{1,2}(?:\.\d{1,2}){1,3}\s|\d{1,3}、|[（(][一二三四五六七八九十\d]{1,3}[)）]"
    r"|第[一二三四五六七八九十百千零〇\d]{1,6}[编章节條条款部分]|[一二三四五六七八九十]{1,3}、|[a-zA-Z][.)]\s"
)
_SENTENCE_END = re.compile(r"[.!?:;。！？：；…]['\"”’」』）)\]]*\Z")
_WIDE_END = re.compile(f"[{WIDE}]\\Z")
_FIGURE = re.compile(r"[(\-–+$€£¥￥]*\d[\d,.]*[%)]*\Z")


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str
    size: float
    """Of its first line, in points."""
    lines: int
    is_turned: bool = False
    """Whether it runs up or down the page: a stamp on the margin, or a page on its side."""


def paragraphs(lines: Sequence[Line], titles: Collection[int] = ()) -> list[Paragraph]:
    """In the order of the lines. Lines of tables and addresses stay lines; prose is joined.

    `titles` are the positions of lines that are known to stand alone.
    """
    pitch = _usual_pitch(lines)
    found: list[Paragraph] = []
    start = 0
    for position in range(1, len(lines) + 1):
        stands_alone = position in titles or position - 1 in titles
        if position == len(lines) or stands_alone or _is_break(lines, start, position, pitch):
            found.append(_paragraph(lines, start, position))
            start = position
    return found


def _usual_pitch(lines: Sequence[Line]) -> float:
    steps = [
        before.foot - after.base
        for before, after in pairwise(lines)
        if 0.5 * after.size < before.foot - after.base < 3 * after.size
    ]
    return median(steps) if steps else 0.0


def _is_break(lines: Sequence[Line], start: int, position: int, pitch: float) -> bool:
    """Whether a paragraph that began at `start` ends before the line at `position`."""
    before, line = lines[position - 1], lines[position]
    if before.angle != line.angle or _differ(before.size, line.size) or _BULLET.match(line.text):
        return True
    ends = bool(_SENTENCE_END.search(before.text))
    step = before.foot - line.base
    if step < -0.5 * line.size or step > 6 * line.size:
        return ends or not _goes_on(before, line)
    if step > _PITCH_CHANGE * max(pitch, _LEAST_PITCH * line.size):
        return True
    if _starts_item(lines, start, position, ends) or _is_indented(before, line, step):
        return True
    return _is_unfilled(lines, position - 1) and (ends or bool(_WIDE_END.search(before.text)))


def _differ(size: float, other: float) -> bool:
    smaller, larger = sorted((size, other))
    return larger > _SIZE_CHANGE * smaller


def _starts_item(lines: Sequence[Line], start: int, position: int, ends: bool) -> bool:
    """A number starts an item after a full stop, after a short line, or where the item before it stood."""
    line = lines[position]
    if not _NUMBER.match(line.text):
        return False
    if ends or _is_unfilled(lines, position - 1):
        return True
    aligned = abs(line.left - lines[start].left) < 0.5 * line.size and bool(_NUMBER.match(lines[start].text))
    return aligned and (position == start + 1 or lines[position - 1].left > line.left + 0.3 * line.size)


def _is_indented(before: Line, line: Line, step: float) -> bool:
    """The first line of a paragraph set in; the lines of a centred title are set in too."""
    shift = line.left - before.left
    is_centred = abs((before.left + before.right) - (line.left + line.right)) < line.size
    return shift > _INDENT * line.size and step > 0.5 * line.size and not is_centred


def _goes_on(before: Line, line: Line) -> bool:
    """Whether a sentence runs on from the foot of one column to the head of the next."""
    if line.text[0].islower():
        return True
    return bool(_WIDE_END.search(before.text)) and not _NUMBER.match(line.text) and line.size == before.size


def _is_unfilled(lines: Sequence[Line], position: int) -> bool:
    """Whether a line ends well before the right edge of its column."""
    line = lines[position]
    around = lines[max(0, position - _NEIGHBOURS) : position + _NEIGHBOURS]
    column = [other for other in around if abs(other.left - line.left) < _INDENT * line.size]
    next_to = lines[max(0, position - 1) : position + 2]
    column += [other for other in next_to if abs(other.base - line.base) < 2 * line.size]
    right = max(other.right for other in column)
    free = right - line.right
    return free > max(_SHORT * (right - line.left), 1.5 * line.size) or (
        free > 1.8 * line.size and bool(_WIDE_END.search(line.text))
    )


def _paragraph(lines: Sequence[Line], start: int, end: int) -> Paragraph:
    text = lines[start].text
    for position in range(start + 1, end):
        following = lines[position].text
        text = f"{text}\n{following}" if _keeps_lines(lines, position) else join(text, following)
    pieces = (fold(piece) for piece in text.split("\n"))
    return Paragraph("\n".join(filter(None, pieces)), lines[start].size, end - start, lines[start].angle != 0)


def _keeps_lines(lines: Sequence[Line], position: int) -> bool:
    if _is_tabular(lines[position].text) or _is_tabular(lines[position - 1].text):
        return True
    return _is_unfilled(lines, position - 1) and not lines[position].text[0].islower()


def _is_tabular(text: str) -> bool:
    """Two figures or more that make up much of a line: a row of a table."""
    tokens = text.split()
    figures = sum(_FIGURE.match(token) is not None for token in tokens)
    return figures >= 2 and figures >= 0.25 * len(tokens) and _FIGURE.match(tokens[-1]) is not None
