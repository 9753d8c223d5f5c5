"""Reads the rows of an OpenDocument sheet: cells as they are shown, what repeats, links, comments, frames."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from extractors.ooxml.package import Element, attribute, local
from extractors.ooxml.part import linked
from extractors.workbook.formats import general
from extractors.workbook.sheet import MOST_COLUMNS, MOST_ROWS, Cells, Merged, Placed, SheetRow

_MOST_REPEATED: Final = 1_000_000
"""Cells with text that repeat, of one sheet."""
_CELLS: Final = ("table-cell", "covered-table-cell")
_SPACES: Final = {"s": " ", "tab": "\t", "line-break": "\n"}
_SKIPPED: Final = frozenset(("annotation", "frame", "custom-shape", "ruby-text", "shapes"))
_MOST_SPACES: Final = 100


@dataclass(slots=True)
class SheetBuilder:
    """Collects the rows of one sheet as they are read."""

    rows: list[SheetRow] = field(default_factory=list)
    merged: list[Merged] = field(default_factory=list)
    comments: list[Placed] = field(default_factory=list)
    frames: list[tuple[int, int, Element]] = field(default_factory=list)
    """Row, column and XML of pictures, charts and boxes that stand at a cell."""
    _number: int = 0
    _repeated: int = 0

    def add(self, row: Element) -> None:
        """Takes the next row, or all those that it stands for."""
        times = min(_count(row, "number-rows-repeated"), MOST_ROWS - self._number)
        cells = self._cells(row, self._number + 1)
        if cells:
            self._repeated += len(cells) * (times - 1)
            shown = times if self._repeated <= _MOST_REPEATED else 1
            self.rows.extend(SheetRow(self._number + 1 + more, cells) for more in range(shown))
        self._number += times

    def _cells(self, row: Element, number: int) -> Cells:
        cells: Cells = {}
        column = 0
        for cell in row:
            if local(cell) not in _CELLS:
                continue
            times = min(_count(cell, "number-columns-repeated"), MOST_COLUMNS - column)
            if len(cell) or cell.attrib:
                self._add_cell(cell, cells, number, column, times)
            column += times
        return cells

    def _add_cell(self, cell: Element, cells: Cells, number: int, column: int, times: int) -> None:
        text = cell_text(cell)
        if text and not text.isspace():
            self._repeated += times - 1
            shown = times if self._repeated <= _MOST_REPEATED else 1
            cells.update(dict.fromkeys(range(column, column + shown), text))
        wide, tall = _count(cell, "number-columns-spanned"), _count(cell, "number-rows-spanned")
        if wide > 1 or tall > 1:
            right = min(column + wide, MOST_COLUMNS) - 1
            self.merged.append(Merged(number, column, min(number + tall - 1, MOST_ROWS), right))
        for item in cell:
            if local(item) == "annotation":
                self.comments.append(Placed(number, column, "\n".join(map(shown_text, _paragraphs(item)))))
            elif local(item) in ("frame", "custom-shape", "g"):
                self.frames.append((number, column, item))


def cell_text(cell: Element) -> str:
    """What the cell shows; its value where the program that wrote it left that out."""
    lines = [shown_text(paragraph) for paragraph in _paragraphs(cell)]
    if lines:
        return "\n".join(lines)
    kind = attribute(cell, "value-type")
    value = (
        attribute(cell, f"{kind}-value" if kind in ("date", "time", "boolean", "string") else "value") or ""
    )
    if kind in ("float", "percentage", "currency"):
        try:
            return general(float(value))
        except ValueError:
            return value
    return value.upper() if kind == "boolean" else value.replace("T", " ") if kind == "date" else value


def shown_text(paragraph: Element) -> str:
    """The text of a paragraph with its links; comments and frames in it are left out."""
    pieces = [paragraph.text or ""]
    for item in paragraph:
        name = local(item)
        if name in _SPACES:
            pieces.append(_SPACES[name] * min(_count(item, "c"), _MOST_SPACES))
        elif name == "a":
            pieces.append(_link(item))
        elif name and name not in _SKIPPED:
            pieces.append("".join(item.itertext()))
        pieces.append(item.tail or "")
    return "".join(pieces)


def _link(item: Element) -> str:
    address = attribute(item, "href") or ""
    text = "".join(item.itertext())
    return text if address.startswith("#") else linked(text, address)


def _paragraphs(element: Element) -> list[Element]:
    return [item for item in element if local(item) == "p"]


def _count(element: Element, name: str) -> int:
    text = attribute(element, name) or "1"
    return max(1, int(text)) if text.isdecimal() and len(text) < 10 else 1
