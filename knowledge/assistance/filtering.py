"""A filter on metadata that a language model draws from a question, checked like any that a person writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from knowledge.assistance.answers import object_in
from knowledge.assistance.prompts import messages
from knowledge.errors import FilterError, LanguageModelError
from knowledge.filters import And, Condition, Filter, Or, check, operator_named, takes_values
from knowledge.types import FieldType, Value

if TYPE_CHECKING:
    from knowledge.protocols import LanguageModel

MOST_CONDITIONS: Final = 20
_EXCERPT: Final = 80
_MESSAGE: Final = 300
"""Characters of what is wrong, which may repeat what the model wrote."""
_NAMES: Final = frozenset({"field", "operator", "value"})


def automatic_filter(
    model: LanguageModel,
    question: str,
    fields: Mapping[str, FieldType],
    samples: Sequence[Mapping[str, Any]],
) -> Filter | None:
    """The conditions that the question states; None when the model finds none in it.

    `samples` are what it is told of the fields. Raises `LanguageModelError` for an answer that is no filter on
    these fields: it counts as a whole or not at all.
    """
    today = datetime.now(UTC).date().isoformat()
    answer = model.complete(messages("filter", question, today=today, fields=list(samples)))
    try:
        where = _filter(object_in(answer.text, ["join", "conditions"]))
        return None if where is None else check(where, fields)
    except FilterError as error:
        raise LanguageModelError(f"the model's filter cannot be used: {str(error)[:_MESSAGE]}") from None


def _filter(given: Mapping[str, Any]) -> Filter | None:
    conditions, join = given.get("conditions"), given.get("join", "and")
    if not isinstance(conditions, list) or len(conditions) > MOST_CONDITIONS:
        raise FilterError(f"it has no list of at most {MOST_CONDITIONS} conditions")
    if not isinstance(join, str) or join not in ("and", "or"):
        raise FilterError(f"its conditions are joined by {_shown(join)}; allowed: and, or")
    parts = tuple(_condition(entry) for entry in conditions)
    if len(parts) < 2:
        return parts[0] if parts else None
    return And(parts) if join == "and" else Or(parts)


def _condition(given: object) -> Condition:
    if not isinstance(given, dict) or not _NAMES.issuperset(given):
        raise FilterError(f"{_shown(given)} is no condition; allowed: an object of field, operator and value")
    field, operator = given.get("field"), given.get("operator")
    if not isinstance(field, str) or not isinstance(operator, str):
        raise FilterError("a condition names no field or no operator")
    op = operator_named(operator)
    return Condition(field, op, _value(given.get("value"), takes_values(op)))


def _value(given: object, takes: str) -> Value:
    if takes == "nothing":
        if given not in (None, "", []):
            raise FilterError(f"{_shown(given)} is given where no value belongs")
        return ()
    several = tuple(given) if isinstance(given, list) else (given,)
    if not several or (takes == "one" and len(several) > 1):
        raise FilterError(f"{_shown(given)} is given where one value belongs")
    for value in several:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise FilterError(f"{_shown(value)} is no value; allowed: a string or a number")
    return several if takes == "several" else several[0]


def _shown(value: object) -> str:
    """What a message says of it: of lists and objects, which may be deep, only what they are."""
    return type(value).__name__ if isinstance(value, list | dict) else repr(value)[:_EXCERPT]
