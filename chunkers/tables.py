"""Gives a passage that begins inside a table the table's header row."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from chunkers.rulers import Ruler
from chunkers.units import TABLE_HEADER
from knowledge.types import Block


@dataclass(slots=True, kw_only=True)
class _Table:
    header: str
    body: int
    """Where the first row after the header may begin."""
    end: int
    sheet: str | None
    in_row_blocks: bool


class Tables:
    """The tables of a text: a block each, or a run of blocks of one row each."""

    def __init__(self, text: str, blocks: Sequence[Block], ruler: Ruler) -> None:
        self._ruler = ruler
        self._tables: list[_Table] = []
        before: Block | None = None
        for block in blocks:
            if block.kind == "table":
                self._add(text, block, before)
            before = block
        self._bodies = [table.body for table in self._tables]

    def header(self, position: int) -> str:
        """The header row of the table whose body holds `position`; "" where it is longer than a passage."""
        index = bisect_right(self._bodies, position) - 1
        return self._tables[index].header if index >= 0 and position < self._tables[index].end else ""

    def _add(self, text: str, block: Block, before: Block | None) -> None:
        ruled = TABLE_HEADER.match(text, block.start, block.end)
        if ruled is None and before is not None and before.kind == "table" and self._continues(block):
            self._tables[-1].end = block.end
            return
        first_line_end = text.find("\n", block.start, block.end)
        header_end = first_line_end if first_line_end >= 0 else block.end
        table = _Table(
            header=text[block.start : header_end].strip()
            if self._ruler.fits(block.start, header_end)
            else "",
            body=ruled.end() if ruled else header_end,
            end=block.end,
            sheet=block.locator.sheet,
            in_row_blocks=block.locator.row is not None,
        )
        self._tables.append(table)

    def _continues(self, block: Block) -> bool:
        table = self._tables[-1]
        return table.in_row_blocks and block.locator.row is not None and block.locator.sheet == table.sheet
