"""What a language model did for a search, as its hits tell it."""

from __future__ import annotations

from dataclasses import dataclass

from knowledge.filters import Filter


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUsage:
    """What a language model has taken."""

    calls: int = 0
    prompt_tokens: int | None = None
    """Counted by the server, as `completion_tokens`; None when it does not tell."""
    completion_tokens: int | None = None
    seconds: float = 0.0
    """Of waiting for its answers, added up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assistance:
    question: str
    """As it was asked."""
    queries: tuple[str, ...]
    """What was searched: the question, or what it was rewritten to, then its other wordings."""
    filter: str
    """That the model drew from the question, as conditions are written; empty when there is none."""
    where: Filter | None
    """All that had to hold: the caller's conditions and this filter."""
    usage: ModelUsage
