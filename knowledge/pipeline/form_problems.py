"""What is wrong with the form of a pipeline: its fields, their types and defaults."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Final

from knowledge.errors import InputError
from knowledge.pipeline.dsl import InputVariable, Pipeline
from knowledge.pipeline.entrances import form_of
from knowledge.pipeline.forms import most_of

INPUT_TYPES: Final = ("text-input", "paragraph", "select", "number", "checkbox", "file", "file-list")
_LISTS: Final = (
    "allowed_file_types",
    "allow_file_extension",
    "allowed_file_extensions",
    "allow_file_upload_methods",
    "allowed_file_upload_methods",
)


def problems_of_inputs(pipeline: Pipeline) -> Iterator[str]:
    """A line for each problem of what is asked for."""
    asked = form_of(pipeline)
    names = Counter((variable.belongs_to, variable.name) for variable in asked)
    for variable in asked:
        where = f"input {variable.name or '?'}"
        if not variable.name:
            yield f"{where}: variable: it has no name; give it one"
        if names[variable.belongs_to, variable.name] > 1:
            yield f"{where}: variable: two fields have this name; rename one"
        for line in _of_type(variable):
            yield f"{where}: {line}"


def _of_type(variable: InputVariable) -> Iterator[str]:
    if variable.type not in INPUT_TYPES:
        yield f"type: {variable.type!r} was given; allowed: {', '.join(INPUT_TYPES)}"
    if variable.type == "select" and not variable.options:
        yield "options: there are none to choose from; add some"
    try:
        most_of(variable)
    except InputError as error:
        yield str(error)
    for name in _LISTS:
        if not isinstance(variable.data.get(name) or [], list):
            yield f"{name}: {variable.data[name]!r:.60} was given; allowed: a list"
    if variable.default in (None, ""):
        return
    if variable.type == "number" and not is_number(variable.default):
        yield f"default_value: {variable.default!r} was given; allowed: a number"
    if variable.type == "select" and variable.options and variable.default not in variable.options:
        yield f"default_value: {variable.default!r} was given; allowed: {', '.join(map(str, variable.options))}"
    if variable.type == "checkbox" and not is_truth(variable.default):
        yield f"default_value: {variable.default!r} was given; allowed: true, false"


def is_number(value: object) -> bool:
    """Whether it is a finite number, or a text that says one."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    try:
        return math.isfinite(float(value))
    except (ValueError, OverflowError):
        return False


def is_truth(value: object) -> bool:
    """Whether it is a truth value, or a text that says one."""
    return isinstance(value, bool) or str(value).lower() in {"true", "false", "0", "1"}
