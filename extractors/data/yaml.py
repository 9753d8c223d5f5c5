"""Reads YAML: the text as written, a block for each entry of the top level. Nothing is evaluated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from extractors.encodings.decoding import decode
from extractors.markup.lines import blocks, cut
from extractors.writer import written
from knowledge.types import Document, ReadOptions


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """Names at the margin, items of a list there and document marks begin a block, with the comments above them."""
    decoded = decode(data)
    lines = decoded.text.split("\n")
    pieces = cut(lines, _starts(lines), "code")
    return written(name, decoded.text, list(blocks(lines, pieces)), {}, decoded.warnings)


def _starts(lines: Sequence[str]) -> Iterator[int]:
    comments: int | None = None
    below_mark = False
    for position, line in enumerate(lines):
        if line.startswith("#"):
            comments = position if comments is None else comments
        elif not line.strip():
            comments = None
        else:
            if not line[0].isspace() and line[0] not in "}])" and not below_mark:
                yield position if comments is None else comments
            comments = None
            below_mark = line.startswith("---") and not line[3:].strip()
