"""Reads delimited tables: encoding and delimiter are found out, cells stay as written ("007" stays "007")."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from extractors.decoding import decode
from extractors.table import NumberedRow, write_rows
from extractors.writer import DocumentWriter
from knowledge.types import Document, ReadOptions

if TYPE_CHECKING:
    from _csv import Reader

DELIMITERS: Final = (",", ";", "\t", "|")
_SNIFFED_CHARACTERS: Final = 65_536
_SNIFFED_ROWS: Final = 200
_CELL_CHARACTERS: Final = 2**31 - 1
_END: Final = "\x1f"
"""Cannot occur in clean text: a last record of its own, unless an open quote swallows it."""
_DECLARATION = re.compile(r"sep=(.)\n", re.IGNORECASE)


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """A Markdown table, one block per record; rows of unequal width are kept and counted in a warning."""
    decoded = decode(data)
    writer = DocumentWriter(name)
    writer.warnings.extend(decoded.warnings)
    text, delimiter, skipped = _delimiter(decoded.text)
    rows = _numbered(_read(text, delimiter, writer), skipped)
    _warn_of_ragged(rows, writer)
    write_rows(writer, rows)
    return writer.finish()


def _delimiter(text: str) -> tuple[str, str, int]:
    """The text to parse, its delimiter and how many lines stood before it."""
    declared = _DECLARATION.match(text)
    if declared:
        return text[declared.end() :], declared.group(1), 1
    sample = text[:_SNIFFED_CHARACTERS]
    if len(text) > len(sample):
        sample = sample[: sample.rfind("\n") + 1] or sample
    return text, max(DELIMITERS, key=lambda delimiter: _regularity(sample, delimiter)), 0


def _regularity(sample: str, delimiter: str) -> tuple[float, int]:
    """How alike the rows are when cut at `delimiter`; rows of one cell count for nothing."""
    widths = [
        len(row) for row, _ in zip(_records(sample, delimiter), range(_SNIFFED_ROWS), strict=False) if row
    ]
    if not widths:
        return 0.0, 0
    width, rows = Counter(widths).most_common(1)[0]
    if width == 1:
        return sum(width > 1 for width in widths) / len(widths) / 2, 1
    return rows / len(widths), width


def _records(text: str, delimiter: str, quoting: int = csv.QUOTE_MINIMAL) -> Reader:
    csv.field_size_limit(_CELL_CHARACTERS)
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)  # type: ignore[arg-type]


def _read(text: str, delimiter: str, writer: DocumentWriter) -> list[list[str]]:
    """All records. A quote that is never closed would swallow the rest: quotes are then plain text."""
    reader = _records(f"{text}\n{_END}", delimiter)
    rows: list[list[str]] = []
    line = last_line = 0
    for row in reader:
        line, last_line = last_line, reader.line_num
        rows.append(row)
    if rows.pop() == [_END]:
        return rows
    writer.warn(f"a quote opened on line {line + 1} is never closed; quotes were read as plain text")
    return list(_records(text, delimiter, csv.QUOTE_NONE))


def _numbered(rows: list[list[str]], skipped: int) -> list[NumberedRow]:
    numbered = (NumberedRow(number, row) for number, row in enumerate(rows, start=1 + skipped))
    return [row for row in numbered if any(map(str.strip, row.cells))]


def _warn_of_ragged(rows: list[NumberedRow], writer: DocumentWriter) -> None:
    widths = Counter(len(row.cells) for row in rows)
    if len(widths) > 1:
        usual, count = widths.most_common(1)[0]
        others = len(rows) - count
        writer.warn(f"{others} of {len(rows)} rows do not have {usual} columns; their cells were kept")
