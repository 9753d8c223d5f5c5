"""One variable for what several branches put out: the value of the branch that ran."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from knowledge.pipeline.tools import Tools
from knowledge.pipeline.variables import Selector, Values


def first_with_value(values: Values, selectors: Iterable[Selector]) -> dict[str, Any]:
    """`output` is the value of the first selector that has one; no `output` where none has."""
    for selector in selectors:
        if values.has(selector):
            return {"output": values.get(selector)}
    return {}


def run(data: Mapping[str, Any], values: Values, tools: Tools) -> dict[str, Any]:
    """With groups on, an output for each group by its name, which holds `output`."""
    settings = data.get("advanced_settings") or {}
    if not settings.get("group_enabled"):
        return first_with_value(values, data.get("variables") or ())
    return {
        group["group_name"]: first_with_value(values, group.get("variables") or ())
        for group in settings.get("groups") or ()
    }
