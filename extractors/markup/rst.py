"""Reads reStructuredText: the text as written, its headings, lists, tables, code and directives known as blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from extractors.encodings.decoding import decode
from extractors.markup.lines import Piece, blocks, end_before_blank, end_of_indented, without_blank_end
from extractors.writer import written
from knowledge.types import BlockKind, Document, ReadOptions, Value

_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1+\s*$")
_SURE_LENGTH: Final = 4
"""From so many signs on a line is an adornment, however long the title is."""
_GRID = re.compile(r"\s*\+[-=]+(?:\+[-=]+)*\+\s*$")
_SIMPLE_TABLE = re.compile(r"\s*=+(?:\s+=+)+\s*$")
_ITEM = re.compile(r"\s*(?:[-*+•‣⁃]|\(?(?:\d+|[A-Za-z#]|[ivxlcdmIVXLCDM]+)[.)])(?:\s|$)")
_FIELD = re.compile(r":(?![:\s])([^:\n]*(?:\\:[^:\n]*)*):(?:\s+(.*))?$")
_DIRECTIVE = re.compile(r"\.\.\s+([\w:+.-]+?)::(?:\s|$)")
_CODE: Final = frozenset(
    "code code-block sourcecode literalinclude highlight doctest parsed-literal raw math".split()
)
_TABLES: Final = frozenset(("table", "csv-table", "list-table"))
_LOWEST_LEVEL: Final = 6


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """The text as written; the fields on top (:author: …) are metadata too."""
    decoded = decode(data)
    lines = decoded.text.split("\n")
    pieces = list(_Reader(lines).pieces())
    found = list(blocks(lines, pieces))
    return written(name, decoded.text, found, _bibliography(lines, pieces), decoded.warnings)


def _bibliography(lines: list[str], pieces: list[Piece]) -> dict[str, Value]:
    """The first list of fields, when nothing but headings stands above."""
    above = next((piece for piece in pieces if piece.kind != "heading"), None)
    if above is None or not _FIELD.match(lines[above.first]):
        return {}
    entries: dict[str, list[str]] = {}
    name = ""
    for line in lines[above.first : above.last + 1]:
        if field := _FIELD.match(line):
            name = field.group(1).strip().lower()
            entries[name] = [field.group(2) or ""]
        elif name:
            entries[name].append(line)
    return {name: text for name, value in entries.items() if (text := " ".join(" ".join(value).split()))}


class _Reader:
    """Goes through the lines once. The order in which adornments appear gives the levels of headings."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._levels: dict[tuple[str, bool], int] = {}
        self._is_literal = False
        """Whether the paragraph before ended in "::", so that what is indented is code."""

    def pieces(self) -> Iterator[Piece]:
        position = 0
        while position < len(self._lines):
            if not self._lines[position].strip():
                position += 1
                continue
            piece = self._heading(position) or self._piece(position)
            if piece is None:
                position += 1
                continue
            self._is_literal = piece.kind != "code" and self._lines[piece.last].rstrip().endswith("::")
            yield piece
            position = piece.last + 1

    def _heading(self, first: int) -> Piece | None:
        lines = self._lines
        over = _adornment(lines[first])
        if over and first + 2 < len(lines) and lines[first + 1].strip():
            if lines[first + 2].rstrip() == lines[first].rstrip() and _fits(
                lines[first + 2], lines[first + 1]
            ):
                return self._titled(first, first + 2, over, is_over=True)
        elif first + 1 < len(lines) and not lines[first][0].isspace():
            under = _adornment(lines[first + 1])
            if under and _fits(lines[first + 1], lines[first]):
                return self._titled(first, first + 1, under, is_over=False)
        return None

    def _titled(self, first: int, last: int, sign: str, *, is_over: bool) -> Piece:
        level = self._levels.setdefault((sign, is_over), len(self._levels) + 1)
        return Piece("heading", first, last, min(level, _LOWEST_LEVEL))

    def _piece(self, first: int) -> Piece | None:
        """The block that begins here; None for a line that separates."""
        line = self._lines[first]
        if line[0].isspace():
            return self._indented(first)
        if _GRID.match(line):
            return Piece("table", first, end_before_blank(self._lines, first))
        if _SIMPLE_TABLE.match(line):
            return Piece("table", first, self._simple_table_end(first))
        if _adornment(line) and len(line.rstrip()) >= _SURE_LENGTH:
            return None
        if line.startswith(".."):
            return self._directive(first)
        if line.startswith(">>>"):
            return Piece("code", first, end_before_blank(self._lines, first))
        if _ITEM.match(line) or _FIELD.match(line):
            return Piece("list", first, self._list_end(first))
        return Piece("paragraph", first, self._paragraph_end(first))

    def _indented(self, first: int) -> Piece:
        """Code after "::", else a quotation, a list or a table that is set in."""
        if self._is_literal:
            return Piece("code", first, end_of_indented(self._lines, first))
        if _GRID.match(self._lines[first]):
            return Piece("table", first, end_before_blank(self._lines, first))
        if _ITEM.match(self._lines[first]):
            return Piece("list", first, self._list_end(first))
        return Piece("paragraph", first, end_before_blank(self._lines, first))

    def _directive(self, first: int) -> Piece:
        """A directive, target, note or comment with all that is indented below it."""
        found = _DIRECTIVE.match(self._lines[first])
        name = found.group(1).lower() if found else ""
        kind: BlockKind = "code" if name in _CODE else "table" if name in _TABLES else "paragraph"
        return Piece(kind, first, end_of_indented(self._lines, first))

    def _list_end(self, first: int) -> int:
        """A list goes on over blank lines as long as what follows is an item, a field or indented."""
        last = position = first
        while position + 1 < len(self._lines):
            position += 1
            line = self._lines[position]
            if not line.strip():
                continue
            if not (line[0].isspace() or _ITEM.match(line) or _FIELD.match(line)):
                break
            last = position
        return last

    def _paragraph_end(self, first: int) -> int:
        """Up to a blank line, or what is indented below a "::"."""
        last = first
        while last + 1 < len(self._lines) and self._lines[last + 1].strip():
            if self._lines[last].rstrip().endswith("::") and self._lines[last + 1][0].isspace():
                break
            last += 1
        return last

    def _simple_table_end(self, first: int) -> int:
        """The last border before a blank line; a table may have blank lines between its rows."""
        border = first
        for position in range(first + 1, len(self._lines)):
            if _SIMPLE_TABLE.match(self._lines[position]):
                border = position
                if position + 1 == len(self._lines) or not self._lines[position + 1].strip():
                    return position
            elif border == first and not self._lines[position].strip():
                return without_blank_end(self._lines, first, position)
        return without_blank_end(self._lines, first, border)


def _adornment(line: str) -> str:
    """The sign that a line consists of, or nothing."""
    found = _ADORNMENT.match(line)
    return found.group(1) if found else ""


def _fits(adornment: str, title: str) -> bool:
    length = len(adornment.rstrip())
    return not _adornment(title) and (length >= _SURE_LENGTH or length >= len(title.strip()))
