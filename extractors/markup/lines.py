"""Blocks of whole lines, for texts that are kept as they were written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from knowledge.types import Block, BlockKind, Locator


@dataclass(frozen=True, slots=True)
class Piece:
    """A block as a range of lines, counted from 0."""

    kind: BlockKind
    first: int
    last: int
    level: int | None = None


def blocks(lines: Sequence[str], pieces: Iterable[Piece], lines_before: int = 0) -> Iterator[Block]:
    """The pieces as blocks of the text "\\n".join(lines), which `lines_before` others stand above in the file."""
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line) + 1)
    for piece in pieces:
        first, last = lines[piece.first], lines[piece.last].rstrip()
        start = offsets[piece.first] + len(first) - len(first.lstrip())
        end = offsets[piece.last] + len(last)
        locator = Locator(line=piece.first + 1 + lines_before)
        yield Block(kind=piece.kind, start=start, end=end, level=piece.level, locator=locator)


def cut(lines: Sequence[str], starts: Iterable[int], kind: BlockKind) -> Iterator[Piece]:
    """A piece from each start to the next, without blank lines around; what is above the first is one too."""
    borders = [0, *starts, len(lines)]
    for first, end in pairwise(borders):
        while first < end and not lines[first].strip():
            first += 1
        last = without_blank_end(lines, first, end - 1)
        if first < end and lines[last].strip():
            yield Piece(kind, first, last)


def without_blank_end(lines: Sequence[str], first: int, last: int) -> int:
    """The last line from `first` to `last` that is not blank, or `first`."""
    while last > first and not lines[last].strip():
        last -= 1
    return last


def end_before_blank(lines: Sequence[str], first: int) -> int:
    """The last line before a blank one."""
    last = first
    while last + 1 < len(lines) and lines[last + 1].strip():
        last += 1
    return last


def end_of_indented(lines: Sequence[str], first: int) -> int:
    """The last of the indented lines below `first`, blank ones among them."""
    last = position = first
    while position + 1 < len(lines) and (not lines[position + 1].strip() or lines[position + 1][0].isspace()):
        position += 1
        last = position if lines[position].strip() else last
    return last
