"""The JSON Schema of the inputs of a pipeline, for programs that make a form of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from knowledge.pipeline.dsl import InputVariable, Pipeline
from knowledge.pipeline.forms import MOST_FILES, SHARED, longest_of, most_of
from knowledge.pipeline.node_types import ENTRANCE


def form_schemas(pipeline: Pipeline) -> dict[str, dict[str, Any]]:
    """By the id of each entrance, what a run that begins there is asked: its own fields and those that all share."""
    return {
        node.id: form_schema(one for one in pipeline.inputs if one.belongs_to in (SHARED, node.id))
        for node in pipeline.of_type(ENTRANCE)
    }


def form_schema(fields: Iterable[InputVariable]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of an object with the values of these fields; files are paths."""
    listed = list(fields)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {one.name: _schema(one) for one in listed},
        "required": [
            one.name
            for one in listed
            if one.required and one.default in (None, "") and one.type != "checkbox"
        ],
        "additionalProperties": False,
    }


def _schema(one: InputVariable) -> dict[str, Any]:
    described = {"title": one.label, "description": one.data.get("tooltips"), "default": one.default}
    return {
        **_type_schema(one),
        **{key: value for key, value in described.items() if value not in (None, "")},
    }


def _type_schema(one: InputVariable) -> dict[str, Any]:
    if one.type == "select":
        return {"enum": [str(option) for option in one.options]}
    if one.type == "number":
        return {"type": "number"}
    if one.type == "checkbox":
        return {"type": "boolean"}
    if one.type == "file-list":
        return {"type": "array", "items": {"type": "string"}, "maxItems": most_of(one) or MOST_FILES}
    longest = longest_of(one) if one.type in ("text-input", "paragraph") else None
    return {"type": "string"} if longest is None else {"type": "string", "maxLength": longest}
