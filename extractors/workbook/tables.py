"""Finds the tables on a sheet: what blank rows and columns divide, titles above, headers of several rows."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, groupby, islice
from typing import Final

from extractors.table import row_line, rule_line
from extractors.workbook.headers import (
    HeaderRows,
    find_header,
    first_wide,
    has_own_header,
    header_cells,
    is_header_alone,
)
from extractors.workbook.merged import LONGEST_REPEATED, filled_down, wide_by_row
from extractors.workbook.regions import regions
from extractors.workbook.sheet import Cells, Placed, Sheet, SheetRow, SheetWriter

_WINDOW: Final = 10_000
"""Rows from which the layout of what follows without a blank row is decided; so memory stays flat."""
_FEW_LINES: Final = 5
"""A single column of more rows is a table, of fewer it is notes."""


def write_tables(out: SheetWriter, sheet: Sheet) -> None:
    """Adds the rows as blocks of their own below the header of their table, pictures at their rows."""
    page = _Page(out, sheet)
    for run in runs(filled_down(sheet.rows, sheet.merged)):
        page.write_run(run)
    page.close()


def runs(rows: Iterable[SheetRow]) -> Iterator[Iterator[SheetRow]]:
    """The rows between blank rows."""
    counter = count()
    for _, run in groupby(rows, key=lambda row: row.number - next(counter)):
        yield run


class _Table:
    """An open table: which columns it has and what its header says."""

    def __init__(
        self, columns: Sequence[int], first: Cells, header: HeaderRows, texts: Sequence[str]
    ) -> None:
        self.columns = tuple(columns)
        self.first = first
        self._known = frozenset(columns)
        self.header = header
        self.top = f"{row_line(texts)}\n{rule_line(len(texts))}"

    def line(self, cells: Cells) -> str:
        """A row of the table; cells of columns that were not foreseen come last."""
        if tuple(cells) == self.columns:
            return row_line(cells.values())
        texts = [cells.get(column, "") for column in self.columns]
        if not cells.keys() <= self._known:
            texts += [text for column, text in cells.items() if column not in self._known]
        return row_line(texts)

    def holds(self, columns: Iterable[int]) -> bool:
        return self._known.issuperset(columns)


class _Page:
    """What was written of a sheet so far."""

    def __init__(self, out: SheetWriter, sheet: Sheet) -> None:
        self._out = out
        self._merged = sheet.merged
        self._wide = wide_by_row(sheet.merged)
        self._header_rows = sheet.header_rows
        self._pictures: dict[int, list[Placed]] = {}
        for picture in sorted(sheet.pictures, key=lambda picture: (picture.row, picture.column)):
            self._pictures.setdefault(picture.row, []).append(picture)
        self._picture_rows = deque(self._pictures)
        self._table: _Table | None = None
        self._waiting: list[SheetRow] = []
        """A header that stands alone: the rows below the next blank one may be its own."""

    def close(self) -> None:
        self._write_waiting()
        self.add_pictures(None)

    def write_run(self, run: Iterator[SheetRow]) -> None:
        window = list(islice(run, _WINDOW))
        following = next(run, None)
        if following is not None:
            self._write_region(window)
            self._write_waiting()
            self._write_row(following)
            for row in run:
                self._write_row(row)
            return
        for region in regions(window):
            self._write_region(region)
            if not self._waiting:
                self.add_pictures(region[-1].number)

    def add_pictures(self, last_row: int | None) -> None:
        """Adds the pictures up to a row that stand in no cell of a table."""
        while self._picture_rows and (last_row is None or self._picture_rows[0] <= last_row):
            row = self._picture_rows.popleft()
            for picture in self._pictures.pop(row):
                self._out.add("image", picture.text, row)

    def _write_region(self, rows: list[SheetRow]) -> None:
        rows = self._below_waiting(rows)
        if first_wide(rows) is None and len(rows) <= _FEW_LINES and not self._has_own_header(rows):
            self._write_lines(rows)
        elif self._continues(rows):
            self._reopen()
            for row in rows:
                self._write_row(row)
        elif is_header_alone(rows, self._header_rows):
            self._waiting = rows
        else:
            self._write_table(rows)

    def _write_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._write_table(waiting)

    def _below_waiting(self, rows: list[SheetRow]) -> list[SheetRow]:
        """The rows with the header that waited for them; one that is not theirs is written as it is."""
        columns = {column for row in rows for column in row.cells}
        if self._waiting and columns.issuperset(self._waiting[-1].cells) and not self._has_own_header(rows):
            rows, self._waiting = self._waiting + rows, []
        self._write_waiting()
        return rows

    def _write_lines(self, rows: Iterable[SheetRow]) -> None:
        for row in rows:
            self._out.add("paragraph", " ".join(row.cells.values()), row.number)

    def _continues(self, rows: list[SheetRow]) -> bool:
        """Whether rows below a blank one belong to the table above: its columns, and no header of their own."""
        columns = {column for row in rows for column in row.cells}
        table = self._table
        return table is not None and table.holds(columns) and not self._has_own_header(rows)

    def _has_own_header(self, rows: list[SheetRow]) -> bool:
        """Whether the rows start a table: by what they look like, or because they repeat the header above."""
        start = rows[find_header(rows, self._header_rows)]
        repeats = self._table is not None and self._table.first == start.cells
        return repeats or has_own_header(rows, self._header_rows)

    def _reopen(self) -> None:
        """Repeats the header where something stands between it and the rows that it is for."""
        if self._table and self._out.last_kind != "table":
            header = self._table.header
            self._out.add("table", self._table.top, header.first, header.last)

    def _write_table(self, rows: list[SheetRow]) -> None:
        start = find_header(rows, self._header_rows)
        self._write_lines(rows[:start])
        columns = sorted({column for row in rows[start:] for column in row.cells})
        depth, texts = header_cells(rows[start:], columns, self._merged)
        header = HeaderRows(rows[start].number, rows[start + max(depth, 1) - 1].number)
        self._table = _Table(columns, rows[start].cells, header, texts)
        self._out.add("table", self._table.top, header.first, header.last)
        for row in rows[start + depth :]:
            self._write_row(row)

    def _write_row(self, row: SheetRow) -> None:
        table = self._table
        if table is None:
            return
        number, cells = row.number, row.cells
        if number in self._wide:
            cells = self._widened(cells, number, table)
        if number in self._pictures:
            cells = self._with_pictures(cells, number, table)
        self._out.add("table", table.line(cells), number, number, "\n")

    def _widened(self, cells: Cells, number: int, table: _Table) -> Cells:
        """Repeats a value merged over several columns, but not over most of the table: that is a line between."""
        filled = dict(cells)
        for left, right in self._wide[number]:
            label = cells.get(left, "")
            free = [column for column in table.columns if left < column <= right and column not in cells]
            if 0 < len(label) <= LONGEST_REPEATED and len(free) < len(table.columns) / 2:
                filled.update(dict.fromkeys(free, label))
        return filled

    def _with_pictures(self, cells: Cells, number: int, table: _Table) -> Cells:
        filled = dict(cells)
        floating = []
        for picture in self._pictures[number]:
            if picture.column in table.columns:
                filled[picture.column] = f"{filled.get(picture.column, '')} {picture.text}".strip()
            else:
                floating.append(picture)
        self._pictures[number] = floating
        return filled
