"""Every node that runs here: what it is called in a pipeline, where its function is, and what it puts out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final

from knowledge.pipeline.dsl import Node
from knowledge.pipeline.tools import Tools
from knowledge.pipeline.variables import Values

Run = Callable[[Mapping[str, Any], Values, Tools], dict[str, Any]]
"""A node's function: its `data` in the pipeline, the values before it, and its tools; returns its outputs."""
Table = Mapping[str, Run]
"""Functions by `kind_of` a node."""

ENTRANCE: Final = "datasource"
STORE: Final = "knowledge-index"
BRANCH: Final = "if-else"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeType:
    """One kind of node."""

    module: str
    """Within `knowledge.pipeline.nodes`."""
    outputs: Mapping[str, str] = field(default_factory=dict)
    """Names and types, as Dify writes them, besides those that its settings name."""
    selectors: tuple[str, ...] = ()
    """The fields of its data that must be a selector."""
    parameters: tuple[str, ...] = ()
    """The `tool_parameters` that must be given."""
    options: tuple[str, ...] = ()
    """Those that may be given; others are not used here."""
    takes: Mapping[str, str] = field(default_factory=dict)
    """The types that fields and parameters must refer to, where not any will do; either of two as `file|array`."""
    structure: str | None = None
    """What a chunker makes, as the knowledge base's `chunk_structure` calls it."""


_CHUNKER: Final = {"result": "object"}
_READ: Final = {"text": "string", "documents": "array", "images": "array", "files": "array", "json": "array"}

NODES: Final[Mapping[str, NodeType]] = {
    "document-extractor": NodeType(
        module="document_extractor",
        outputs={"text": "string"},
        selectors=("variable_selector",),
        takes={"variable_selector": "file|array"},
    ),
    BRANCH: NodeType(module="if_else", outputs={"result": "boolean", "selected_case_id": "string"}),
    "variable-aggregator": NodeType(module="variable_aggregator"),
    "list-operator": NodeType(
        module="list_operator",
        outputs={"result": "array", "first_record": "any", "last_record": "any"},
        selectors=("variable",),
        takes={"variable": "array"},
    ),
    "template-transform": NodeType(module="template_transform", outputs={"output": "string"}),
    "llm": NodeType(
        module="llm",
        outputs={
            "text": "string",
            "usage": "object",
            "finish_reason": "string",
            "reasoning_content": "string",
            "structured_output": "object",
        },
    ),
    "parameter-extractor": NodeType(
        module="parameter_extractor",
        outputs={"__is_success": "number", "__reason": "string", "__usage": "object"},
        selectors=("query",),
    ),
    "knowledge-retrieval": NodeType(
        module="knowledge_retrieval", outputs={"result": "array"}, selectors=("query_variable_selector",)
    ),
    STORE: NodeType(
        module="knowledge_index",
        selectors=("index_chunk_variable_selector",),
        takes={"index_chunk_variable_selector": "array|object"},
    ),
    "tool:dify_extractor": NodeType(
        module="dify_extractor", outputs=_READ, parameters=("file",), takes={"file": "file|array"}
    ),
    "tool:parse-file": NodeType(
        module="dify_extractor", outputs=_READ, parameters=("file",), takes={"file": "file|array"}
    ),
    "tool:markitdown": NodeType(
        module="markdown_conversion", outputs=_READ, parameters=("files",), takes={"files": "file|array"}
    ),
    "tool:md_to_csv": NodeType(
        module="markdown_to_csv", outputs=_READ, parameters=("md_text",), options=("output_filename",)
    ),
    "tool:general_chunker": NodeType(
        module="general_chunker",
        outputs={"result": "array"},
        parameters=("input_variable",),
        options=(
            "delimiter",
            "max_chunk_length",
            "chunk_overlap_length",
            "replace_consecutive_spaces_newlines_tabs",
            "delete_all_urls_and_email_addresses",
        ),
        takes={"input_variable": "string"},
        structure="text_model",
    ),
    "tool:parentchild_chunker": NodeType(
        module="parent_child_chunker",
        outputs=_CHUNKER,
        parameters=("input_text",),
        options=(
            "parent_mode",
            "separator",
            "max_length",
            "subchunk_separator",
            "subchunk_max_length",
            "remove_extra_spaces",
            "remove_urls_emails",
        ),
        takes={"input_text": "string"},
        structure="hierarchical_model",
    ),
    "tool:qa_chunk": NodeType(
        module="qa_chunker",
        outputs=_CHUNKER,
        parameters=("input_file",),
        options=("question_column", "answer_column"),
        takes={"input_file": "file|array"},
        structure="qa_model",
    ),
}
"""By `kind_of` a node. The tools are those of plugins that have a counterpart here."""

ENTRANCES: Final[Mapping[str, Mapping[str, str]]] = {
    "local_file": {"file": "file", "datasource_type": "string"},
    "online_drive": {"file": "file", "datasource_type": "string"},
    "website_crawl": dict.fromkeys(
        ("content", "title", "description", "source_url", "datasource_type"), "string"
    ),
    "online_document": dict.fromkeys(
        ("content", "title", "page_id", "workspace_id", "type", "datasource_type"), "string"
    ),
}
"""What an entrance puts out, by its `provider_type`."""

FILE_FIELDS: Final = frozenset("name extension size mime_type type url transfer_method".split())
"""What a selector can name within a file."""

PLANNED: Final = frozenset("code http-request iteration loop question-classifier agent assigner".split())
"""Nodes of Dify that do not run here yet."""
PARTS: Final = frozenset({"iteration-start", "loop-start", "loop-end"})
"""What Dify draws inside of some of these."""


_RENAMED: Final = {"parent_child_chunk": "parentchild_chunker"}
"""Tools that were called otherwise before: today's name by the old one."""


def kind_of(node: Node) -> str:
    """The `type` of a node; of a tool with its name, as `tool:general_chunker`."""
    if node.type != "tool":
        return node.type
    name = str(node.data.get("tool_name"))
    return f"tool:{_RENAMED.get(name, name)}"


def cases_of(branch: Node) -> list[Any]:
    """The cases of an if-else; one from before there were several has the conditions of its case `true` itself."""
    if "cases" not in branch.data and "conditions" in branch.data:
        return [{**branch.data, "case_id": "true"}]
    cases = branch.data.get("cases")
    return cases if isinstance(cases, list) else []


def loaded(kind: str) -> Run:
    """The function of a kind of node, imported when it is first used."""
    run: Run = import_module(f"knowledge.pipeline.nodes.{NODES[kind].module}").run
    return run


def outputs_of(node: Node) -> dict[str, str] | None:
    """The names and types of what a node puts out; None for a kind that is not known here."""
    if node.type == ENTRANCE:
        found = ENTRANCES.get(str(node.data.get("provider_type")))
        return dict(found) if found else None
    known = NODES.get(kind_of(node))
    if known is None:
        return None
    outputs = {**known.outputs, **_named_by_settings(node)}
    if node.data.get("error_strategy") in ("default-value", "fail-branch"):
        outputs |= {"error_message": "string", "error_type": "string"}
    return outputs


def _named_by_settings(node: Node) -> dict[str, str]:
    if node.type == "parameter-extractor":
        return dict.fromkeys(_names(node.data.get("parameters"), "name"), "any")
    if node.type != "variable-aggregator":
        return {}
    advanced = node.data.get("advanced_settings")
    if isinstance(advanced, Mapping) and advanced.get("group_enabled"):
        return dict.fromkeys(_names(advanced.get("groups"), "group_name"), "object")
    return {"output": str(node.data.get("output_type") or "any")}


def _names(records: Any, key: str) -> list[str]:
    found = records if isinstance(records, list) else []
    return [str(record[key]) for record in found if isinstance(record, Mapping) and key in record]
