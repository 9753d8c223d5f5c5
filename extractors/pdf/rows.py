"""Puts what stands on one height of a PDF page into rows, and the pieces of a row into one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Final, TypeAlias

from extractors.pdf.graphics import Picture
from extractors.pdf.lines import Line
from extractors.pdf.table import Table

Item: TypeAlias = Line | Table | Picture
Row: TypeAlias = list[Item]

_SAME_ROW: Final = 0.5
"""In sizes: base lines that differ by less are one row."""
_MARK_SIZE: Final = 0.8
_MARK_WIDTH: Final = 4.0
_MARK_REACH: Final = 0.75
"""In sizes of the text that raised and lowered marks stand at: how large and wide they are, how far off."""
_LONGEST_ROW: Final = 200
"""Items; marks are looked for in rows of text only."""
_WORD_GAP: Final = 0.15

_base, _left = attrgetter("base"), attrgetter("left")


def rows_of(items: Sequence[Item]) -> list[Row]:
    """Lines on one base line, from left to right; the rows from the top down."""
    rows: list[Row] = []
    base = size = 0.0
    for item in sorted(items, key=_base, reverse=True):
        own = item.size if isinstance(item, Line) else 0.0
        if rows and own and size and base - item.base < _SAME_ROW * max(own, size):
            rows[-1].append(item)
            if own > size:
                base, size = item.base, own
        else:
            rows.append([item])
            base, size = item.base, own
    rows = _with_marks(rows)
    for row in rows:
        if len(row) > 1:
            row.sort(key=_left)
    return rows


def _with_marks(rows: Sequence[Row]) -> list[Row]:
    """Raised and lowered marks join the row of the larger letters that they stand at."""
    found: list[Row] = []
    for position, row in enumerate(rows):
        if found and _are_marks(row, found[-1]):
            found[-1] += row
        elif position + 1 < len(rows) and _are_marks(row, rows[position + 1]):
            rows[position + 1].extend(row)
        else:
            found.append(row)
    return found


def _are_marks(row: Row, text: Row) -> bool:
    """Whether a row holds but small pieces that overlap the height and width of the text's letters."""
    line = text[0]
    if (
        not isinstance(line, Line)
        or len(text) > _LONGEST_ROW
        or _MARK_REACH * line.size <= abs(row[0].base - line.base)
    ):
        return False
    left, right = min(item.left for item in text), max(item.right for item in text) + line.size
    return all(
        isinstance(item, Line)
        and item.size < _MARK_SIZE * line.size
        and left <= item.left <= right
        and item.right - item.left < _MARK_WIDTH * line.size
        for item in row
    )


def in_line(row: Row) -> Iterator[Item]:
    """A row whose lines are put together as one."""
    lines = [item for item in row if isinstance(item, Line)]
    if len(lines) > 1:
        yield joined(lines)
    else:
        yield from lines
    yield from (item for item in row if not isinstance(item, Line))


def joined(lines: Sequence[Line]) -> Line:
    """Lines of one row, from left to right, as one; what was printed twice at one place comes once."""
    largest = max(lines, key=lambda line: line.size)
    pieces: list[str] = []
    before: Line | None = None
    for line in lines:
        if before is not None:
            if line.text == before.text and abs(line.left - before.left) < _WORD_GAP * line.size:
                continue
            is_tight = abs(line.left - before.right) <= _WORD_GAP * largest.size
            pieces.append("" if is_tight else " ")
        pieces.append(line.text)
        before = line
    return replace(
        largest,
        text="".join(pieces),
        left=lines[0].left,
        right=max(line.right for line in lines),
        is_bold=all(line.is_bold for line in lines),
        is_monospaced=all(line.is_monospaced for line in lines),
        gaps=(),
    )


def is_near(above: Row, row: Row, size: float, far: float) -> bool:
    """Whether less than `far` sizes of blank space part two rows."""
    bottom = min(item.base if isinstance(item, Line) else item.bottom for item in above)
    top = max(item.base + item.size if isinstance(item, Line) else item.top for item in row)
    return bottom - top < far * size
