"""What tables of Word and PowerPoint have in common: labels merged down a column, and a bounded width."""

from __future__ import annotations

from typing import Final

from extractors.table import markdown_table
from extractors.writer import NOWHERE, DocumentWriter
from knowledge.types import Locator

MOST_COLUMNS: Final = 100
"""Word makes 63 at most, PowerPoint 75. Every row is written as wide as the widest, so a width without bound
would be a bomb."""
_LONGEST_REPEATED: Final = 100


def write_table(writer: DocumentWriter, rows: list[list[str]], locator: Locator = NOWHERE) -> None:
    """As Markdown; a table with a single text is a frame around it."""
    texts = [cell for row in rows for cell in row if cell.strip()]
    if len(texts) == 1:
        writer.add("paragraph", texts[0], locator=locator)
    else:
        writer.add("table", markdown_table(rows), locator=locator)


def repeated(text: str) -> str:
    """What a cell merged down shows in the rows below its first: a label again, a longer text not."""
    return text if len(text) <= _LONGEST_REPEATED else ""


def bounded(cells: list[str]) -> list[str]:
    """A row of at most `MOST_COLUMNS` cells: what is beyond stands in the last one."""
    if len(cells) <= MOST_COLUMNS:
        return cells
    return [*cells[: MOST_COLUMNS - 1], " ".join(filter(None, cells[MOST_COLUMNS - 1 :]))]
