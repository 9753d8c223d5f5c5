"""The parameters of a tool node, as Dify writes them: constants, selectors and texts with variables in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from knowledge.errors import InputError
from knowledge.pipeline.variables import Values, as_text, references

_ONE_REFERENCE: Final = re.compile(r"\s*\{\{#[^#{}]+#\}\}\s*")
_TRUE: Final = frozenset({"true", "1", "yes", "on"})
_FALSE: Final = frozenset({"false", "0", "no", "off"})


@dataclass(frozen=True, slots=True)
class Parameters:
    """Reads `tool_parameters`, then `tool_configurations`; what is left out or empty has its default."""

    data: Mapping[str, Any]
    values: Values

    def value(self, name: str) -> Any:
        """As it is; None when it is not given. A text that is nothing but one variable is that variable's value."""
        for group in ("tool_parameters", "tool_configurations"):
            given = (self.data.get(group) or {}).get(name)
            if given is not None:
                return self._resolved(name, given)
        return None

    def text(self, name: str, default: str | None = None) -> str:
        """Raises `InputError` for one that is missing and has no default."""
        value = self.value(name)
        if value is None or value == "":
            if default is None:
                raise InputError(f"the parameter {name} is empty; allowed: a text; fill it in")
            return default
        return as_text(value)

    def whole_number(self, name: str, default: int) -> int:
        """Raises `InputError` for what is none."""
        value = self.value(name)
        if value is None or value == "":
            return default
        try:
            number = float(value)
            if number != int(number):
                raise ValueError(value)
        except (TypeError, ValueError, OverflowError):
            raise InputError(
                f"the parameter {name} is {value!r:.60}; allowed: a whole number; change it"
            ) from None
        return int(number)

    def flag(self, name: str, default: bool = False) -> bool:
        """Raises `InputError` for what is neither true nor false."""
        word = as_text(self.value(name)).strip().lower()
        if not word:
            return default
        if word not in _TRUE | _FALSE:
            raise InputError(f"the parameter {name} is {word!r:.60}; allowed: true or false; change it")
        return word in _TRUE

    def _resolved(self, name: str, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        kind, value = given.get("type"), given.get("value")
        if kind == "variable":
            return self.values.get(value) if value else None
        if kind == "mixed" and isinstance(value, str):
            selectors = list(references(value))
            is_one = len(selectors) == 1 and _ONE_REFERENCE.fullmatch(value)
            return self.values.get(selectors[0]) if is_one else self.values.render(value)
        if kind in ("constant", "mixed"):
            return value
        raise InputError(
            f"the parameter {name} has the type {kind!r:.60}; allowed: mixed, variable, constant; change it"
        )
