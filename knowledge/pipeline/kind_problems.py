"""What is wrong with the settings that one kind of node has and others have not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from knowledge.pipeline.dsl import Node
from knowledge.pipeline.form_problems import is_number
from knowledge.pipeline.nodes.llm import ROLES
from knowledge.pipeline.nodes.parameter_extractor import TYPES
from knowledge.pipeline.references import is_selector

Settings = Mapping[str, Any]


def problems_of_kind(node: Node) -> Iterator[str]:
    """A line for each problem, beginning with its field."""
    if node.type in _CHECKS:
        yield from _CHECKS[node.type](node.data)


def not_taken_over(node: Node) -> list[str]:
    """The settings of a node that asks a language model which are in force in Dify and not here."""
    model = node.data.get("model")
    has_parameters = isinstance(model, Mapping) and bool(model.get("completion_params"))
    found = {"model.completion_params": has_parameters, "memory": bool(node.data.get("memory"))}
    return [field for field, is_given in found.items() if is_given]


def wrong(field: str, value: Any, allowed: str) -> str:
    """The line for a value that cannot be."""
    return f"{field}: {value!r:.60} was given; allowed: {allowed}"


def _object(data: Settings, name: str, path: str = "") -> tuple[Settings, list[str]]:
    """The object in a field, which may be left out, and what is wrong with it."""
    found = data.get(name) or {}
    return (found, []) if isinstance(found, Mapping) else ({}, [wrong(path + name, found, "an object")])


def _objects(data: Settings, name: str, path: str = "") -> tuple[list[tuple[str, Settings]], list[str]]:
    """The objects of a list, which may be left out, each with its field, and what is wrong with them."""
    found = data.get(name) or []
    if not isinstance(found, list):
        return [], [wrong(path + name, found, "a list of objects")]
    fields = [(f"{path}{name}[{number}]", one) for number, one in enumerate(found)]
    return (
        [(field, one) for field, one in fields if isinstance(one, Mapping)],
        [wrong(field, one, "an object") for field, one in fields if not isinstance(one, Mapping)],
    )


def _texts(data: Settings, *names: str, path: str = "") -> Iterator[str]:
    """Fields that hold a text, or nothing."""
    for name in names:
        if data.get(name) is not None and not isinstance(data[name], str):
            yield wrong(path + name, data[name], "a text")


def _names(data: Settings, *names: str, path: str = "") -> Iterator[str]:
    """Fields that hold a text of at least one character."""
    for name in names:
        if not data.get(name) or not isinstance(data[name], str):
            yield wrong(path + name, data.get(name), "a text")


def _variables(data: Settings, name: str, path: str = "") -> Iterator[str]:
    """The names that a template has for values."""
    entries, lines = _objects(data, name, path)
    yield from lines
    for field, entry in entries:
        yield from _names(entry, "variable", path=f"{field}.")
        if not is_selector(entry.get("value_selector")):
            yield f"{field}.value_selector: no variable is chosen; choose one"


def _of_template(data: Settings) -> Iterator[str]:
    yield from _texts(data, "template")
    yield from _variables(data, "variables")


def conditions_of(group: Settings, path: str = "", *named: str) -> Iterator[str]:
    """The conditions of a group: each has an operator, and the names that these conditions need."""
    entries, lines = _objects(group, "conditions", path)
    yield from lines
    for field, entry in entries:
        yield from _names(entry, "comparison_operator", *named, path=f"{field}.")


def _of_list_operator(data: Settings) -> Iterator[str]:
    for name in ("filter_by", "extract_by", "order_by", "limit"):
        chosen, lines = _object(data, name)
        yield from lines
        if chosen.get("enabled"):
            yield from conditions_of(chosen, f"{name}.")
            yield from _texts(chosen, "key", path=f"{name}.")


def _of_model(data: Settings) -> Iterator[str]:
    for name in ("prompt_config", "context", "vision", "structured_output"):
        yield from _object(data, name)[1]
    vision, context = _object(data, "vision")[0], _object(data, "context")[0]
    if vision.get("enabled"):
        yield "vision.enabled: pictures are not shown to a model, which is not supported yet; switch it off"
    selector = context.get("variable_selector")
    if context.get("enabled") and selector and not is_selector(selector):
        yield wrong("context.variable_selector", selector, "a list of the node and its variable")
    template = data.get("prompt_template") or []
    prompts = {"prompt_template": [template] if isinstance(template, Mapping) else template}
    entries, lines = _objects(prompts, "prompt_template")
    yield from lines
    for field, prompt in entries:
        yield from _of_prompt(field, prompt)
    if any(prompt.get("edition_type") == "jinja2" for _, prompt in entries):
        yield from _variables(_object(data, "prompt_config")[0], "jinja2_variables", "prompt_config.")


def _of_prompt(field: str, prompt: Settings) -> Iterator[str]:
    yield from _texts(prompt, "text", "jinja2_text", path=f"{field}.")
    if prompt.get("role") and prompt["role"] not in ROLES:
        yield wrong(f"{field}.role", prompt["role"], ", ".join(ROLES))


def _of_extractor(data: Settings) -> Iterator[str]:
    yield from _texts(data, "instruction")
    entries, lines = _objects(data, "parameters")
    yield from lines
    for field, parameter in entries:
        yield from _names(parameter, "name", path=f"{field}.")
        if parameter.get("type") not in TYPES:
            yield wrong(f"{field}.type", parameter.get("type"), ", ".join(TYPES))
        yield from _texts(parameter, "description", path=f"{field}.")
        options = parameter.get("options") or []
        if not isinstance(options, list) or not all(isinstance(one, str) for one in options):
            yield wrong(f"{field}.options", options, "a list of texts")


def _of_retrieval(data: Settings) -> Iterator[str]:
    chosen, lines = _object(data, "multiple_retrieval_config")
    yield from lines
    for name in ("top_k", "score_threshold"):
        if chosen.get(name) is not None and not is_number(chosen[name]):
            yield wrong(f"multiple_retrieval_config.{name}", chosen[name], "a number")
    if not isinstance(data.get("dataset_ids") or [], list):
        yield wrong("dataset_ids", data["dataset_ids"], "a list")
    written, lines = _object(data, "metadata_filtering_conditions")
    yield from lines
    if data.get("metadata_filtering_mode") == "manual":
        yield from conditions_of(written, "metadata_filtering_conditions.", "name")


_CHECKS: Final[Mapping[str, Callable[[Settings], Iterator[str]]]] = {
    "template-transform": _of_template,
    "list-operator": _of_list_operator,
    "llm": _of_model,
    "parameter-extractor": _of_extractor,
    "knowledge-retrieval": _of_retrieval,
}
