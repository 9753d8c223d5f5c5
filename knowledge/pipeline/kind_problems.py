"""What is wrong with the settings that one kind of node has and others have not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from knowledge.pipeline.comparisons import OPERATORS, is_operator
from knowledge.pipeline.dsl import Node
from knowledge.pipeline.form_problems import is_number
from knowledge.pipeline.node_types import NODES, kind_of
from knowledge.pipeline.nodes.asking import OURS
from knowledge.pipeline.nodes.llm import ROLES
from knowledge.pipeline.nodes.parameter_extractor import TYPES
from knowledge.pipeline.references import is_selector

Settings = Mapping[str, Any]
_ASKING: Final = ("llm", "parameter-extractor")


def problems_of_kind(node: Node) -> Iterator[str]:
    """A line for each problem, beginning with its field."""
    if node.type in _CHECKS:
        yield from _CHECKS[node.type](node.data)


def not_taken_over(node: Node) -> Iterator[str]:
    """What the settings of a node say and is not in force here, a line each."""
    if node.type in _ASKING:
        yield from _not_of_model(node)
    kind = NODES.get(kind_of(node))
    if node.type != "tool" or kind is None:
        return
    for group in ("tool_parameters", "tool_configurations"):
        unused = [name for name in _object(node.data, group)[0] if name not in kind.parameters + kind.options]
        if unused:
            yield f"{group}: not used here: {', '.join(map(str, unused))}"


def _not_of_model(node: Node) -> Iterator[str]:
    model = _object(node.data, "model")[0]
    if model.get("name"):
        yield f"model: the model of --llm is asked, not {model['name']}"
    for name in sorted(OURS & set(_object(model, "completion_params")[0])):
        yield f"model.completion_params.{name}: it is not sent; a node asks one question and waits for the answer"
    if node.data.get("memory"):
        yield "memory: it is not used; a pipeline has no conversation to remember"
    vision = _object(node.data, "vision")[0]
    if vision.get("enabled") and not _object(vision, "configs")[0].get("variable_selector"):
        yield "vision: no variable is chosen, so no picture is shown to the model"


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
    """The conditions of a group on values: each has an operator, and the names that these conditions need."""
    entries, lines = _objects(group, "conditions", path)
    yield from lines
    for field, entry in entries:
        yield from _names(entry, *named, path=f"{field}.")
        yield from operator_of(entry, f"{field}.")


def operator_of(condition: Settings, path: str) -> Iterator[str]:
    """The operator of a condition on a value."""
    written = condition.get("comparison_operator")
    if not isinstance(written, str) or not is_operator(written):
        yield wrong(f"{path}comparison_operator", written, ", ".join(OPERATORS))


def _of_list_operator(data: Settings) -> Iterator[str]:
    for name in ("filter_by", "extract_by", "order_by", "limit"):
        chosen, lines = _object(data, name)
        yield from lines
        if chosen.get("enabled"):
            yield from conditions_of(chosen, f"{name}.")
            yield from _texts(chosen, "key", path=f"{name}.")


def _of_asking(data: Settings) -> Iterator[str]:
    """Whom a node asks, and what it shows."""
    model, lines = _object(data, "model")
    yield from [*lines, *_object(model, "completion_params", "model.")[1]]
    vision, lines = _object(data, "vision")
    configs, more = _object(vision, "configs", "vision.")
    yield from [*lines, *more]
    if vision.get("enabled"):
        yield from _selector(configs, "variable_selector", "vision.configs.")
        if configs.get("detail") not in (None, "high", "low"):
            yield wrong("vision.configs.detail", configs["detail"], "high, low")


def _selector(data: Settings, name: str, path: str) -> Iterator[str]:
    """A selector that may be left out."""
    if data.get(name) and not is_selector(data[name]):
        yield wrong(path + name, data[name], "a list of the node and its variable")


def _of_model(data: Settings) -> Iterator[str]:
    yield from _of_asking(data)
    for name in ("prompt_config", "context", "structured_output"):
        yield from _object(data, name)[1]
    context = _object(data, "context")[0]
    if context.get("enabled"):
        yield from _selector(context, "variable_selector", "context.")
    template = data.get("prompt_template") or []
    prompts = {"prompt_template": [template] if isinstance(template, Mapping) else template}
    entries, lines = _objects(prompts, "prompt_template")
    yield from lines
    for field, prompt in entries:
        yield from _of_prompt(field, prompt)
    if not any(prompt.get("text") or prompt.get("jinja2_text") for _, prompt in entries):
        yield "prompt_template: there are no words in it; write what the model is to do"
    if any(prompt.get("edition_type") == "jinja2" for _, prompt in entries):
        yield from _variables(_object(data, "prompt_config")[0], "jinja2_variables", "prompt_config.")


def _of_prompt(field: str, prompt: Settings) -> Iterator[str]:
    yield from _texts(prompt, "text", "jinja2_text", path=f"{field}.")
    if prompt.get("role") and prompt["role"] not in ROLES:
        yield wrong(f"{field}.role", prompt["role"], ", ".join(ROLES))


def _of_extractor(data: Settings) -> Iterator[str]:
    yield from _of_asking(data)
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
        entries, lines = _objects(written, "conditions", "metadata_filtering_conditions.")
        yield from lines
        for field, entry in entries:
            yield from _names(entry, "name", "comparison_operator", path=f"{field}.")


_CHECKS: Final[Mapping[str, Callable[[Settings], Iterator[str]]]] = {
    "template-transform": _of_template,
    "list-operator": _of_list_operator,
    "llm": _of_model,
    "parameter-extractor": _of_extractor,
    "knowledge-retrieval": _of_retrieval,
}
