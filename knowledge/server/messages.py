"""What travels over HTTP: the request and the answer of Dify's external knowledge API.

As strict as its documentation, as patient as its client needs: what Dify sends as null, leaves out or adds is fine.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

_NAME_SCHEMA: Final = {
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]
}
_SCALAR_SCHEMAS: Final = [{"type": "string"}, {"type": "number"}]
_VALUE_SCHEMA: Final = {
    "anyOf": [*_SCALAR_SCHEMAS, {"type": "array", "items": {"anyOf": _SCALAR_SCHEMAS}}, {"type": "null"}]
}


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not any("\ud800" <= character <= "\udfff" for character in value)


def _is_number(value: object) -> bool:
    """Neither true nor false, nor what a float cannot hold; of NaN every comparison is false."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**1023


def _name(value: object) -> object:
    if _is_text(value) or (isinstance(value, list) and value and all(map(_is_text, value))):
        return value
    raise ValueError("must be the name of a field or a list of names")


def _value(value: object) -> object:
    if value is None or all(
        _is_text(item) or _is_number(item) for item in (value if isinstance(value, list) else [value])
    ):
        return value
    raise ValueError("must be a string, a number, a list of these, or null")


def _number(value: object) -> object:
    if value is None or _is_number(value):
        return value
    raise ValueError("must be a number or null")


Text = Annotated[str, Field(strict=True)]
Number = BeforeValidator(_number)
"""Neither `true` nor `"5"` is one, though pydantic would take both."""


class RetrievalSetting(BaseModel):
    """How many records, and how sure they must be. What is left out or null is the knowledge base's own setting."""

    top_k: Annotated[int | None, Number] = Field(
        default=None, ge=1, description="At most 100 are returned, whatever is asked."
    )
    score_threshold: Annotated[float | None, Number] = Field(default=None, ge=0, le=1)


class NamedCondition(BaseModel):
    """A condition on one field, or on several of which any may fulfil it."""

    name: Annotated[Any, BeforeValidator(_name), WithJsonSchema(_NAME_SCHEMA)]
    comparison_operator: Text = Field(
        description="contains, not contains, start with, end with, is, is not, in, not in, empty, not empty, =, ≠, "
        ">, <, ≥, ≤, before, after"
    )
    value: Annotated[Any, BeforeValidator(_value), WithJsonSchema(_VALUE_SCHEMA)] = Field(
        None,
        description="Left out or null for empty and not empty; a list or comma-separated for in and not in.",
    )


class MetadataCondition(BaseModel):
    logical_operator: Literal["and", "or"] | None = "and"
    conditions: list[NamedCondition] | None


class RetrievalRequest(BaseModel):
    """A question to one knowledge base, or to several whose ids or names are joined with commas."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "knowledge_id": "handbook",
                    "query": "年假有几天？",
                    "retrieval_setting": {"top_k": 3, "score_threshold": 0.3},
                    "metadata_condition": {
                        "logical_operator": "and",
                        "conditions": [{"name": "year", "comparison_operator": "≥", "value": 2024}],
                    },
                }
            ]
        }
    )

    knowledge_id: Text
    query: Text = Field(
        description="Of a very long one the beginning is searched; the header X-Knowledge-Warning says so."
    )
    retrieval_setting: RetrievalSetting | None = None
    metadata_condition: MetadataCondition | None = None


class Record(BaseModel):
    """A passage that answers."""

    content: str
    score: float = Field(ge=0, le=1)
    title: str
    metadata: dict[str, Any]


class RetrievalAnswer(BaseModel):
    """The records, best first."""

    records: list[Record]


class ErrorAnswer(BaseModel):
    """What every failure looks like."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"error_code": 1002, "error_msg": "this API key is not known"}]}
    )

    error_code: int
    error_msg: str


REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    400: {
        "model": ErrorAnswer,
        "description": "The request cannot be understood, or names an unknown base (2001).",
    },
    403: {"model": ErrorAnswer, "description": "No key, a malformed one (1001), or one that may not (1002)."},
    "4XX": {
        "model": ErrorAnswer,
        "description": "Too large (413), not JSON (415), over the key's rate (429).",
    },
    "5XX": {
        "model": ErrorAnswer,
        "description": "Busy (503, with Retry-After), or a failure of the server (500).",
    },
}
"""How the routes' description tells of them."""
