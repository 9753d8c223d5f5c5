"""Reads Org mode: the text as written, its headings, lists, tables, code and drawers known as blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from extractors.encodings.decoding import decode
from extractors.markup.lines import Piece, blocks
from extractors.writer import written
from knowledge.types import BlockKind, Document, ReadOptions, Value

_HEADING = re.compile(r"(\*+)\s+\S")
_KEYWORD = re.compile(r"\s*#\+(\w+):\s*(.*)$")
_BEGIN = re.compile(r"\s*#\+begin_(\w+)", re.IGNORECASE)
_DRAWER = re.compile(r"\s*:[\w-]+:\s*$")
_DRAWER_END: Final = ":end:"
_TABLE = re.compile(r"\s*\|")
_FIXED = re.compile(r"\s*:(?:\s|$)")
_ITEM = re.compile(r"\s*(?:[-+]|\d+[.)])(?:\s|$)|\s+\*\s")
_TEXT_BLOCKS: Final = frozenset(("quote", "verse", "center", "abstract"))
_METADATA: Final = frozenset(
    "title subtitle author email date language description keywords filetags".split()
)
_LOWEST_LEVEL: Final = 6


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """The text as written; #+TITLE and its like are metadata too."""
    decoded = decode(data)
    lines = decoded.text.split("\n")
    found = list(blocks(lines, _pieces(lines)))
    return written(name, decoded.text, found, _metadata(lines), decoded.warnings)


def _metadata(lines: list[str]) -> dict[str, Value]:
    """The keywords of the whole file; those that stand several times are joined."""
    entries: dict[str, list[str]] = {}
    for line in lines:
        keyword = _KEYWORD.match(line) if "#+" in line else None
        if keyword and keyword.group(1).lower() in _METADATA and keyword.group(2).strip():
            entries.setdefault(keyword.group(1).lower(), []).append(keyword.group(2).strip())
    metadata: dict[str, Value] = {name: " ".join(values) for name, values in entries.items()}
    if tags := tuple(filter(None, ":".join(entries.get("filetags", ())).split(":"))):
        metadata["filetags"] = tags
    return metadata


def _pieces(lines: list[str]) -> Iterator[Piece]:
    position = 0
    while position < len(lines):
        if not lines[position].strip():
            position += 1
            continue
        piece = _piece(lines, position)
        yield piece
        position = piece.last + 1


def _piece(lines: list[str], first: int) -> Piece:
    line = lines[first]
    if heading := _HEADING.match(line):
        return Piece("heading", first, first, min(len(heading.group(1)), _LOWEST_LEVEL))
    if begin := _BEGIN.match(line):
        return _block(lines, first, begin.group(1).lower())
    if _DRAWER.match(line) and (end := _drawer_end(lines, first)):
        return Piece("code", first, end)
    if _TABLE.match(line):
        return Piece("table", first, _end_of(lines, first, _TABLE))
    if _FIXED.match(line):
        return Piece("code", first, _end_of(lines, first, _FIXED))
    if _ITEM.match(line):
        return Piece("list", first, _list_end(lines, first))
    return Piece("paragraph", first, _paragraph_end(lines, first))


def _block(lines: list[str], first: int, name: str) -> Piece:
    """From #+begin_src to #+end_src, or to the next heading when that is missing."""
    kind: BlockKind = "paragraph" if name in _TEXT_BLOCKS else "code"
    last = first
    for position in range(first + 1, len(lines)):
        line = lines[position].strip()
        if line.lower().startswith(f"#+end_{name}"):
            return Piece(kind, first, position)
        if _HEADING.match(lines[position]):
            break
        last = position if line else last
    return Piece(kind, first, last)


def _drawer_end(lines: list[str], first: int) -> int | None:
    """The :END: of a drawer; None when a heading, another drawer or a blank line comes first."""
    for position in range(first + 1, len(lines)):
        line = lines[position].strip()
        if line.lower() == _DRAWER_END:
            return position
        if not line or _HEADING.match(line) or _DRAWER.match(line):
            return None
    return None


def _end_of(lines: list[str], first: int, kind: re.Pattern[str]) -> int:
    last = first
    while last + 1 < len(lines) and kind.match(lines[last + 1]):
        last += 1
    return last


def _list_end(lines: list[str], first: int) -> int:
    """A list goes on over single blank lines as long as what follows is an item or indented."""
    last = position = first
    while position + 1 < len(lines):
        position += 1
        line = lines[position]
        if not line.strip():
            if position - last > 1:
                break
            continue
        if not (line[0].isspace() or _ITEM.match(line)) or _HEADING.match(line):
            break
        last = position
    return last


def _paragraph_end(lines: list[str], first: int) -> int:
    """Up to a blank line or another kind of block."""
    last = first
    while last + 1 < len(lines):
        line = lines[last + 1]
        if not line.strip() or _HEADING.match(line) or _BEGIN.match(line) or _DRAWER.match(line):
            break
        if _TABLE.match(line) or _ITEM.match(line):
            break
        last += 1
    return last
