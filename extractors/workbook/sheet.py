"""A sheet as every spreadsheet format gives it, and the writer of its blocks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from extractors.writer import DocumentWriter
from knowledge.types import BlockKind, Locator

MOST_ROWS: Final = 1_048_576
MOST_COLUMNS: Final = 16_384
"""Of a sheet: what says more is damaged."""

Cells = dict[int, str]
"""Column, from 0, to text. Cells without text are left out."""


@dataclass(frozen=True, slots=True)
class SheetRow:
    number: int
    """From 1."""
    cells: Cells


@dataclass(frozen=True, slots=True)
class Merged:
    """Cells shown as one. Rows count from 1, columns from 0, and all four belong to it."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True)
class Placed:
    """A comment or the link of a picture at its cell."""

    row: int
    column: int
    text: str


@dataclass(slots=True, kw_only=True)
class Sheet:
    rows: Iterable[SheetRow] = ()
    """In order of their numbers, those with text only."""
    merged: Sequence[Merged] = ()
    header_rows: frozenset[int] = frozenset()
    """Rows that the file itself calls headers of tables."""
    pictures: Sequence[Placed] = ()
    comments: Sequence[Placed] = ()
    texts: Sequence[str] = ()
    """Of boxes that float on the sheet."""
    page_header: str = ""
    page_footer: str = ""


@dataclass(slots=True)
class SheetWriter:
    """Writes the blocks of one sheet; its heading comes with the first of them, so an empty sheet has none."""

    writer: DocumentWriter
    title: str
    last_kind: BlockKind | None = field(default=None, init=False)
    _is_open: bool = field(default=False, init=False)

    def open(self) -> None:
        """Writes the heading, if that was not done before."""
        if not self._is_open:
            self.writer.add("heading", self.title, level=1, locator=Locator(sheet=self.title))
            self._is_open = True

    def add(
        self,
        kind: BlockKind,
        text: str,
        row: int | None = None,
        row_end: int | None = None,
        separator: str = "\n\n",
    ) -> None:
        if not self._is_open:
            if not text or text.isspace():
                return
            self.open()
        locator = Locator(sheet=self.title, row=row, row_end=row_end or row)
        self.writer.add(kind, text, locator=locator, separator=separator)
        self.last_kind = kind


def column_name(column: int) -> str:
    """0 → A, 26 → AA."""
    name = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        name = chr(65 + letter) + name
    return name
