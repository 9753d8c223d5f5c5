"""Changes a text by a list of edits, moves the positions of its blocks along, and finds the way back."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import NamedTuple

from knowledge.types import Block, Document


class Edit(NamedTuple):
    """`text[start:end]` becomes `replacement`."""

    start: int
    end: int
    replacement: str


class Edits:
    """One pass over a text: edits that are sorted and do not overlap."""

    def __init__(self, edits: Iterable[Edit]) -> None:
        self._edits = list(edits)
        sizes = (len(edit.replacement) - (edit.end - edit.start) for edit in self._edits)
        self._growth = [0, *accumulate(sizes)]
        self._starts = [edit.start for edit in self._edits]
        self._new_starts = [
            edit.start + growth for edit, growth in zip(self._edits, self._growth, strict=False)
        ]

    def __bool__(self) -> bool:
        return bool(self._edits)

    def apply(self, document: Document) -> Document:
        """`document` with the new text. Blocks left without text are dropped."""
        text = "".join(self._pieces(document.text))
        return replace(document, text=text, blocks=tuple(self._moved(document.blocks, text)))

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """The shortest stretch of the text before that became `[start, end)`; no replacement is divided."""
        first = bisect_right(self._new_starts, start) - 1
        last = bisect_right(self._new_starts, max(end - 1, start)) - 1
        old_start = self._original(first, start, at_end=False)
        return old_start, self._original(last, end, at_end=True) if end > start else old_start

    def _original(self, index: int, position: int, *, at_end: bool) -> int:
        """`position` before the edits, `index` being the last edit that begins before it."""
        if index < 0:
            return position
        edit, new_start = self._edits[index], self._new_starts[index]
        if position - at_end < new_start + len(edit.replacement):
            return edit.end if at_end else edit.start
        return position - self._growth[index + 1]

    def _pieces(self, text: str) -> Iterable[str]:
        kept_from = 0
        for edit in self._edits:
            yield text[kept_from : edit.start]
            yield edit.replacement
            kept_from = edit.end
        yield text[kept_from:]

    def _moved(self, blocks: Sequence[Block], text: str) -> Iterable[Block]:
        for block in blocks:
            start, end = self._new(block.start), self._new(block.end)
            if text[start:end].strip():
                yield replace(block, start=start, end=end)

    def _new(self, position: int) -> int:
        before = bisect_left(self._starts, position)
        if before == 0:
            return position
        last = self._edits[before - 1]
        if position >= last.end:
            return position + self._growth[before]
        return last.start + self._growth[before - 1] + min(position - last.start, len(last.replacement))


@dataclass(frozen=True, slots=True)
class Positions:
    """Leads from a cleaned text back to the text it was cleaned from."""

    passes: tuple[Edits, ...]

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """The shortest stretch of the original text that became `[start, end)` of the cleaned one."""
        for edits in reversed(self.passes):
            start, end = edits.original_span(start, end)
        return start, end
