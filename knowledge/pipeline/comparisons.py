"""The comparisons of conditions: one value of a pipeline against what a condition wants, by Dify's operators."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from knowledge.errors import InputError

_TRUE: Final = frozenset({"true", "1"})
_EMPTY: Final[tuple[Any, ...]] = (None, "", [], (), {})


def holds(actual: Any, comparison: str, wanted: Any) -> bool:
    """Whether `actual comparison wanted`; operators as Dify spells them, ≠ ≥ ≤ also as != >= <=.

    A negation is the exact complement of its positive, for None too. 0 and false are not empty. Raises
    `InputError` for an unknown operator, and for an order of what are no numbers.
    """
    name = _named(comparison)
    if name in _NEGATIONS:
        return not _POSITIVES[_NEGATIONS[name]](actual, wanted)
    if name not in _POSITIVES:
        raise InputError(f"unknown operator {comparison!r}; allowed: {', '.join(OPERATORS)}")
    return _POSITIVES[name](actual, wanted)


def is_operator(comparison: str) -> bool:
    """Whether there is a comparison of this name."""
    return _named(comparison) in OPERATORS


def _named(comparison: str) -> str:
    written = comparison.strip().lower()
    return _SPELLINGS.get(written, written)


def without_dot(extension: Any) -> Any:
    """A file extension without its dot, in lower case: conditions say `.xlsx`, `XLSX` or `xlsx`."""
    if isinstance(extension, list | tuple):
        return [without_dot(one) for one in extension]
    return extension.removeprefix(".").lower() if isinstance(extension, str) else extension


def _contains(actual: Any, wanted: Any) -> bool:
    if isinstance(actual, str):
        return str(wanted) in actual
    if isinstance(actual, list | tuple):
        return any(_is(element, wanted) for element in actual)
    return isinstance(actual, Mapping) and wanted in actual


def _is(actual: Any, wanted: Any) -> bool:
    if isinstance(actual, bool):
        return actual == (wanted if isinstance(wanted, bool) else str(wanted).strip().lower() in _TRUE)
    if isinstance(actual, int | float):
        return actual == _number_or_none(wanted)
    return actual is not None and bool(actual == wanted)


def _equals(actual: Any, wanted: Any) -> bool:
    return actual is not None and _number_or_none(actual) == _number(wanted)


def _in_order(compare: Callable[[float, float], bool]) -> Callable[[Any, Any], bool]:
    return lambda actual, wanted: actual is not None and compare(_number(actual), _number(wanted))


def _several(wanted: Any) -> Sequence[Any]:
    """A list, also written as JSON or with commas."""
    if not isinstance(wanted, str):
        return wanted if isinstance(wanted, list | tuple) else [wanted]
    try:
        read = json.loads(wanted)
    except ValueError:
        return [part.strip() for part in re.split("[,，]", wanted)]
    return read if isinstance(read, list) else [wanted]


def _number(value: Any) -> float:
    """Raises `InputError` for what is none."""
    number = _number_or_none(value)
    if number is None:
        raise InputError(f"{value!r:.60} is no number; compare it with is, or give a number")
    return number


def _number_or_none(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


_POSITIVES: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "contains": _contains,
    "start with": lambda actual, wanted: isinstance(actual, str) and actual.startswith(str(wanted)),
    "end with": lambda actual, wanted: isinstance(actual, str) and actual.endswith(str(wanted)),
    "is": _is,
    "empty": lambda actual, wanted: actual in _EMPTY,
    "in": lambda actual, wanted: any(_is(actual, one) for one in _several(wanted)),
    "all of": lambda actual, wanted: all(_contains(actual, one) for one in _several(wanted)),
    "=": _equals,
    ">": _in_order(operator.gt),
    "<": _in_order(operator.lt),
    "≥": _in_order(operator.ge),
    "≤": _in_order(operator.le),
    "null": lambda actual, wanted: actual is None,
    "exists": lambda actual, wanted: actual is not None,
}
_NEGATIONS: Final[Mapping[str, str]] = {
    "not contains": "contains",
    "is not": "is",
    "not empty": "empty",
    "not in": "in",
    "≠": "=",
    "not null": "null",
    "not exists": "exists",
}
_SPELLINGS: Final[Mapping[str, str]] = {
    "==": "=",
    "!=": "≠",
    ">=": "≥",
    "<=": "≤",
    "starts with": "start with",
    "ends with": "end with",
    "is empty": "empty",
    "is not empty": "not empty",
}
OPERATORS: Final = (*_POSITIVES, *_NEGATIONS)
OF_NOTHING: Final = frozenset({"empty", "not empty", "null", "not null", "exists", "not exists"})
"""The operators that ask whether there is a value at all."""
