"""Takes from a list what fulfils conditions, in order, up to a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from knowledge.errors import InputError
from knowledge.pipeline.comparisons import holds, without_dot
from knowledge.pipeline.files import File
from knowledge.pipeline.tools import Tools
from knowledge.pipeline.variables import Values, shown

FILE_FIELDS: Final = ("type", "size", "name", "url", "extension", "mime_type", "transfer_method")


def filtered(elements: Sequence[Any], conditions: Sequence[Mapping[str, Any]]) -> list[Any]:
    """The elements that fulfil every condition: `key` (of files), `comparison_operator`, `value`."""
    return [element for element in elements if all(_fulfils(element, each) for each in conditions)]


def ordered(elements: Sequence[Any], key: str = "", *, descending: bool = False) -> list[Any]:
    """By a field of files, else by the elements. Those that are alike stay in their order.

    Raises `InputError` for texts mixed with numbers.
    """
    try:
        return sorted(elements, key=lambda element: _field(element, key), reverse=descending)
    except TypeError:
        raise InputError("texts and numbers cannot be put in one order; filter the list first") from None


def taken(elements: Sequence[Any], number: int) -> list[Any]:
    """The first elements. Raises `InputError` unless there is at least one to take."""
    if number < 1:
        raise InputError(f"the limit is {number}; allowed: a whole number from 1")
    return list(elements[:number])


def extracted(elements: Sequence[Any], serial: int) -> list[Any]:
    """The element at a place counted from 1, alone in a list. Raises `InputError` where there is none."""
    if not 1 <= serial <= len(elements):
        raise InputError(f"there is no element {serial}; the list has {len(elements)}, counted from 1")
    return [elements[serial - 1]]


def _fulfils(element: Any, condition: Mapping[str, Any]) -> bool:
    key, wanted = condition.get("key") or "", condition.get("value")
    actual = _field(element, key)
    if key == "extension":
        actual, wanted = without_dot(actual), without_dot(wanted)
    return holds(actual, condition["comparison_operator"], wanted)


def _field(element: Any, key: str) -> Any:
    if not isinstance(element, File):
        return element
    if key not in FILE_FIELDS:
        raise InputError(f"a file has no field {key!r}; allowed: {', '.join(FILE_FIELDS)}")
    return getattr(element, key)


def run(data: Mapping[str, Any], values: Values, tools: Tools) -> dict[str, Any]:
    """Filter, extraction, order and limit, each as far as it is switched on, one after the other."""
    elements = values.get(data["variable"])
    if not isinstance(elements, list | tuple):
        raise InputError(f"{shown(data['variable'])} must be a list, got {elements!r:.60}; choose a list")
    result = list(elements)
    if chosen := _switched_on(data, "filter_by"):
        conditions = [
            {**condition, "value": _rendered(condition.get("value"), values)}
            for condition in chosen.get("conditions") or ()
        ]
        result = filtered(result, conditions)
    if chosen := _switched_on(data, "extract_by"):
        result = extracted(result, _whole_number(values.render(str(chosen.get("serial", "1")))))
    if chosen := _switched_on(data, "order_by"):
        result = ordered(result, chosen.get("key") or "", descending=chosen.get("value") == "desc")
    if chosen := _switched_on(data, "limit"):
        result = taken(result, _whole_number(chosen.get("size")))
    return {
        "result": result,
        "first_record": result[0] if result else None,
        "last_record": result[-1] if result else None,
    }


def _switched_on(data: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    chosen = data.get(name) or {}
    return chosen if chosen.get("enabled") else None


def _rendered(value: Any, values: Values) -> Any:
    return values.render(value) if isinstance(value, str) else value


def _whole_number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{value!r:.60} is no whole number; allowed: one from 1") from None
