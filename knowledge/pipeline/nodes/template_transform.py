"""A text from a Jinja2 template and variables, in a sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from knowledge.errors import InputError
from knowledge.pipeline.tools import Tools
from knowledge.pipeline.variables import Values, plain
from knowledge.registry import missing

MOST_CHARACTERS: Final = 400_000
"""As in Dify: a template may repeat what it is given without end."""


def transform(template: str, variables: Mapping[str, Any]) -> str:
    """The rendered text; records such as files are objects with their fields, unknown names are empty.

    Raises `InputError` for a template that is wrong, that does what the sandbox forbids, or whose text is too long,
    and `MissingDependency`.
    """
    try:
        from jinja2 import TemplateError
        from jinja2.sandbox import ImmutableSandboxedEnvironment
    except ImportError:
        raise missing("pipeline", "a template") from None
    written, length = [], 0
    try:
        compiled = ImmutableSandboxedEnvironment().from_string(template)
        for part in compiled.generate({name: plain(value) for name, value in variables.items()}):
            written.append(part)
            length += len(part)
            if length > MOST_CHARACTERS:
                raise InputError(f"the template gives more than {MOST_CHARACTERS} characters; shorten it")
    except (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise InputError(
            f"the template cannot be rendered ({type(error).__name__}: {' '.join(str(error).split())}); mend it"
        ) from error
    return "".join(written)


def run(data: Mapping[str, Any], values: Values, tools: Tools) -> dict[str, Any]:
    variables = {
        entry["variable"]: values.get(entry["value_selector"]) for entry in data.get("variables") or ()
    }
    return {"output": transform(data.get("template") or "", variables)}
