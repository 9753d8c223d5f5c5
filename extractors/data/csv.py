"""Reads delimited tables: encoding and delimiter are found out, cells stay as written ("007" stays "007")."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from extractors.encodings.decoding import decode
from extractors.table import NumberedRow, header_position, write_rows
from extractors.writer import DocumentWriter
from knowledge.types import Document, ReadOptions

if TYPE_CHECKING:
    from _csv import Reader

DELIMITERS: Final = (",", ";", "\t", "|")
ODD_DELIMITERS: Final = ("^", "~", "¦", "§", "`")
"""Taken only when every row is cut into the same number of cells by them, and by none of the usual ones."""
_NONE: Final = "\x1e"
"""Cannot occur in clean text: the delimiter of a file that has none."""
_SNIFFED_CHARACTERS: Final = 65_536
_SNIFFED_ROWS: Final = 200
_CELL_CHARACTERS: Final = 2**31 - 1
_END: Final = "\x1f"
"""Cannot occur in clean text: a last record of its own, unless an open quote swallows it."""
_DECLARATION = re.compile(r'"?sep=(.)"?\n', re.IGNORECASE)
_COMMENT: Final = "#"


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """A Markdown table, one block per record; rows of unequal width are kept and counted in a warning."""
    decoded = decode(data)
    writer = DocumentWriter(name)
    writer.warnings.extend(decoded.warnings)
    text, delimiter, skipped = _delimiter(decoded.text)
    rows = _numbered(_read(text, delimiter, writer), skipped)
    rows = _comments_joined(rows, delimiter)
    _warn_of_ragged(rows[header_position(rows) :], writer)
    write_rows(writer, rows)
    return writer.finish()


def _delimiter(text: str) -> tuple[str, str, int]:
    """The text to parse, its delimiter and how many lines stood before it."""
    declared = _DECLARATION.match(text)
    if declared and declared.group(1) != '"':
        return text[declared.end() :], declared.group(1), 1
    sample = text[:_SNIFFED_CHARACTERS]
    if len(text) > len(sample):
        sample = sample[: sample.rfind("\n") + 1] or sample
    return text, _likeliest(sample), 0


def _likeliest(sample: str) -> str:
    rows = {delimiter: _sampled(sample, delimiter) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: _regularity(rows[delimiter]))
    if not _is_table([len(row) for row in rows[best]]):
        odd = (
            delimiter for delimiter in ODD_DELIMITERS if _regularity(_sampled(sample, delimiter)) > (1.0, 1)
        )
        return next(odd, _NONE)
    return best


def _sampled(sample: str, delimiter: str) -> list[list[str]]:
    """The first records when cut at `delimiter`, without comments and blank lines."""
    records = zip(_records(sample, delimiter), range(_SNIFFED_ROWS), strict=False)
    return [row for row, _ in records if row and not (len(row) == 1 and row[0].startswith(_COMMENT))]


def _regularity(rows: Sequence[Sequence[str]]) -> tuple[float, int]:
    """How alike the rows are; rows of one cell count for nothing, those with quotes within a cell for half."""
    if not rows:
        return 0.0, 0
    widths = Counter(map(len, rows))
    width, count = widths.most_common(1)[0]
    if width == 1:
        return (len(rows) - count) / len(rows) / 2, 1
    quoted = sum(any('"' in cell for cell in row) for row in rows)
    return (count - quoted / 2) / len(rows), width


def _is_table(widths: Sequence[int]) -> bool:
    """Whether most rows have several cells, or those that have stand together: the others are titles and notes."""
    wide = [position for position, width in enumerate(widths) if width > 1]
    if not wide:
        return False
    return len(wide) * 2 > len(widths) or wide[-1] - wide[0] + 1 == len(wide) > 1


def _records(text: str, delimiter: str, quoting: int = csv.QUOTE_MINIMAL) -> Reader:
    csv.field_size_limit(_CELL_CHARACTERS)
    stream = io.StringIO(text, newline="")
    return csv.reader(stream, delimiter=delimiter, quoting=quoting, skipinitialspace=True)  # type: ignore[arg-type]


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
    return [row for row in numbered if "".join(row.cells).strip()]


def _comments_joined(rows: list[NumberedRow], delimiter: str) -> list[NumberedRow]:
    """The rows with each comment above the table in one cell; a header may start with the same sign."""
    first = next((n for n, row in enumerate(rows) if not row.cells[0].startswith(_COMMENT)), len(rows))
    width = len(rows[first].cells) if first < len(rows) else 0
    comments = [
        row if len(row.cells) == width else NumberedRow(row.number, [delimiter.join(row.cells)])
        for row in rows[:first]
    ]
    return comments + rows[first:]


def _warn_of_ragged(rows: list[NumberedRow], writer: DocumentWriter) -> None:
    widths = Counter(len(row.cells) for row in rows)
    if len(widths) < 2:
        return
    usual, count = widths.most_common(1)[0]
    first = next(row.number for row in rows if len(row.cells) != usual)
    writer.warn(
        f"{len(rows) - count} of {len(rows)} rows do not have {usual} columns, the first is row {first}; "
        "their cells were kept"
    )
