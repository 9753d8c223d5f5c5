"""What is said to a language model, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A part of what is asked: `system` says what to do, `user` with what, `assistant` what was answered before."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """The answer, and the tokens that it took; None where the server does not count them."""

    text: str
    is_cut_off: bool = False
    """Whether the model had reached its limit before it was done."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
