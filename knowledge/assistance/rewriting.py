"""A question of a conversation, rewritten so that it stands alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from knowledge.assistance.answers import object_in, question_in
from knowledge.assistance.prompts import messages
from knowledge.chat import Message
from knowledge.errors import InputError

if TYPE_CHECKING:
    from knowledge.protocols import LanguageModel

MOST_TURNS: Final = 20
MOST_CHARACTERS: Final = 8000
"""Of the conversation; the latest turns are those that a question refers to."""


def rewrite(model: LanguageModel, question: str, history: Sequence[Message]) -> str:
    """The question as it is understood without the conversation before it, of which the last 20 turns are read.

    Raises `LanguageModelError` when the model gives none, and `InputError` for a turn of neither user nor assistant.
    """
    turns = [{"role": turn.role, "content": turn.content} for turn in _latest(history)]
    answer = model.complete(messages("rewrite", question, conversation=turns))
    return question_in(object_in(answer.text, ["question"]).get("question"))


def _latest(history: Sequence[Message]) -> list[Message]:
    for turn in history:
        if turn.role not in ("user", "assistant"):
            raise InputError(f"a turn of the conversation is of {turn.role!r}; allowed: user, assistant")
    kept: list[Message] = []
    room = MOST_CHARACTERS
    for turn in reversed(history[-MOST_TURNS:]):
        room -= len(turn.content)
        if room < 0:
            break
        kept.insert(0, turn)
    return kept
