"""Reads Markdown: the text as written, its headings, lists, tables and code known as blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from extractors.decoding import decode
from extractors.front_matter import front_matter
from extractors.writer import written
from knowledge.types import Block, BlockKind, Document, Locator, ReadOptions

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+|$)")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)\s*$")
_RULE = re.compile(r" {0,3}([-*_])(?:[ \t]*\1){2,}\s*$")
_LIST = re.compile(r"\s{0,3}(?:[-*+]|\d{1,9}[.)])(?:\s+|$)")
_TABLE_RULE_CHARACTERS = frozenset("|-: \t")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A block as a range of lines."""

    kind: BlockKind
    first: int
    last: int
    level: int | None = None


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """The text as written without its front matter, which becomes metadata."""
    decoded = decode(data)
    lines = decoded.text.split("\n")
    front = front_matter(lines)
    body = lines[front.lines :]
    warnings = list(decoded.warnings)
    if front.unread:
        warnings.append(f"nested front matter was not read: {', '.join(front.unread)}")
    blocks = list(_blocks(body, front.lines))
    return written(name, "\n".join(body), blocks, front.metadata, warnings)


def _blocks(lines: list[str], lines_before: int) -> Iterator[Block]:
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line) + 1)
    for piece in _pieces(lines):
        first, last = lines[piece.first], lines[piece.last].rstrip()
        start = offsets[piece.first] + len(first) - len(first.lstrip())
        end = offsets[piece.last] + len(last)
        locator = Locator(line=piece.first + 1 + lines_before)
        yield Block(kind=piece.kind, start=start, end=end, level=piece.level, locator=locator)


def _pieces(lines: list[str]) -> Iterator[_Piece]:
    position = 0
    while position < len(lines):
        if not lines[position].strip() or _RULE.match(lines[position]):
            position += 1
            continue
        piece = _piece(lines, position)
        yield piece
        position = piece.last + 1


def _piece(lines: list[str], first: int) -> _Piece:
    line = lines[first]
    if fence := _fence(line):
        return _Piece("code", first, _fence_end(lines, first, fence))
    if atx := _ATX.match(line):
        return _Piece("heading", first, first, len(atx.group(1)))
    if line.startswith(("    ", "\t")):
        return _Piece("code", first, _indented_end(lines, first))
    if _is_table(lines, first):
        return _Piece("table", first, _table_end(lines, first))
    if _LIST.match(line) and not _RULE.match(line):
        return _Piece("list", first, _list_end(lines, first))
    return _paragraph(lines, first)


def _paragraph(lines: list[str], first: int) -> _Piece:
    """Lines up to a blank one or another block; underlined by = or - it is a heading."""
    last = first
    while last + 1 < len(lines):
        following = lines[last + 1]
        underline = _UNDERLINE.match(following)
        if underline and not _RULE.match(lines[first]):
            return _Piece("heading", first, last + 1, 1 if underline.group(1)[0] == "=" else 2)
        if not following.strip() or _interrupts(lines, last + 1):
            break
        last += 1
    return _Piece("paragraph", first, last)


def _interrupts(lines: list[str], position: int) -> bool:
    line = lines[position]
    if _fence(line) or _ATX.match(line) or _RULE.match(line) or _is_table(lines, position):
        return True
    marker = _LIST.match(line)
    # Inside a paragraph "1986. A good year" is text: only bullets and 1. start a list there.
    return bool(marker and line[marker.end() :].strip() and not re.match(r"\s*(?!1[.)])\d", line))


def _is_table(lines: list[str], position: int) -> bool:
    if "|" not in lines[position] or position + 1 >= len(lines):
        return False
    rule = lines[position + 1]
    return "-" in rule and _TABLE_RULE_CHARACTERS.issuperset(rule)


def _fence(line: str) -> str:
    """The marks that open fenced code, or nothing: ```text``` on one line is inline code."""
    found = _FENCE.match(line)
    return found.group(1) if found and (found.group(1)[0] == "~" or "`" not in line[found.end() :]) else ""


def _fence_end(lines: list[str], first: int, fence: str) -> int:
    closing = re.compile(rf" {{0,3}}{re.escape(fence[0])}{{{len(fence)},}}\s*$")
    for position in range(first + 1, len(lines)):
        if closing.match(lines[position]):
            return position
    return _without_blank_end(lines, first, len(lines) - 1)


def _indented_end(lines: list[str], first: int) -> int:
    last = first
    while last + 1 < len(lines) and (
        not lines[last + 1].strip() or lines[last + 1].startswith(("    ", "\t"))
    ):
        last += 1
    return _without_blank_end(lines, first, last)


def _list_end(lines: list[str], first: int) -> int:
    """A list goes on over blank lines as long as what follows is an item or indented."""
    last = first
    position = first + 1
    while position < len(lines):
        line = lines[position]
        if line[:1].isspace() and (fence := _fence(line.lstrip())):
            last = position = _fence_end_indented(lines, position, fence)
        elif line.strip():
            continues = bool(_LIST.match(line)) or line[:1].isspace()
            if not continues and (not lines[position - 1].strip() or _interrupts(lines, position)):
                break
            if _RULE.match(line):
                break
            last = position
        position += 1
    return last


def _fence_end_indented(lines: list[str], first: int, fence: str) -> int:
    for position in range(first + 1, len(lines)):
        if lines[position].strip().startswith(fence) and not lines[position].strip().strip(fence[0]):
            return position
    return first


def _table_end(lines: list[str], first: int) -> int:
    last = first + 1
    while last + 1 < len(lines) and "|" in lines[last + 1]:
        last += 1
    return last


def _without_blank_end(lines: list[str], first: int, last: int) -> int:
    while last > first and not lines[last].strip():
        last -= 1
    return last
