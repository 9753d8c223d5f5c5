"""What a language model answers to messages with variables in them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, cast, get_args

from knowledge.chat import Completion, Message
from knowledge.errors import InputError
from knowledge.pipeline.nodes.asking import ask, model_of, parameters_of, with_pictures
from knowledge.pipeline.nodes.json_answers import THOUGHTS, object_in
from knowledge.pipeline.nodes.json_schemas import check_form
from knowledge.pipeline.nodes.template_transform import transform
from knowledge.pipeline.tools import Tools
from knowledge.pipeline.variables import Values, as_text

Role = Literal["system", "user", "assistant"]
ROLES: Final = get_args(Role)
_CONTEXT: Final = "{{#context#}}"


def messages_of(data: Mapping[str, Any], values: Values) -> list[Message]:
    """The messages of a node, with the values of its variables; those without any text are left out.

    Raises `MissingVariable`, and `InputError` for a role that there is not.
    """
    template = data.get("prompt_template") or []
    prompts = [{"role": "user", **template}] if isinstance(template, Mapping) else template
    said = [Message(role=_role(prompt), content=_content(prompt, data, values)) for prompt in prompts]
    return [message for message in said if message.content.strip()]


def _role(prompt: Mapping[str, Any]) -> Role:
    role = prompt.get("role") or "user"
    if role not in ROLES:
        raise InputError(f"the role of a message is {role!r}; allowed: {', '.join(ROLES)}")
    return cast(Role, role)


def _content(prompt: Mapping[str, Any], data: Mapping[str, Any], values: Values) -> str:
    if prompt.get("edition_type") == "jinja2":
        named = (data.get("prompt_config") or {}).get("jinja2_variables") or ()
        variables = {entry["variable"]: values.get(entry["value_selector"]) for entry in named}
        return transform(prompt.get("jinja2_text") or prompt.get("text") or "", variables)
    text = prompt.get("text") or ""
    context = _context(data, values) if _CONTEXT in text else ""
    return context.join(values.render(part) for part in text.split(_CONTEXT))


def _context(data: Mapping[str, Any], values: Values) -> str:
    """The passages of a retrieval, or any other value, as text."""
    chosen = data.get("context") or {}
    if not chosen.get("enabled") or not chosen.get("variable_selector"):
        return ""
    value = values.get(chosen["variable_selector"])
    if not isinstance(value, list | tuple):
        return as_text(value)
    return "\n".join(
        as_text(entry.get("content", entry) if isinstance(entry, Mapping) else entry) for entry in value
    )


def _in_structure(data: Mapping[str, Any]) -> Iterator[Message]:
    """What is said to a model that is to answer with an object of a JSON schema."""
    if data.get("structured_output_enabled"):
        shown = json.dumps(_schema(data), ensure_ascii=False)
        yield Message(
            role="system",
            content=f"Answer with one JSON object of this JSON schema and nothing else: {shown}",
        )


def _schema(data: Mapping[str, Any]) -> Any:
    return (data.get("structured_output") or {}).get("schema") or {}


def run(data: Mapping[str, Any], values: Values, tools: Tools) -> dict[str, Any]:
    """The answer of the run's model, asked with the node's parameters; the name of its `model` is not used.

    What a model thinks aloud is apart from the text when the node says so, as in Dify. Raises `LanguageModelError`
    for an object that has not the names and types of the node's schema.
    """
    messages = [*_in_structure(data), *with_pictures(messages_of(data, values), data, values)]
    with model_of(data, tools) as model:
        completion = ask(model, messages, parameters_of(data))
    thoughts = THOUGHTS.match(completion.text) if data.get("reasoning_format") == "separated" else None
    outputs: dict[str, Any] = {
        "text": completion.text[thoughts.end() :] if thoughts else completion.text,
        "reasoning_content": thoughts["inside"].strip() if thoughts else "",
        "usage": usage(completion),
        "finish_reason": "length" if completion.is_cut_off else "stop",
    }
    if data.get("structured_output_enabled"):
        outputs["structured_output"] = object_in(completion.text)
        check_form(outputs["structured_output"], _schema(data), "structured_output")
    return outputs


def usage(completion: Completion) -> dict[str, int | None]:
    """The tokens that a server counted."""
    read, written = completion.prompt_tokens, completion.completion_tokens
    total = None if read is None or written is None else read + written
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": total}
