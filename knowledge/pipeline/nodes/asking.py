"""How a node asks a language model: with the parameters that it names, and the pictures that it may see."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Final, Literal

from knowledge.chat import Completion, Message, Picture
from knowledge.errors import InputError, LanguageModelError
from knowledge.pipeline.files import File, files_in, images_of, read_document
from knowledge.pipeline.tools import Tools
from knowledge.pipeline.variables import Values, shown
from knowledge.protocols import LanguageModel

MOST_PICTURES: Final = 20
"""Of one question; as many as Dify's extractor takes out of a document."""
READABLE: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""The pictures that models behind OpenAI's API read."""
OURS: Final = frozenset({"model", "messages", "stream", "n"})
"""Not for a pipeline to choose: there is one question, which is answered once and as a whole."""
_LIMITS: Final = ("max_tokens", "max_completion_tokens")
_log = logging.getLogger(__name__)


def model_of(data: Mapping[str, Any], tools: Tools) -> AbstractContextManager[LanguageModel]:
    """The run's model. Raises `InputError` naming the one that the node was drawn with when the run has none."""
    return tools.model(str((data.get("model") or {}).get("name") or ""))


def parameters_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """The node's `completion_params` as OpenAI's API has them; names that it does not know are passed on too.

    Raises `InputError` for a `json_schema` that is none.
    """
    given = (data.get("model") or {}).get("completion_params") or {}
    named = {name: value for name, value in given.items() if name not in OURS and value is not None}
    schema, kind = named.pop("json_schema", None), named.get("response_format")
    if isinstance(kind, str):
        named["response_format"] = {"type": kind}
        if kind == "json_schema":
            named["response_format"]["json_schema"] = _schema(schema)
    return named


def _schema(written: Any) -> Any:
    try:
        return json.loads(written) if isinstance(written, str) else written
    except ValueError as error:
        raise InputError(f"completion_params.json_schema is no JSON ({error}); mend it") from None


def ask(
    model: LanguageModel, messages: Sequence[Message], parameters: Mapping[str, Any] | None = None
) -> Completion:
    """The answer. One that broke off counts only where `parameters` set the limit; Dify always goes on with it.

    Raises `LanguageModelError`, and `InputError` for messages that say and show nothing.
    """
    if not any(message.content.strip() or message.pictures for message in messages):
        raise InputError("the prompt is empty; write what the model is to do")
    completion = _completion(model, messages, parameters)
    if completion.is_cut_off and not any(name in (parameters or {}) for name in _LIMITS):
        raise LanguageModelError(
            "the model reached its limit before the end of its answer; give it less text, or set max_tokens in the "
            "node to take what there is"
        )
    return completion


def _completion(
    model: LanguageModel, messages: Sequence[Message], parameters: Mapping[str, Any] | None
) -> Completion:
    try:
        return model.complete(messages, parameters)
    except LanguageModelError as error:
        sent = sum(len(message.pictures) for message in messages)
        if not sent:
            raise
        pictures = "a picture" if sent == 1 else f"{sent} pictures"
        advice = f"it was shown {pictures}; for a model that reads none, switch the node's vision off"
        raise type(error)(f"{error}; {advice}") from error


def with_pictures(messages: Sequence[Message], data: Mapping[str, Any], values: Values) -> list[Message]:
    """The messages, the last of the user with the pictures that the node's `vision` names."""
    pictures = _pictures(data, values)
    if not pictures:
        return list(messages)
    *before, last = messages or [Message(role="user", content="")]
    if last.role == "user":
        return [*before, replace(last, pictures=pictures)]
    return [*messages, Message(role="user", content="", pictures=pictures)]


def _pictures(data: Mapping[str, Any], values: Values) -> tuple[Picture, ...]:
    vision = data.get("vision") or {}
    chosen = vision.get("configs") or {}
    selector = chosen.get("variable_selector")
    if not vision.get("enabled") or not selector:
        return ()
    detail: Literal["high", "low"] = "low" if chosen.get("detail") == "low" else "high"
    found = [
        file for file in pictures_in(values.get(selector), shown(selector)) if file.mime_type in READABLE
    ]
    if len(found) > MOST_PICTURES:
        _log.warning(
            "%s has %s pictures; the model is shown the first %s", shown(selector), len(found), MOST_PICTURES
        )
    return tuple(
        Picture(media_type=file.mime_type, data=file.read(), detail=detail) for file in found[:MOST_PICTURES]
    )


def pictures_in(value: Any, name: str) -> Iterator[File]:
    """The pictures among the files of a variable called `name`, and those inside its documents, in their order.

    Raises `InputError` for what is no file, and `ExtractionError`.
    """
    for file in files_in(value, name) if value not in (None, [], ()) else ():
        if file.type == "image":
            yield file
        else:
            yield from images_of(read_document(file))
