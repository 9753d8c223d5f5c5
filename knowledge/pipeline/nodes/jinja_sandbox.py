"""Jinja2 for templates of strangers: no way to Python behind the values, and no short text that takes for ever."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from jinja2.exceptions import SecurityError, TemplateError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from knowledge.errors import InputError

MOST_CHARACTERS: Final = 400_000
"""As in Dify: a template may repeat what it is given without end."""
_MOST_TURNS: Final = 100_000
"""Of all loops over ranges together."""
_LARGEST: Final = 10**9
_WRONG: Final = (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a template may do wrong."""


class Sandbox(ImmutableSandboxedEnvironment):
    """For one rendering: it counts."""

    intercepted_binops = frozenset({"*", "**"})

    def __init__(self) -> None:
        super().__init__()
        self._turns = 0
        self.globals["range"] = self._range

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Numbers stay under a billion, texts and lists under the length of a result."""
        if operator == "**" and (abs(left) > _LARGEST or abs(right) > 64):
            raise SecurityError("the power is too large")
        if (
            operator == "*"
            and _length(left) * _count(right) + _length(right) * _count(left) > MOST_CHARACTERS
        ):
            raise SecurityError("the repetition is too long")
        return super().call_binop(context, operator, left, right)

    def _range(self, *bounds: int) -> range:
        made = range(*bounds)
        self._turns += len(made)
        if self._turns > _MOST_TURNS:
            raise SecurityError(f"the ranges have more than {_MOST_TURNS} numbers")
        return made


def _length(value: Any) -> int:
    return len(value) if isinstance(value, str | list | tuple) else 0


def _count(value: Any) -> int:
    return value if isinstance(value, int) else 0


def rendered(template: str, variables: Mapping[str, Any]) -> str:
    """Unknown names are empty. Raises `InputError` for a template that is wrong, forbidden or too long."""
    written, length = [], 0
    try:
        for part in Sandbox().from_string(template).generate(variables):
            written.append(part)
            length += len(part)
            if length > MOST_CHARACTERS:
                raise InputError(f"the template gives more than {MOST_CHARACTERS} characters; shorten it")
    except _WRONG as error:
        raise InputError(
            f"the template cannot be rendered ({type(error).__name__}: {' '.join(str(error).split())}); mend it"
        ) from error
    return "".join(written)
