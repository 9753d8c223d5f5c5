"""A text from a Jinja2 template and variables, in a sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from knowledge.pipeline.nodes.jinja_sandbox import rendered
from knowledge.pipeline.tools import Tools
from knowledge.pipeline.variables import Values, plain
from knowledge.registry import missing


def transform(template: str, variables: Mapping[str, Any]) -> str:
    """The rendered text; records such as files are objects with their fields, unknown names are empty.

    Raises `InputError` for a template that is wrong, that does what the sandbox forbids, or that takes too much, and
    `MissingDependency`.
    """
    if find_spec("jinja2") is None:
        raise missing("pipeline", "a template")
    return rendered(template, {name: plain(value) for name, value in variables.items()})


def run(data: Mapping[str, Any], values: Values, tools: Tools) -> dict[str, Any]:
    variables = {
        entry["variable"]: values.get(entry["value_selector"]) for entry in data.get("variables") or ()
    }
    return {"output": transform(data.get("template") or "", variables)}
