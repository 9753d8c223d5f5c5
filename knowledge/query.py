"""Writing conditions: `Field("year") >= 2024` in Python, `year >= 2024` on the command line."""

from __future__ import annotations

import re
from typing import cast

from knowledge.errors import FilterError
from knowledge.filters import OPERATORS, Condition, Operator
from knowledge.types import Scalar


class Field:
    """A metadata field, to be compared: `(Field("year") >= 2024) & ~Field("status").is_("draft")`."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, value: object) -> Condition:  # type: ignore[override]
        return self._condition("=", value)

    def __ne__(self, value: object) -> Condition:  # type: ignore[override]
        return self._condition("!=", value)

    def __gt__(self, value: Scalar) -> Condition:
        return self._condition(">", value)

    def __lt__(self, value: Scalar) -> Condition:
        return self._condition("<", value)

    def __ge__(self, value: Scalar) -> Condition:
        return self._condition(">=", value)

    def __le__(self, value: Scalar) -> Condition:
        return self._condition("<=", value)

    def is_(self, value: Scalar) -> Condition:
        return self._condition("is", value)

    def contains(self, part: str) -> Condition:
        return self._condition("contains", part)

    __hash__ = None  # type: ignore[assignment]

    def _condition(self, op: Operator, value: object) -> Condition:
        if not isinstance(value, str | int | float):
            raise FilterError(f"{self.name!r} is compared with {value!r}; allowed: a string or a number")
        return Condition(self.name, op, value)


_SYMBOLS = ("!=", ">=", "<=", "=", ">", "<")
_WORDS = tuple(op for op in OPERATORS if op.isalpha() and op != "in")
_CONDITION = re.compile(
    r'\s*(?:"(?P<quoted>[^"]+)"|(?P<bare>[\w.-]+))'
    rf"(?:\s*(?P<symbol>{'|'.join(_SYMBOLS)})\s*|\s+(?P<word>{'|'.join(_WORDS)})\s+)"
    r"(?P<value>.*)",
    re.DOTALL,
)


def parse_condition(text: str) -> Condition:
    """The condition written as `NAME OP VALUE`. Raises `FilterError` with the allowed operators."""
    found = _CONDITION.fullmatch(text)
    if not found:
        allowed = " ".join((*_SYMBOLS, *_WORDS))
        raise FilterError(
            f"cannot read the condition {text!r}; write NAME OP VALUE with OP one of: {allowed}"
        )
    op = cast("Operator", found["symbol"] or found["word"])
    return Condition(found["quoted"] or found["bare"], op, found["value"])
