"""Other wordings of a question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from knowledge.assistance.answers import object_in, question_in
from knowledge.assistance.prompts import messages
from knowledge.errors import InputError, LanguageModelError

if TYPE_CHECKING:
    from knowledge.protocols import LanguageModel

MOST_VARIANTS: Final = 8


def expand(model: LanguageModel, question: str, number: int) -> tuple[str, ...]:
    """At most `number` other wordings, none of them twice or the question itself.

    Raises `LanguageModelError` when the model gives none, and `InputError` for a number that is not 1 to 8.
    """
    if not 1 <= number <= MOST_VARIANTS:
        raise InputError(f"{number} variants of a question are asked for; allowed: 1 to {MOST_VARIANTS}")
    answer = model.complete(messages("expand", question, number=number))
    written = object_in(answer.text, ["questions"]).get("questions")
    if not isinstance(written, list):
        raise LanguageModelError("the model's answer has no list of questions")
    others = {text.casefold(): text for text in reversed(_questions(written, question))}
    others.pop(" ".join(question.split()).casefold(), None)
    if not others:
        raise LanguageModelError("the model knows no other wording of the question")
    return tuple(reversed(others.values()))[:number]


def _questions(written: Sequence[object], asked: str) -> list[str]:
    """Those that are questions. Raises the error of the first where none is."""
    found, errors = [], []
    for entry in written:
        try:
            found.append(question_in(entry, asked))
        except LanguageModelError as error:
            errors.append(error)
    if errors and not found:
        raise errors[0]
    return found
