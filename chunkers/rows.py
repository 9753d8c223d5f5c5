"""Reads the tables of a document: where each cell of each row is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from chunkers.units import TABLE_HEADER
from knowledge.types import Block

_LINE = re.compile(r"[^\n]+")
_BAR = re.compile(r"(?<!\\)\|")
_LINE_BREAK = re.compile(r"(?i)\s*<br\s*/?>\s*")

Cell = tuple[int, int]
"""Where its text stands, without the white space around it."""
Row = tuple[Cell, ...]


@dataclass(slots=True, kw_only=True)
class Table:
    header: Row
    rows: list[Row] = field(default_factory=list)
    is_sheet: bool = False
    """Whether it comes from a format that is a table by nature: CSV or a spreadsheet."""


def tables(text: str, blocks: Sequence[Block]) -> list[Table]:
    """The tables in order. The first row of each is its header."""
    found: list[Table] = []
    before: Block | None = None
    for block in blocks:
        if block.kind == "table":
            header = TABLE_HEADER.match(text, block.start, block.end)
            rows = _rows(text, header.end() if header else block.start, block.end)
            if header:
                top = _cells(text, *header.span(1))
                found.append(Table(header=top, rows=list(rows), is_sheet=block.locator.row is not None))
            elif found and before is not None and _continues(before, block):
                found[-1].rows.extend(rows)
            else:
                top = next(rows, ())
                found.append(Table(header=top, rows=list(rows), is_sheet=block.locator.row is not None))
        before = block
    return found


def shown(text: str, cell: Cell) -> str:
    """What a reader sees of a cell: bars without their escapes, `<br>` as a new line."""
    return _LINE_BREAK.sub("\n", text[slice(*cell)]).replace("\\|", "|")


def _continues(before: Block, block: Block) -> bool:
    return (
        before.kind == "table"
        and block.locator.row is not None
        and before.locator.sheet == block.locator.sheet
    )


def _rows(text: str, start: int, end: int) -> Iterator[Row]:
    return (_cells(text, *line.span()) for line in _LINE.finditer(text, start, end))


def _cells(text: str, start: int, end: int) -> Row:
    """The cells between the bars of one line; bars at its ends open and close it."""
    start, end = _trimmed(text, start, end)
    bars = [bar.start() for bar in _BAR.finditer(text, start, end)]
    borders = [start - 1, *bars, end]
    if bars and bars[0] == start:
        borders.pop(0)
    if bars and bars[-1] == end - 1 and len(borders) > 2:
        borders.pop()
    return tuple(_trimmed(text, left + 1, right) for left, right in pairwise(borders))


def _trimmed(text: str, start: int, end: int) -> Cell:
    inner = text[start:end].strip()
    start += len(text[start:end]) - len(text[start:end].lstrip())
    return start, start + len(inner)
