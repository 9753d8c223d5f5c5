"""A question of a conversation, rewritten so that it stands alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, cast

from knowledge.assistance.answers import object_in, question_in
from knowledge.assistance.prompts import messages
from knowledge.chat import Message
from knowledge.errors import InputError

if TYPE_CHECKING:
    from knowledge.protocols import LanguageModel

MOST_TURNS: Final = 20
MOST_CHARACTERS: Final = 8000
"""Of the conversation, from its end: the latest words are those that a question refers to."""
_ROLES: Final = ("user", "assistant")
_EXCERPT: Final = 80


def rewrite(model: LanguageModel, question: str, history: Iterable[Message | Mapping[str, str]]) -> str:
    """The question as it is understood without the conversation before it, of which the last 20 turns, and 8,000
    characters, are read.

    Raises `LanguageModelError` when the model gives none, and `InputError` as `conversation` does.
    """
    turns = _latest(conversation(history))
    answer = model.complete(messages("rewrite", question, conversation=turns))
    return question_in(object_in(answer.text, ["question"]).get("question"), question)


def conversation(history: Iterable[Message | Mapping[str, str]]) -> tuple[Message, ...]:
    """Its turns, each a message or an object of role and content. Raises `InputError` for what is none, and for one
    of neither user nor assistant."""
    return tuple(_turn(given) for given in history)


def _turn(given: Message | Mapping[str, str]) -> Message:
    if isinstance(given, Mapping):
        role, content = given.get("role"), given.get("content")
    else:
        role, content = getattr(given, "role", None), getattr(given, "content", None)
    if not isinstance(role, str) or not isinstance(content, str):
        raise InputError(
            f"{str(given)[:_EXCERPT]!r} is no turn of a conversation; allowed: an object of role and content"
        )
    if role not in _ROLES:
        raise InputError(f"a turn of the conversation is of {role!r}; allowed: {', '.join(_ROLES)}")
    return Message(role=cast('Literal["user", "assistant"]', role), content=content)


def _latest(turns: Sequence[Message]) -> list[dict[str, str]]:
    """The end of a conversation: the first turn of it may be the end of one that is too long."""
    kept: list[dict[str, str]] = []
    room = MOST_CHARACTERS
    for turn in reversed(turns[-MOST_TURNS:]):
        if room <= 0:
            break
        content = turn.content if len(turn.content) <= room else f"…{turn.content[-room:]}"
        kept.insert(0, {"role": turn.role, "content": content})
        room -= len(turn.content)
    return kept
