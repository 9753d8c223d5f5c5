"""Writes rows as Markdown tables, one block per row, for the formats that are tables by nature."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from extractors.writer import DocumentWriter
from knowledge.types import Locator

LINE_BREAK: Final = "<br>"
"""Within a cell, as Markdown's tables write it."""
_LOOKED_AT: Final = 200
_BORDER: Final = "\x1f"
Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class NumberedRow:
    number: int
    """Of the row in the file, from 1."""
    cells: Row


def cell(text: str) -> str:
    """`text` fit for a Markdown table: on one line, `<br>` for its line breaks, bars escaped."""
    if "|" in text:
        text = text.replace("|", "\\|")
    if "\n" in text or "\r" in text:
        lines = (" ".join(line.split()) for line in text.splitlines())
        text = LINE_BREAK.join(filter(None, lines))
    return text.strip()


def row_line(cells: Iterable[str]) -> str:
    """The cells between bars. Most rows hold nothing to escape or strip, and a glance at the whole row tells."""
    cells = list(cells)
    together = _BORDER.join(cells)
    if "|" in together or "\n" in together or "\r" in together or "\t" in together or _is_padded(together):
        cells = list(map(cell, cells))
    return f"| {' | '.join(cells)} |"


def _is_padded(together: str) -> bool:
    """Whether white space stands at the border of a cell."""
    return f" {_BORDER}" in together or f"{_BORDER} " in together or together != together.strip()


def rule_line(width: int) -> str:
    """The line under a Markdown table's header."""
    return f"|{' --- |' * width}"


def markdown_table(rows: Sequence[Row]) -> str:
    """A whole table, its first row as header, every row as wide as the widest; empty columns dropped."""
    columns = _used_columns(rows)
    lines = [row_line(_pick(row, columns)) for row in rows if any(map(str.strip, row))]
    if not lines:
        return ""
    return "\n".join([lines[0], rule_line(len(columns)), *lines[1:]])


def write_rows(writer: DocumentWriter, rows: Sequence[NumberedRow], sheet: str | None = None) -> None:
    """Adds the title lines above a table as paragraphs, then its header, then every row as a block.

    Rows without text must be gone already; columns without text are dropped.
    """
    first = header_position(rows)
    columns = _used_columns(row.cells for row in rows[first:])
    for row in rows[:first]:
        writer.add("paragraph", " ".join(_texts(row)), locator=_at(row, sheet))
    for position, row in enumerate(rows[first:]):
        line = row_line(_pick(row.cells, columns))
        if position == 0:
            line = f"{line}\n{rule_line(len(columns))}"
        writer.add("table", line, locator=_at(row, sheet), separator="\n" if position else "\n\n")


def header_position(rows: Sequence[NumberedRow]) -> int:
    """Where the header is: lines that fill less than half of a table are titles above it."""
    filled = [sum(1 for _ in _texts(row)) for row in rows[:_LOOKED_AT]]
    wide = next((position for position, count in enumerate(filled) if count > 1), None)
    if wide is None:
        return 0
    usual = median(filled[wide:])
    return next((p for p, count in enumerate(filled) if count > 1 and count * 2 > usual), wide)


def _texts(row: NumberedRow) -> Iterator[str]:
    return (text for text in row.cells if text.strip())


def _used_columns(rows: Iterable[Row]) -> list[int]:
    used: set[int] = set()
    known = 0
    for row in rows:
        if len(row) > known:
            used.update(column for column, text in enumerate(row) if text and not text.isspace())
            while known in used:
                known += 1
    return sorted(used)


def _pick(row: Row, columns: Sequence[int]) -> Row:
    width = len(row)
    if columns and width == len(columns) == columns[-1] + 1:
        return row
    return [row[column] if column < width else "" for column in columns]


def _at(row: NumberedRow, sheet: str | None) -> Locator:
    return Locator(sheet=sheet, row=row.number, row_end=row.number)
