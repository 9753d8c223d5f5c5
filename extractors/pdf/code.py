"""Tells program text on PDF pages by its font, and keeps its lines and how far they are set in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from extractors.pdf.lines import Line
from extractors.pdf.page import Page

_LETTER_WIDTH: Final = 0.6
"""In sizes: the usual width of all letters of a font for program text."""
_BLANK_LINE: Final = 1.8
"""In sizes: steps that are larger leave lines blank."""
_DEEPEST: Final = 80
_MOST: Final = 0.5
"""Share of a document's lines in such a font: beyond it the document was typed, and is no program."""


@dataclass(frozen=True, slots=True)
class Code:
    text: str


def holds_code(pages: Sequence[Page]) -> bool:
    """Whether a font for program text sets something apart in this document."""
    marks = [line.is_monospaced for page in pages for line in page.lines]
    return 0 < sum(marks) <= _MOST * len(marks)


def code(lines: Sequence[Line]) -> Code:
    edge = min(line.left for line in lines)
    written = []
    for position, line in enumerate(lines):
        if position and lines[position - 1].base - line.base > _BLANK_LINE * line.size:
            written.append("")
        indent = round((line.left - edge) / (_LETTER_WIDTH * line.size or 1.0))
        written.append(" " * min(indent, _DEEPEST) + line.text)
    return Code("\n".join(written))
