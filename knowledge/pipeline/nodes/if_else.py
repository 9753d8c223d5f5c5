"""Chooses the branch of the first case whose conditions hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from knowledge.errors import InputError
from knowledge.pipeline.comparisons import OF_NOTHING, holds, without_dot
from knowledge.pipeline.tools import Tools
from knowledge.pipeline.variables import Values

OTHERWISE: Final = "false"
"""The branch that is left when no case holds."""


def choose_case(cases: Sequence[Mapping[str, Any]], values: Values) -> str:
    """The `case_id` of the first case that holds, or "false".

    Raises `MissingVariable` for a value that no node before has put out, unless the condition asks whether there
    is one, and `InputError` for a condition that cannot be.
    """
    return next((str(case["case_id"]) for case in cases if _case_holds(case, values)), OTHERWISE)


def _case_holds(case: Mapping[str, Any], values: Values) -> bool:
    """A case without conditions never holds."""
    conditions = case.get("conditions") or ()
    return bool(conditions) and _joined(case)(_condition_holds(condition, values) for condition in conditions)


def _joined(group: Mapping[str, Any]) -> Any:
    return any if group.get("logical_operator") == "or" else all


def _condition_holds(condition: Mapping[str, Any], values: Values) -> bool:
    selector, comparison = condition["variable_selector"], condition["comparison_operator"]
    actual = values.get(selector) if comparison not in OF_NOTHING or values.has(selector) else None
    if condition.get("sub_variable_condition"):
        return _of_files(actual, comparison, condition["sub_variable_condition"], values)
    return _compared(selector[-1], actual, comparison, _wanted(condition, values))


def _of_files(files: Any, comparison: str, inner: Mapping[str, Any], values: Values) -> bool:
    """Conditions on the fields of the files of a list: `contains` any, `all of` every, `not contains` none."""
    if not isinstance(files, list | tuple | None):
        raise InputError(f"conditions on files need a list of files, got {files!r:.60}; choose a list")
    met = [_joined(inner)(_fields_hold(file, inner, values)) for file in files or ()]
    if comparison == "all of":
        return all(met)
    return any(met) is (comparison != "not contains")


def _fields_hold(file: Any, inner: Mapping[str, Any], values: Values) -> Iterator[bool]:
    for condition in inner.get("conditions") or ():
        key, comparison = condition["key"], condition["comparison_operator"]
        yield _compared(key, getattr(file, key, None), comparison, _wanted(condition, values))


def _compared(name: str, actual: Any, comparison: str, wanted: Any) -> bool:
    if name == "extension":
        actual, wanted = without_dot(actual), without_dot(wanted)
    return holds(actual, comparison, wanted)


def _wanted(condition: Mapping[str, Any], values: Values) -> Any:
    """The value to compare with, in which there may be variables."""
    wanted = condition.get("value")
    if isinstance(wanted, list):
        return [values.render(part) if isinstance(part, str) else part for part in wanted]
    return values.render(wanted) if isinstance(wanted, str) else wanted


def run(data: Mapping[str, Any], values: Values, tools: Tools) -> dict[str, Any]:
    """A node of before there was elif has the conditions of its one case, "true", in its data."""
    cases = data.get("cases") or [{**data, "case_id": "true"}]
    chosen = choose_case(cases, values)
    return {"result": chosen != OTHERWISE, "selected_case_id": chosen}
