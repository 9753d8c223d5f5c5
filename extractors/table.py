"""Writes rows as Markdown tables, one block per row, for the formats that are tables by nature."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from extractors.writer import DocumentWriter
from knowledge.types import Locator

Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class NumberedRow:
    number: int
    """Of the row in the file, from 1."""
    cells: Row


def cell(text: str) -> str:
    """`text` fit for a Markdown table: on one line, bars escaped."""
    if "|" in text:
        text = text.replace("|", "\\|")
    if "\n" in text or "\r" in text:
        text = " ".join(text.split())
    return text.strip()


def row_line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(map(cell, cells))} |"


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
    first = _header_position(rows)
    columns = _used_columns(row.cells for row in rows[first:])
    for row in rows[:first]:
        writer.add("paragraph", " ".join(_texts(row)), locator=_at(row, sheet))
    for position, row in enumerate(rows[first:]):
        line = row_line(_pick(row.cells, columns))
        if position == 0:
            line = f"{line}\n{rule_line(len(columns))}"
        writer.add("table", line, locator=_at(row, sheet), separator="\n" if position else "\n\n")


def _header_position(rows: Sequence[NumberedRow]) -> int:
    """Where the header is: a line with a single text above a wider table is a title, not a header."""
    for position, row in enumerate(rows):
        if len(list(_texts(row))) > 1:
            return position
    return 0


def _texts(row: NumberedRow) -> Iterator[str]:
    return (text for text in row.cells if text.strip())


def _used_columns(rows: Iterable[Row]) -> list[int]:
    used: set[int] = set()
    for row in rows:
        used.update(column for column, text in enumerate(row) if text and not text.isspace())
    return sorted(used)


def _pick(row: Row, columns: Sequence[int]) -> Row:
    width = len(row)
    if width == len(columns) == columns[-1] + 1:
        return row
    return [row[column] if column < width else "" for column in columns]


def _at(row: NumberedRow, sheet: str | None) -> Locator:
    return Locator(sheet=sheet, row=row.number, row_end=row.number)
