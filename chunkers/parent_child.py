"""The parent-child structure: small passages are searched, the large ones around them are returned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from chunkers.borders import is_joined, last_sentence, last_word, layout_finders, skip_space
from chunkers.cutting import Cutting, Span
from chunkers.general import General, text_and_blocks
from chunkers.rulers import ruler
from knowledge.errors import InputError
from knowledge.types import Chunk, Document

ParentMode = Literal["paragraph", "full-doc"]
_CHILD_LENGTH: Final = 200


def _default_child() -> General:
    return General(max_length=_CHILD_LENGTH, overlap=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentChild:
    """Parents by one chunker and, within each, children by another.

    `mode="full-doc"`: the whole document is one parent, cut off after `full_doc_length`.
    """

    parent: General = field(default_factory=General)
    child: General = field(default_factory=_default_child)
    mode: ParentMode = "paragraph"
    full_doc_length: int = 10_000
    """In what `parent.length` measures: characters unless said otherwise. Dify documents 10,000 tokens."""

    def __post_init__(self) -> None:
        if self.mode not in get_args(ParentMode):
            raise InputError(f"mode must be paragraph or full-doc, got {self.mode!r}; choose one of these")
        if not isinstance(self.full_doc_length, int) or self.full_doc_length < 1:
            raise InputError(
                f"full_doc_length must be a whole number from 1 on, got {self.full_doc_length!r}; raise it"
            )

    def chunk(self, document: Document | str) -> list[Chunk]:
        """Parents in order, each with its children, which together hold all of its text."""
        return self.chunk_with_warnings(document)[0]

    def chunk_with_warnings(self, document: Document | str) -> tuple[list[Chunk], tuple[str, ...]]:
        """The same, and a line that says how much of a full document was cut off."""
        text, blocks = text_and_blocks(document)
        parents = Cutting(self.parent, text, blocks)
        children = Cutting(self.child, text, blocks)
        spans, warnings = self._parents(parents, text)
        return [
            parents.passage(span, tuple(children.chunks(span.start, span.end))) for span in spans
        ], warnings

    def _parents(self, cutting: Cutting, text: str) -> tuple[Iterable[Span], tuple[str, ...]]:
        if self.mode == "paragraph":
            return cutting.spans(0, len(text)), ()
        start = skip_space(text, 0)
        if start == len(text):
            return (), ()
        end = self._full_doc_end(text, start)
        left_out = len(text.rstrip()) - end
        warning = (
            f"the last {left_out} of {len(text)} characters are left out: a full-doc parent holds "
            f"{self.full_doc_length} ({self._unit()}); raise full_doc_length or use mode paragraph"
        )
        return [Span(start, start, end)], (warning,) if left_out > 0 else ()

    def _full_doc_end(self, text: str, start: int) -> int:
        """The end of what a full-doc parent holds, at a paragraph, else line, sentence, word or character."""
        limits = ruler(text, self.parent.length, self.full_doc_length)
        high = limits.reach(start)
        while True:
            end = start + len(text[start : _last_border(text, start, high)].rstrip())
            if limits.fits(start, end):
                return end
            high = limits.shorter(start, end)

    def _unit(self) -> str:
        return self.parent.length if isinstance(self.parent.length, str) else "as measured"


def _last_border(text: str, start: int, high: int) -> int:
    if high == len(text):
        return high
    for last in (*layout_finders(text), last_sentence, last_word):
        cut = last(text, (start + high) // 2, high)
        if cut > start and not is_joined(text, cut):
            return cut
    while high > start + 1 and is_joined(text, high):
        high -= 1
    return high
