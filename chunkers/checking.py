"""Looks over finished passages and names those that will serve a search badly, and why."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from chunkers.borders import SENTENCE_CLOSED
from chunkers.duplicates import folded
from knowledge.defaults import BY_NAME
from knowledge.types import Chunk

Problem = Literal[
    "too short",
    "too long",
    "cut mid-sentence",
    "cut mid-row",
    "table without its header",
    "repeated",
    "mostly symbols",
]

_SHORTEST: Final = 10
_LONGEST: Final = int(BY_NAME["max_length"].maximum or 0)
_SHARE_OF_LETTERS: Final = 0.5
_ROW_AFTER_ROW = re.compile(r"[ \t]*\|[^\n]*\n[ \t]*\|")
_GAP = re.compile(r"\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong with the chunk at `position`, counted from 0."""

    position: int
    problem: Problem
    detail: str


def check(
    text: str, chunks: Sequence[Chunk], *, shortest: int = _SHORTEST, longest: int | None = _LONGEST
) -> list[Finding]:
    """The findings about `chunks` of `text`, by position. Lengths are characters; `longest` None: any.

    A sentence counts as ended at a line break too. A row is a line that begins with a bar.
    """
    findings: list[Finding] = []
    first_with: dict[str, int] = {}
    for position, chunk in enumerate(chunks):
        before = first_with.setdefault(folded(chunk.content), position)
        problems = [*_sizes(chunk, shortest, longest), *_cuts(text, chunk), *_symbols(chunk)]
        if before < position:
            problems.append(("repeated", f"the same as chunk {before}"))
        findings += [
            Finding(position=position, problem=problem, detail=detail) for problem, detail in problems
        ]
    return findings


def _sizes(chunk: Chunk, shortest: int, longest: int | None) -> Iterator[tuple[Problem, str]]:
    length = len(chunk.content)
    if length < shortest and chunk.answer is None:
        yield "too short", f"{length} of at least {shortest} characters"
    if longest is not None and length > longest:
        yield "too long", f"{length} of at most {longest} characters"


def _cuts(text: str, chunk: Chunk) -> Iterator[tuple[Problem, str]]:
    if chunk.answer is not None:
        return
    if any(_inside_row(text, border) for border in (chunk.start, chunk.end)):
        yield "cut mid-row", "a row of a table is shared with another chunk"
    elif _inside_sentence(text, chunk):
        yield "cut mid-sentence", f"ends with {chunk.content[-20:]!r}"
    if _lacks_header(text, chunk):
        yield "table without its header", "neither the chunk nor its context holds the header row"


def _inside_row(text: str, border: int) -> bool:
    line_start = text.rfind("\n", 0, border) + 1
    line_end = text.find("\n", border)
    line = text[line_start : line_end if line_end >= 0 else len(text)]
    before, after = text[line_start:border], line[border - line_start :]
    return line.lstrip().startswith("|") and bool(before.strip()) and bool(after.strip())


def _inside_sentence(text: str, chunk: Chunk) -> bool:
    gap = _GAP.match(text, chunk.end)
    if gap is None or gap.end() == len(text) or "\n" in gap[0]:
        return False
    return SENTENCE_CLOSED.search(chunk.content[-4:]) is None


def _lacks_header(text: str, chunk: Chunk) -> bool:
    """Whether it begins below the first row of a table whose header does not travel along."""
    return _ROW_AFTER_ROW.match(text, *_two_lines(text, chunk.start)) is not None and "|" not in chunk.context


def _two_lines(text: str, position: int) -> tuple[int, int]:
    """The line before the one at `position`, and that up to its first character."""
    line_start = text.rfind("\n", 0, position) + 1
    return text.rfind("\n", 0, max(line_start - 1, 0)) + 1, position + 1


def _symbols(chunk: Chunk) -> Iterator[tuple[Problem, str]]:
    visible = [character for character in chunk.content if not character.isspace()]
    letters = sum(map(str.isalnum, visible))
    if letters < _SHARE_OF_LETTERS * len(visible):
        yield "mostly symbols", f"{letters} letters and digits of {len(visible)} characters"
