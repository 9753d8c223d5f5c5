"""What is said to a language model, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture that is shown to a model; `detail` says how closely it is to look."""

    media_type: str
    data: bytes = field(repr=False)
    detail: Literal["high", "low"] = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A part of what is asked: `system` says what to do, `user` with what, `assistant` what was answered before."""

    role: Literal["system", "user", "assistant"]
    content: str
    pictures: tuple[Picture, ...] = ()
    """Shown after the content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """The answer, and the tokens that it took; None where the server does not count them."""

    text: str
    is_cut_off: bool = False
    """Whether the model had reached its limit before it was done."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
