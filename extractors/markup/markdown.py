"""Reads Markdown: the text as written, its headings, lists, tables and code known as blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePath
from typing import Final

from extractors.encodings.decoding import decode
from extractors.markup.data_uris import take_out
from extractors.markup.front_matter import front_matter
from extractors.markup.lines import Piece, blocks, end_before_blank, without_blank_end
from extractors.writer import written
from knowledge.types import Block, BlockKind, Document, ReadOptions

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+|$)")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)\s*$")
_RULE = re.compile(r" {0,3}([-*_])(?:[ \t]*\1){2,}\s*$")
_LIST = re.compile(r"\s{0,3}(?:[-*+]|\d{1,9}[.)])(?:\s+|$)")
_MARKUP = re.compile(r" {0,3}<(!--|pre|script|style|textarea)(?=[\s>]|$|(?<=--))", re.IGNORECASE)
_PICTURE = re.compile(r" {0,3}!\[[^\]]*\]\(images/[0-9a-f]{64}\.\w+\)\s*$")
_SCRIPT = re.compile(r"(?:import|export)\s")
_MARKS: Final = frozenset("`~#-*_+=<!0123456789|")
"""What a line that is more than running text begins with."""
_TABLE_RULE_CHARACTERS = frozenset("|-: \t")


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """The text as written without its front matter, which becomes metadata, and with pictures taken out of it."""
    decoded = decode(data)
    pictures = take_out(decoded.text, images=options.images)
    lines = pictures.text.split("\n")
    front = front_matter(lines)
    body = lines[front.lines :]
    warnings = list(decoded.warnings)
    if front.unread:
        warnings.append(f"nested front matter was not read: {', '.join(front.unread)}")
    if pictures.left_out:
        warnings.append(f"{pictures.left_out} pictures in the text were left out")
    pieces = _pieces(body, is_mdx=PurePath(name).suffix.lower() == ".mdx")
    found = list(blocks(body, pieces, front.lines))
    document = written(name, "\n".join(body), found, front.metadata, warnings)
    return replace(document, images=pictures.images)


def blocks_of(text: str) -> Iterator[Block]:
    """The blocks of Markdown that stands in another format."""
    lines = text.split("\n")
    return blocks(lines, _pieces(lines))


def _pieces(lines: list[str], *, is_mdx: bool = False) -> Iterator[Piece]:
    position = 0
    while position < len(lines):
        line = lines[position]
        if not line.strip() or _RULE.match(line):
            position += 1
            continue
        is_script = is_mdx and _SCRIPT.match(line)
        piece = (
            Piece("code", position, end_before_blank(lines, position))
            if is_script
            else _piece(lines, position)
        )
        yield piece
        position = piece.last + 1


def _piece(lines: list[str], first: int) -> Piece:
    line = lines[first]
    if _is_plain(line):
        return _paragraph(lines, first)
    if fence := _fence(line):
        return Piece("code", first, _fence_end(lines, first, fence))
    if atx := _ATX.match(line):
        return Piece("heading", first, first, len(atx.group(1)))
    if line.startswith(("    ", "\t")):
        return Piece("code", first, _indented_end(lines, first))
    if _is_table(lines, first):
        return Piece("table", first, _table_end(lines, first))
    if _LIST.match(line) and not _RULE.match(line):
        return Piece("list", first, _list_end(lines, first))
    if markup := _MARKUP.match(line):
        return _markup(lines, first, markup.group(1).lower())
    if _PICTURE.match(line) and (first + 1 == len(lines) or not lines[first + 1].strip()):
        return Piece("image", first, first)
    return _paragraph(lines, first)


def _is_plain(line: str) -> bool:
    """Whether a line cannot be anything but running text, told by its first character."""
    return line[:1] not in _MARKS and not line[:1].isspace() and "|" not in line


def _markup(lines: list[str], first: int, tag: str) -> Piece:
    """HTML in which blank lines and # mean nothing: up to its end, or that of the text."""
    end = "-->" if tag == "!--" else f"</{tag}>"
    kind: BlockKind = "paragraph" if tag == "!--" else "code"
    for position in range(first, len(lines)):
        if end in lines[position].lower():
            return Piece(kind, first, position)
    return Piece(kind, first, without_blank_end(lines, first, len(lines) - 1))


def _paragraph(lines: list[str], first: int) -> Piece:
    """Lines up to a blank one or another block; underlined by = or - it is a heading."""
    last = first
    while last + 1 < len(lines):
        following = lines[last + 1]
        if following and _is_plain(following):
            last += 1
            continue
        underline = _UNDERLINE.match(following)
        if underline and not _RULE.match(lines[first]):
            return Piece("heading", first, last + 1, 1 if underline.group(1)[0] == "=" else 2)
        if not following.strip() or _interrupts(lines, last + 1):
            break
        last += 1
    return Piece("paragraph", first, last)


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
    return "-" in rule and "|" in rule and _TABLE_RULE_CHARACTERS.issuperset(rule)


def _fence(line: str) -> str:
    """The marks that open fenced code, or nothing: ```text``` on one line is inline code."""
    found = _FENCE.match(line)
    return found.group(1) if found and (found.group(1)[0] == "~" or "`" not in line[found.end() :]) else ""


def _fence_end(lines: list[str], first: int, fence: str) -> int:
    closing = re.compile(rf" {{0,3}}{re.escape(fence[0])}{{{len(fence)},}}\s*$")
    for position in range(first + 1, len(lines)):
        if closing.match(lines[position]):
            return position
    return without_blank_end(lines, first, len(lines) - 1)


def _indented_end(lines: list[str], first: int) -> int:
    last = first
    while last + 1 < len(lines) and (
        not lines[last + 1].strip() or lines[last + 1].startswith(("    ", "\t"))
    ):
        last += 1
    return without_blank_end(lines, first, last)


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
    """Where fenced code in a list ends: at its closing fence, or with what is indented."""
    last = first
    for position in range(first + 1, len(lines)):
        line = lines[position].strip()
        if line.startswith(fence) and not line.strip(fence[0]):
            return position
        if line and not lines[position][0].isspace():
            break
        last = position if line else last
    return last


def _table_end(lines: list[str], first: int) -> int:
    last = first + 1
    while last + 1 < len(lines) and "|" in lines[last + 1]:
        last += 1
    return last
