"""Tells running text from the cells of tables, by how long its lines are and how they begin."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from extractors.pdf.lines import Line
from extractors.pdf.rows import Item, Row

_LEAST_LINES: Final = 3
_FILLED: Final = 0.75
"""Share of a column's width that a line of running text takes at least, but for the last of a paragraph."""
_FULL_LINE: Final = 16
_LONG_LINE: Final = 30
"""Letters; those of Chinese, Japanese and Korean count twice."""
_SHARED: Final = 0.5
_MIDDLES: Final = 0.4
"""Share of lines that begin in the middle of a sentence."""
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def is_prose(column: Sequence[Item]) -> bool:
    """Lines that hold more than a cell would, or mostly fill their column and hold not much less."""
    lines = [item for item in column if isinstance(item, Line)]
    if len(lines) < _LEAST_LINES:
        return False
    letters = _letters(lines)
    return letters >= _LONG_LINE or (letters >= _FULL_LINE and _is_full(lines))


def runs_beside(rows: Sequence[Row], column: Sequence[Item]) -> bool:
    """Whether a column is running text that takes no heed of the rows beside it, as a cell of many lines would."""
    lines = [item for item in column if isinstance(item, Line)]
    if len(lines) < _LEAST_LINES or _letters(lines) < _FULL_LINE or not _is_full(lines):
        return False
    own = {id(line) for line in lines}
    shared = sum(len(row) > 1 and any(id(item) in own for item in row) for row in rows)
    middles = sum(line.text[0].islower() or bool(_CJK.match(line.text)) for line in lines)
    return shared >= _SHARED * len(lines) and middles >= _MIDDLES * len(lines)


def _is_full(lines: Sequence[Line]) -> bool:
    width = max(line.right for line in lines) - min(line.left for line in lines)
    return 2 * sum(line.right - line.left >= _FILLED * width for line in lines) >= len(lines)


def _letters(lines: Sequence[Line]) -> float:
    """In a line, on average."""
    text = "".join(line.text for line in lines)
    is_wide = not text.isascii() and 2 * len(_CJK.findall(text)) > len(text)
    return len(text) * (2 if is_wide else 1) / len(lines)
