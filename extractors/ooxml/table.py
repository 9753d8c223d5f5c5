"""What tables of Word and PowerPoint have in common: labels of merged cells, and a bounded width."""

from __future__ import annotations

from itertools import groupby
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
    """What a merged cell shows in the rows and columns after its first: a label again, a longer text not."""
    return text if len(text) <= _LONGEST_REPEATED else ""


def spread(rows: list[list[str | None]]) -> list[list[str]]:
    """Rows in which None marks the columns that the cell before runs over.

    In a header they repeat what it says, because passages from far below are read with it. Elsewhere they are
    blank, and below a title over most columns too: forms consist of such cells.
    """
    most = max(map(len, rows), default=0) / 2
    return [bounded(_spread_row(row, most if number == 0 else 0)) for number, row in enumerate(rows)]


def _spread_row(row: list[str | None], most: float) -> list[str]:
    cells: list[str] = []
    for is_covered, group in groupby(row, key=lambda text: text is None):
        texts = list(group)
        label = repeated(cells[-1]) if is_covered and cells and len(texts) < most else ""
        cells += [label if text is None else text for text in texts]
    return cells


def bounded(cells: list[str]) -> list[str]:
    """A row of at most `MOST_COLUMNS` cells: what is beyond stands in the last one."""
    if len(cells) <= MOST_COLUMNS:
        return cells
    return [*cells[: MOST_COLUMNS - 1], " ".join(filter(None, cells[MOST_COLUMNS - 1 :]))]
