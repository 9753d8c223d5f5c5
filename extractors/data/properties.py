"""Reads configuration in lines of names and values (.ini, .toml, .properties …): sections become headings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Final

from extractors.cleaning import clean
from extractors.encodings.decoding import decode
from extractors.markup.lines import Piece, blocks, cut
from extractors.writer import written
from knowledge.types import Document, ReadOptions

_SECTION = re.compile(r"\s*\[\[?([^\[\]]+)\]\]?\s*(?:[#;].*)?$")
_ESCAPES = re.compile(r"(?:\\u[0-9A-Fa-f]{4})+")
_LOWEST_LEVEL: Final = 6


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    r"""The text as written, but that the \uXXXX of Java's properties become characters."""
    decoded = decode(data)
    is_java = PurePath(name).suffix.lower() == ".properties"
    text = clean(_ESCAPES.sub(_characters, decoded.text)) if is_java else decoded.text
    lines = text.split("\n")
    return written(name, text, list(blocks(lines, _pieces(lines))), {}, decoded.warnings)


def _characters(found: re.Match[str]) -> str:
    units = bytes.fromhex(found.group().replace("\\u", ""))
    return units.decode("utf-16-be", errors="replace")


def _pieces(lines: Sequence[str]) -> Iterator[Piece]:
    """A heading for each section, and blocks between blank lines below it."""
    headings = {position: found for position, line in enumerate(lines) if (found := _SECTION.match(line))}
    starts = sorted({*headings, *(position + 1 for position in headings), *_after_blank(lines)})
    for piece in cut(lines, starts, "code"):
        if found := headings.get(piece.first):
            level = min(found.group(1).count(".") + 1, _LOWEST_LEVEL)
            yield Piece("heading", piece.first, piece.last, level)
        else:
            yield piece


def _after_blank(lines: Sequence[str]) -> Iterator[int]:
    return (position + 1 for position, line in enumerate(lines) if not line.strip())
