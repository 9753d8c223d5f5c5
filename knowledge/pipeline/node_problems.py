"""What is wrong with the settings of one node, whatever is around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from knowledge.pipeline.dsl import Node
from knowledge.pipeline.form_problems import is_number
from knowledge.pipeline.kind_problems import conditions_of, operator_of, problems_of_kind, wrong
from knowledge.pipeline.node_types import (
    BRANCH,
    ENTRANCE,
    ENTRANCES,
    NODES,
    PLANNED,
    STORE,
    NodeType,
    cases_of,
    kind_of,
)
from knowledge.pipeline.nodes.structures import PARENT_MODES, STRUCTURES
from knowledge.pipeline.references import is_selector
from knowledge.pipeline.variables import references

INDEXINGS: Final = ("high_quality", "economy")
_EMPTY: Final[tuple[object, ...]] = (None, "", [])
STRATEGIES: Final = ("none", "default-value", "fail-branch")
MOST_RETRIES: Final = 10
LONGEST_PAUSE_MS: Final = 5000
"""Between two tries, as in Dify."""
NUMBERS: Final = "max_chunk_length chunk_overlap_length max_length subchunk_max_length".split()
"""Parameters of chunkers."""


def problems_of_node(node: Node) -> Iterator[str]:
    """A line for each problem, beginning with its field."""
    kind = NODES.get(kind_of(node))
    if node.type == ENTRANCE:
        yield from _of_entrance(node.data)
    elif kind is None:
        yield _unknown(node)
    else:
        yield from _of_selectors(node.data, kind)
        yield from _of_parameters(node.data, kind)
        yield from _of_errors(node.data)
        yield from problems_of_kind(node)
    if node.type == BRANCH:
        yield from _of_cases(node)
    if node.type == "variable-aggregator":
        yield from _of_aggregator(node.data)
    if node.type == STORE:
        yield from _of_store(node.data)


def _unknown(node: Node) -> str:
    known = [name for name in NODES if not name.startswith("tool:")]
    if node.type in PLANNED:
        return f"type: {node.type} is not supported yet; allowed: {', '.join([ENTRANCE, 'tool', *known])}"
    if node.type == "tool":
        tools = [name.removeprefix("tool:") for name in NODES if name.startswith("tool:")]
        return (
            f"tool_name: {node.data.get('tool_name')!r} has no counterpart here; allowed: {', '.join(tools)}"
        )
    return f"type: {node.type!r} is unknown; allowed: {', '.join([ENTRANCE, 'tool', *known])}"


def _of_entrance(data: Mapping[str, Any]) -> Iterator[str]:
    provider = data.get("provider_type")
    if provider not in list(ENTRANCES):
        yield f"provider_type: {provider!r} was given; allowed: {', '.join(ENTRANCES)}"
    extensions = data.get("fileExtensions") or []
    if not isinstance(extensions, list) or not all(isinstance(one, str) for one in extensions):
        yield f"fileExtensions: {extensions!r} was given; allowed: a list of texts"


def _of_selectors(data: Mapping[str, Any], kind: NodeType) -> Iterator[str]:
    for name in kind.selectors:
        value = data.get(name)
        if not value:
            yield f"{name}: no variable is chosen; choose one"
        elif not is_selector(value):
            yield f"{name}: {value!r} was given; allowed: a list of the node and its variable"


def _of_parameters(data: Mapping[str, Any], kind: NodeType) -> Iterator[str]:
    for group in ("tool_parameters", "tool_configurations"):
        given = data.get(group) or {}
        if not isinstance(given, Mapping):
            yield f"{group}: {given!r} was given; allowed: an object"
            return
    given = data.get("tool_parameters") or {}
    for name in kind.parameters:
        parameter = given.get(name)
        if (parameter.get("value") if isinstance(parameter, Mapping) else parameter) in _EMPTY:
            yield f"tool_parameters.{name}: nothing was given; choose a variable"
    for name, parameter in given.items():
        for line in _of_parameter(str(name), parameter):
            yield f"tool_parameters.{name}{line}"


def _of_parameter(name: str, parameter: Any) -> Iterator[str]:
    if not isinstance(parameter, Mapping):
        yield f": {parameter!r} was given; allowed: an object with type and value"
        return
    kind, value = parameter.get("type"), parameter.get("value")
    if kind not in ("variable", "mixed", "constant"):
        yield f".type: {kind!r} was given; allowed: variable, mixed, constant"
        return
    if value in _EMPTY:
        return
    if kind == "variable" and not is_selector(value):
        yield f".value: {value!r} was given; allowed: a list of the node and its variable"
    if kind == "variable" or (isinstance(value, str) and any(references(value))):
        return
    if name in NUMBERS and not is_number(value):
        yield f".value: {value!r} was given; allowed: a number"
    if name == "parent_mode" and value not in list(PARENT_MODES):
        yield f".value: {value!r} was given; allowed: {', '.join(PARENT_MODES)}"


def _of_errors(data: Mapping[str, Any]) -> Iterator[str]:
    strategy = data.get("error_strategy") or "none"
    if strategy not in STRATEGIES:
        yield f"error_strategy: {strategy!r} was given; allowed: {', '.join(STRATEGIES)}"
    defaults = data.get("default_value")
    if (defaults or strategy == "default-value") and not _are_defaults(defaults):
        yield f"default_value: {defaults!r} was given; allowed: a list of objects with key, type and value"
    retry = data.get("retry_config") or {}
    if not isinstance(retry, Mapping):
        yield f"retry_config: {retry!r} was given; allowed: an object"
        return
    for name, most in (("max_retries", MOST_RETRIES), ("retry_interval", LONGEST_PAUSE_MS)):
        value = retry.get(name, 0)
        if not isinstance(value, int) or not 0 <= value <= most:
            yield f"retry_config.{name}: {value!r} was given; allowed: a whole number from 0 to {most}"


def _are_defaults(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, Mapping) and isinstance(one.get("key"), str) for one in value
    )


def _of_cases(node: Node) -> Iterator[str]:
    cases = cases_of(node)
    if not cases:
        yield f"cases: {node.data.get('cases')!r} was given; allowed: a list of cases"
    for number, case in enumerate(cases):
        for line in _of_case(case):
            yield f"cases[{number}]{line}"


def _of_case(case: Any) -> Iterator[str]:
    if not isinstance(case, Mapping):
        yield f": {case!r} was given; allowed: an object"
        return
    if not case.get("case_id"):
        yield ".case_id: it has none; give it one"
    if case.get("logical_operator", "and") not in ("and", "or"):
        yield f".logical_operator: {case.get('logical_operator')!r} was given; allowed: and, or"
    conditions = case.get("conditions")
    if not isinstance(conditions, list) or not conditions:
        yield ".conditions: there are none; add one"
        return
    for number, condition in enumerate(conditions):
        if not isinstance(condition, Mapping) or not is_selector(condition.get("variable_selector")):
            yield f".conditions[{number}].variable_selector: no variable is chosen; choose one"
        else:
            yield from operator_of(condition, f".conditions[{number}].")
            if inner := condition.get("sub_variable_condition"):
                yield from _of_files(inner, f".conditions[{number}].sub_variable_condition")


def _of_files(group: Any, field: str) -> Iterator[str]:
    if isinstance(group, Mapping):
        yield from conditions_of(group, f"{field}.", "key")
    else:
        yield wrong(field, group, "an object")


def _of_aggregator(data: Mapping[str, Any]) -> Iterator[str]:
    advanced = data.get("advanced_settings") or {}
    if not isinstance(advanced, Mapping):
        yield f"advanced_settings: {advanced!r} was given; allowed: an object"
        return
    groups = advanced.get("groups") if advanced.get("group_enabled") else [data]
    for group in groups if isinstance(groups, list) else [None]:
        name = group.get("group_name") if isinstance(group, Mapping) else None
        if advanced.get("group_enabled") and not (name and isinstance(name, str)):
            yield wrong("advanced_settings.groups: group_name", name, "a text")
        variables = group.get("variables") if isinstance(group, Mapping) else None
        if not isinstance(variables, list) or not variables or not all(map(is_selector, variables)):
            yield f"variables: {variables!r} was given; allowed: a list of lists of a node and its variable"


def _of_store(data: Mapping[str, Any]) -> Iterator[str]:
    structure, indexing = data.get("chunk_structure"), data.get("indexing_technique")
    if structure not in list(STRUCTURES):
        yield f"chunk_structure: {structure!r} was given; allowed: {', '.join(STRUCTURES)}"
    if indexing not in INDEXINGS:
        yield f"indexing_technique: {indexing!r} was given; allowed: {', '.join(INDEXINGS)}"
    elif indexing == "economy" and structure in ("hierarchical_model", "qa_model"):
        yield f"indexing_technique: {structure} needs high_quality, economy was given; choose it, or text_model"
    keywords = data.get("keyword_number")
    if keywords is not None and not (isinstance(keywords, int) and 0 <= keywords <= 50):
        yield f"keyword_number: {keywords!r} was given; allowed: a whole number from 0 to 50"
    summary = data.get("summary_index_setting") or {}
    if not isinstance(summary, Mapping):
        yield wrong("summary_index_setting", summary, "an object")
    yield from _of_retrieval(data.get("retrieval_model") or {})


def _of_retrieval(model: Any) -> Iterator[str]:
    if not isinstance(model, Mapping):
        yield f"retrieval_model: {model!r} was given; allowed: an object"
        return
    yield from _of_share(model, "retrieval_model", "score_threshold")
    top_k = model.get("top_k")
    if top_k is not None and not (_is_within(top_k, 1, 100) and float(top_k).is_integer()):
        yield wrong("retrieval_model.top_k", top_k, "a whole number from 1 to 100")
    method = model.get("search_method")
    if method is not None and method not in list(SEARCH_METHODS):
        yield f"retrieval_model.search_method: {method!r} was given; allowed: {', '.join(SEARCH_METHODS)}"
    weights = model.get("weights") or {}
    if not isinstance(weights, Mapping) or not isinstance(weights.get("vector_setting") or {}, Mapping):
        yield wrong("retrieval_model.weights", weights, "an object with the object vector_setting")
    else:
        setting = weights.get("vector_setting") or {}
        yield from _of_share(setting, "retrieval_model.weights.vector_setting", "vector_weight")


def _of_share(data: Mapping[str, Any], field: str, name: str) -> Iterator[str]:
    """A number from 0 to 1, which may be left out."""
    value = data.get(name)
    if value is not None and not _is_within(value, 0, 1):
        yield wrong(f"{field}.{name}", value, "a number from 0 to 1")


def _is_within(value: Any, low: float, high: float) -> bool:
    return is_number(value) and low <= float(value) <= high


SEARCH_METHODS: Final = {
    "hybrid_search": "hybrid",
    "semantic_search": "vector",
    "full_text_search": "full-text",
    "keyword_search": "keyword",
    "invertedIndex": "keyword",
}
"""Dify's names of the ways to search, and ours."""
