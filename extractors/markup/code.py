"""Reads source code, and configuration without sections: the text as written, in blocks between blank lines.

A blank line inside a function does not end a block: the next one begins where a line starts at the margin.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from extractors.encodings.decoding import decode
from extractors.markup.lines import blocks, cut
from extractors.writer import written
from knowledge.types import Document, ReadOptions

_GOES_ON: Final = ("}", ")", "]", "end", "else", "elif", "except", "finally", "catch")
"""What stands at the margin and still belongs to what is above."""


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    decoded = decode(data)
    lines = decoded.text.split("\n")
    pieces = cut(lines, _starts(lines), "code")
    return written(name, decoded.text, list(blocks(lines, pieces)), {}, decoded.warnings)


def _starts(lines: Sequence[str]) -> Iterator[int]:
    for position in range(1, len(lines)):
        line = lines[position]
        is_at_margin = line and not line[0].isspace() and not line.startswith(_GOES_ON)
        if is_at_margin and not lines[position - 1].strip():
            yield position
