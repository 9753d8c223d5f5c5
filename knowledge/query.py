"""Writing conditions: `Field("year") >= 2024` in Python, `year >= 2024` on the command line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import cast

from knowledge.errors import FilterError
from knowledge.filters import OPERATORS, Condition, Operator, takes_values
from knowledge.types import Scalar, Value


class Field:
    """A metadata field, to be compared: `(Field("year") >= 2024) & ~Field("status").is_("draft")`.

    `Field("dept", ignore_case=True) == "hr"` takes upper and lower case for the same.
    """

    __slots__ = ("ignore_case", "name")

    def __init__(self, name: str, *, ignore_case: bool = False) -> None:
        self.name = name
        self.ignore_case = ignore_case

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

    def is_not(self, value: Scalar) -> Condition:
        return self._condition("is-not", value)

    def in_(self, values: Iterable[Scalar]) -> Condition:
        return self._condition("in", self._several(values))

    def not_in(self, values: Iterable[Scalar]) -> Condition:
        return self._condition("not-in", self._several(values))

    def contains(self, part: str) -> Condition:
        return self._condition("contains", part)

    def not_contains(self, part: str) -> Condition:
        return self._condition("not-contains", part)

    def starts_with(self, part: str) -> Condition:
        return self._condition("starts-with", part)

    def ends_with(self, part: str) -> Condition:
        return self._condition("ends-with", part)

    def before(self, moment: Scalar) -> Condition:
        """An ISO 8601 time or epoch seconds, as everywhere."""
        return self._condition("before", moment)

    def after(self, moment: Scalar) -> Condition:
        return self._condition("after", moment)

    def is_empty(self) -> Condition:
        """Missing or null. An empty string is a value."""
        return Condition(self.name, "empty")

    def is_not_empty(self) -> Condition:
        return Condition(self.name, "not-empty")

    __hash__ = None  # type: ignore[assignment]

    def _condition(self, op: Operator, value: object) -> Condition:
        return Condition(self.name, op, cast("Value", value), self.ignore_case)

    def _several(self, values: Iterable[Scalar]) -> tuple[Scalar, ...]:
        if isinstance(values, str) or not isinstance(values, Iterable):
            raise FilterError(f"{self.name!r} is looked for in {values!r}; allowed: a list of values")
        return tuple(values)


_SYMBOLS = tuple(sorted((op for op in OPERATORS if not op[0].isalpha()), key=len, reverse=True))
_WORDS = tuple(sorted((op for op in OPERATORS if op[0].isalpha()), key=len, reverse=True))
_CONDITION = re.compile(
    r'\s*(?:"(?P<quoted>[^"]+)"|(?P<bare>[\w.-]+))'
    rf"(?:\s*(?P<symbol>{'|'.join(_SYMBOLS)})\s*|\s+(?P<word>{'|'.join(_WORDS)})(?:\s+|\Z))"
    r"(?P<value>.*)",
    re.DOTALL,
)
_ITEM = re.compile(r'\s*(?:"(?P<quoted>(?:[^"]|"")*)"|(?P<bare>(?:[^\s",][^,]*?)?))\s*,')


def parse_condition(text: str) -> Condition:
    """The condition written as `NAME OP VALUE`. Raises `FilterError` with the allowed operators."""
    found = _CONDITION.fullmatch(text)
    if not found:
        raise FilterError(
            f"cannot read the condition {text!r}; write NAME OP VALUE with OP one of: {' '.join(OPERATORS)}"
        )
    op = cast("Operator", found["symbol"] or found["word"])
    return Condition(found["quoted"] or found["bare"], op, _value(op, found["value"]))


def _value(op: Operator, text: str) -> Value:
    match takes_values(op):
        case "several":
            return parse_list(text)
        case "nothing":
            return text.strip() or ()
    return text


def parse_list(text: str) -> tuple[str, ...]:
    """The values of one CSV line, without the spaces around them; `"…"` around a value keeps commas and spaces.

    Raises `FilterError` for a quote that does not end.
    """
    if not text.strip():
        return ()
    line, start = text + ",", 0
    values = []
    while start < len(line):
        found = _ITEM.match(line, start)
        if not found:
            raise FilterError(
                f'cannot read the list {text!r}; write A, B or "A, B" and double a quote inside quotes'
            )
        quoted = found["quoted"]
        values.append(found["bare"] if quoted is None else quoted.replace('""', '"'))
        start = found.end()
    return tuple(values)
