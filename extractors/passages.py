"""Finds what stands between two marks, such as comments, in time that only grows with the text.

A regular expression looks for the end of every mark that opens a passage; here one missing end is the last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator


def passages(text: str, opening: str, closing: str) -> Iterator[tuple[int, int]]:
    """Where passages start and end, marks included; what is never closed is none."""
    start = text.find(opening)
    while start >= 0:
        end = text.find(closing, start + len(opening))
        if end < 0:
            return
        yield start, end + len(closing)
        start = text.find(opening, end + len(closing))


def replaced(
    text: str,
    opening: str,
    closing: str,
    new: Callable[[str], str],
    outside: Callable[[str], str] = str,
) -> str:
    """`text` with `new` of each passage, marks included, and `outside` of what stands between them."""
    pieces: list[str] = []
    done = 0
    for start, end in passages(text, opening, closing):
        pieces += outside(text[done:start]), new(text[start:end])
        done = end
    return "".join((*pieces, outside(text[done:])))
