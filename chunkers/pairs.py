"""A question, in one spelling or several, and its answer: spans of a text."""

from __future__ import annotations

from dataclasses import dataclass

Place = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    questions: tuple[Place, ...]
    answer: Place
    shown_answer: str
    """The answer as a reader sees it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpaired:
    """What looked like a pair, but lacks the question or the answer."""

    position: int
    what: str
    """`rows` or `questions`."""
