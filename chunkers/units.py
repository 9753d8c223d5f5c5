"""What the blocks say about cutting: borders between them, and stretches that are best left whole."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final

from chunkers.rulers import Ruler
from knowledge.types import Block, BlockKind

_WHOLE: Final[frozenset[BlockKind]] = frozenset(("table", "code", "list", "image"))
_CUT_BETWEEN_LINES: Final[frozenset[BlockKind]] = frozenset(("table", "code"))
_LINE = re.compile(r"[^\n]+")
_RULE: Final = r"(?=[^\n]*-)[|:+ \t-]+(?:\n|\Z)"
_TABLE_RULE = re.compile(_RULE)
TABLE_HEADER = re.compile(rf"([^\n]+)\n{_RULE}")
"""A Markdown table's header row and the rule under it; group 1 is the row."""


class Units:
    """Borders between blocks, or between the lines of tables, lists and code too long to be kept whole.

    A stretch is an open interval in which a cut is a last resort: a table row, a list item, a code block,
    a heading together with what it introduces.
    """

    def __init__(self, text: str, blocks: Sequence[Block], ruler: Ruler) -> None:
        self._text = text
        self._ruler = ruler
        self._borders: list[int] = []
        self._stretch_starts: list[int] = []
        self._stretch_ends: list[int] = []
        self._blocks = blocks
        self._block_starts = [block.start for block in blocks]
        self._read_blocks()

    def last_border(self, _text: str, low: int, high: int) -> int:
        position = bisect_right(self._borders, high) - 1
        return self._borders[position] if position >= 0 and self._borders[position] > low else -1

    def stretch_around(self, position: int) -> int | None:
        """The start of the stretch that a cut at `position` would break."""
        index = bisect_left(self._stretch_starts, position) - 1
        if index >= 0 and position < self._stretch_ends[index]:
            return self._stretch_starts[index]
        return None

    def whole_line_start(self, position: int, high: int) -> int:
        """`position`, or inside a table or code the start of the next line that is no rule, at most `high`."""
        index = bisect_left(self._block_starts, position) - 1
        if (
            index < 0
            or position >= self._blocks[index].end
            or self._blocks[index].kind not in _CUT_BETWEEN_LINES
        ):
            return position
        line_end = self._text.find("\n", position - 1, high)
        start = line_end + 1 if line_end >= 0 else high
        rule = _TABLE_RULE.match(self._text, start, self._blocks[index].end)
        return min(rule.end(), high) if rule else start

    def _read_blocks(self) -> None:
        introduction: int | None = None
        for block in self._blocks:
            start = block.start if introduction is None else introduction
            if introduction is None:
                self._borders.append(start)
            if block.kind == "heading" or self._is_header_row(block):
                introduction = start
                continue
            self._add_body(start, block)
            introduction = None
            if block.end > self._borders[-1]:
                self._borders.append(block.end)
        if introduction is not None:
            self._keep_whole(introduction, self._blocks[-1].end + 1)

    def _is_header_row(self, block: Block) -> bool:
        if block.kind != "table" or block.locator.row is None:
            return False
        header = TABLE_HEADER.match(self._text, block.start, block.end)
        return header is not None and header.end() == block.end

    def _add_body(self, start: int, block: Block) -> None:
        if block.kind in _WHOLE and self._ruler.fits(start, block.end):
            self._keep_whole(start, block.end)
        elif block.kind in _WHOLE:
            self._add_lines(start, block)
        elif start < block.start:
            self._keep_whole(start, block.start + 1)

    def _add_lines(self, start: int, block: Block) -> None:
        header = TABLE_HEADER.match(self._text, block.start, block.end) if block.kind == "table" else None
        body = header.end() if header else block.start
        for line in _LINE.finditer(self._text, body, block.end):
            fits = self._ruler.fits(start, line.end())
            self._keep_whole(start, line.end() if fits else line.start() + 1)
            self._borders.append(line.end())
            start = line.end() + 1

    def _keep_whole(self, start: int, end: int) -> None:
        if end - start > 1:
            self._stretch_starts.append(start)
            self._stretch_ends.append(end)
