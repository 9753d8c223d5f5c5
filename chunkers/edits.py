"""Changes a text by a list of edits and moves the positions of its blocks along."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import NamedTuple

from knowledge.types import Block, Document


class Edit(NamedTuple):
    """`text[start:end]` becomes `replacement`."""

    start: int
    end: int
    replacement: str


def edited(document: Document, edits: Sequence[Edit]) -> Document:
    """`document` after `edits`, which are sorted and do not overlap. Blocks left without text are dropped."""
    if not edits:
        return document
    text = "".join(_pieces(document.text, edits))
    return replace(document, text=text, blocks=tuple(_moved(document.blocks, text, edits)))


def _pieces(text: str, edits: Sequence[Edit]) -> Iterable[str]:
    kept_from = 0
    for edit in edits:
        yield text[kept_from : edit.start]
        yield edit.replacement
        kept_from = edit.end
    yield text[kept_from:]


def _moved(blocks: Sequence[Block], text: str, edits: Sequence[Edit]) -> Iterable[Block]:
    starts = [edit.start for edit in edits]
    growth = [0, *accumulate(len(edit.replacement) - (edit.end - edit.start) for edit in edits)]

    def moved(position: int) -> int:
        before = bisect_left(starts, position)
        if before == 0:
            return position
        last = edits[before - 1]
        if position >= last.end:
            return position + growth[before]
        return last.start + growth[before - 1] + min(position - last.start, len(last.replacement))

    for block in blocks:
        start, end = moved(block.start), moved(block.end)
        if text[start:end].strip():
            yield replace(block, start=start, end=end)
