"""The general structure: passages of a limited length, cut where a reader would cut, as spans of the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chunkers.cutting import Cutting
from chunkers.delimiters import checked_delimiters
from chunkers.lengths import Length, checked_length
from knowledge.defaults import BY_NAME
from knowledge.errors import InputError
from knowledge.types import Block, Chunk, Document


@dataclass(frozen=True, slots=True, kw_only=True, init=False)
class General:
    """Cuts documents into passages of at most `max_length`.

    `delimiters` are tried from the first to the last; a piece too long for all of them is cut at paragraph,
    line, sentence, word and at last character borders. A passage begins up to `overlap` before the end of
    the one before it, at a sentence or word.
    """

    max_length: int
    overlap: int
    delimiters: tuple[str, ...]
    r"""Literal strings, in which `\n \t \r \\ \uXXXX` are understood, or `re:PATTERN` (`^ $` match at lines)."""
    keep_delimiter: bool
    """Whether a delimiter stays at the end of its passage; else passages neither begin nor end with one."""
    merge: bool
    """Whether neighbouring pieces share a passage while they fit."""
    row_per_chunk: bool
    """Whether every row of a table is a passage of its own; else rows are packed up to `max_length`."""
    length: Length
    """What lengths are measured in: `characters`, `words`, `tokens:PATH` of a tokenizer.json, or a function."""

    def __init__(
        self,
        *,
        max_length: int = int(BY_NAME["max_length"].default),
        overlap: int | None = None,
        delimiters: Sequence[str] = (str(BY_NAME["delimiter"].default),),
        keep_delimiter: bool = True,
        merge: bool = True,
        row_per_chunk: bool = False,
        length: Length = "characters",
    ) -> None:
        """`overlap` not given is a tenth of `max_length`, at most 50. Raises `InputError`."""
        _check_setting("max_length", max_length)
        if overlap is None:
            overlap = min(int(BY_NAME["overlap"].default), max_length // 10)
        _check_setting("overlap", overlap)
        if overlap >= max_length:
            raise InputError(
                f"overlap {overlap} must be less than max_length {max_length}; lower the overlap"
            )
        for name, value in (
            ("max_length", max_length),
            ("overlap", overlap),
            ("delimiters", checked_delimiters(delimiters)),
            ("keep_delimiter", keep_delimiter),
            ("merge", merge),
            ("row_per_chunk", row_per_chunk),
            ("length", checked_length(length)),
        ):
            object.__setattr__(self, name, value)

    def chunk(self, document: Document | str) -> list[Chunk]:
        """Passages in order; every character that is not white space is in at least one of them.

        Dropped delimiters are the exception. `text[chunk.start:chunk.end] == chunk.content`, and its length
        with the overlap is at most `max_length`.
        """
        text, blocks = text_and_blocks(document)
        return list(Cutting(self, text, blocks).chunks(0, len(text)))


def text_and_blocks(document: Document | str) -> tuple[str, list[Block]]:
    """The text, and its blocks that hold any. Raises `InputError` when they are not in order."""
    if isinstance(document, str):
        return document, []
    _check_blocks(document.text, document.blocks)
    return document.text, [block for block in document.blocks if block.end > block.start]


def _check_setting(name: str, value: int) -> None:
    setting = BY_NAME[name]
    low, high = int(setting.minimum or 0), int(setting.maximum or value)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise InputError(
            f"{name} must be a whole number from {low} to {high}, got {value!r}; choose one of these"
        )


def _check_blocks(text: str, blocks: Sequence[Block]) -> None:
    end = 0
    for block in blocks:
        if not end <= block.start <= block.end:
            raise InputError(
                f"block {block.start}..{block.end} begins before {end}, where the one before it ends; sort the blocks"
            )
        end = block.end
    if end > len(text):
        raise InputError(f"a block ends at {end}, the text at {len(text)}; mend the document's blocks")
