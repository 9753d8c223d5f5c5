"""Pipelines in Dify's format, built for tests: nodes, edges, forms, and one pipeline with all that matters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

Content = dict[str, Any]


def node(node_id: str, kind: str, title: str = "", **data: Any) -> Content:
    """A node as Dify writes it, with its place on the canvas."""
    place = {"x": 30 * int(node_id) if node_id.isdigit() else 0, "y": 280.5}
    return {
        "data": {"selected": False, "title": title or f"{kind} {node_id}", "type": kind, **data},
        "height": 90,
        "id": node_id,
        "position": place,
        "positionAbsolute": dict(place),
        "selected": False,
        "sourcePosition": "right",
        "targetPosition": "left",
        "type": "custom",
        "width": 242,
    }


def note(node_id: str, text: str) -> Content:
    """Words on the canvas, which never run."""
    return {**node(node_id, "", text=text), "type": "custom-note"}


def edge(source: str, target: str, handle: str = "source") -> Content:
    return {
        "data": {"isInIteration": False, "isInLoop": False},
        "id": f"{source}-{handle}-{target}-target",
        "source": source,
        "sourceHandle": handle,
        "target": target,
        "targetHandle": "target",
        "type": "custom",
        "zIndex": 0,
    }


def entrance(node_id: str, *suffixes: str, provider: str = "local_file", title: str = "") -> Content:
    return node(
        node_id,
        "datasource",
        title,
        datasource_configurations={},
        datasource_parameters={},
        fileExtensions=list(suffixes),
        plugin_id="langgenius/file",
        provider_name="file",
        provider_type=provider,
    )


def tool(node_id: str, name: str, title: str = "", /, **parameters: Any) -> Content:
    """A parameter that is a list is a selector, a text a template, anything else a constant."""
    return node(
        node_id,
        "tool",
        title,
        provider_id=f"langgenius/{name}/{name}",
        provider_type="builtin",
        tool_name=name,
        tool_configurations={},
        tool_parameters={key: _parameter(value) for key, value in parameters.items()},
    )


def _parameter(value: Any) -> Content:
    kind = {list: "variable", str: "mixed"}.get(type(value), "constant")
    return {"type": kind, "value": value}


def by_suffix(node_id: str, selector: list[str], *suffixes: str, case: str = "tables") -> Content:
    """An if-else: files with these suffixes take the branch `case`, others `false`."""
    conditions = [
        {
            "comparison_operator": "is",
            "id": f"c{number}",
            "value": suffix,
            "varType": "file",
            "variable_selector": selector,
        }
        for number, suffix in enumerate(suffixes)
    ]
    return node(
        node_id,
        "if-else",
        cases=[{"case_id": case, "id": case, "logical_operator": "or", "conditions": conditions}],
    )


def aggregator(node_id: str, *selectors: list[str]) -> Content:
    return node(node_id, "variable-aggregator", output_type="string", variables=list(selectors))


def knowledge_index(
    node_id: str,
    selector: list[str],
    structure: str = "text_model",
    indexing: str = "economy",
    **retrieval: Any,
) -> Content:
    return node(
        node_id,
        "knowledge-index",
        chunk_structure=structure,
        embedding_model="text-embedding-3-large",
        embedding_model_provider="langgenius/openai/openai",
        index_chunk_variable_selector=selector,
        indexing_technique=indexing,
        retrieval_model={"top_k": 3, "score_threshold": 0.5, "score_threshold_enabled": False, **retrieval},
    )


def field(
    name: str, kind: str = "text-input", default: Any = None, *, owner: str = "shared", **more: Any
) -> Content:
    """A field of the form."""
    return {
        "belong_to_node_id": owner,
        "default_value": default,
        "label": name,
        "max_length": 256,
        "options": [],
        "required": False,
        "type": kind,
        "variable": name,
        **more,
    }


def pipeline(
    nodes: Iterable[Content],
    edges: Iterable[Content],
    fields: Iterable[Content] = (),
    *,
    name: str = "test pipeline",
) -> Content:
    return {
        "dependencies": [
            {
                "current_identifier": None,
                "type": "marketplace",
                "value": {"plugin_unique_identifier": "langgenius/parentchild_chunker:0.0.1@b1a28a"},
            }
        ],
        "kind": "rag_pipeline",
        "rag_pipeline": {
            "description": "for a test",
            "icon": "📙",
            "icon_background": "#FFF4ED",
            "icon_type": "emoji",
            "name": name,
        },
        "version": "0.1.0",
        "workflow": {
            "conversation_variables": [],
            "environment_variables": [],
            "features": {},
            "graph": {
                "edges": list(edges),
                "nodes": list(nodes),
                "viewport": {"x": 12.5, "y": 3, "zoom": 0.7},
            },
            "rag_pipeline_variables": list(fields),
        },
    }


def two_entrances() -> Content:
    """Files and web pages; files are read by one of two extractors, by their suffix; parents with children."""
    return pipeline(
        [
            entrance("1", "txt", "md", "csv", title="File"),
            by_suffix("2", ["1", "file", "extension"], "csv", "xlsx"),
            tool("3", "dify_extractor", "Tables", file=["1", "file"]),
            node("4", "document-extractor", "Texts", variable_selector=["1", "file"], is_array_file=False),
            aggregator("5", ["3", "text"], ["4", "text"], ["8", "content"]),
            tool(
                "6",
                "parentchild_chunker",
                "Parents",
                input_text="{{#5.output#}}",
                parent_mode="paragraph",
                separator="{{#rag.shared.delimiter#}}",
                max_length=["rag", "shared", "length"],
                subchunk_separator="\\n",
                subchunk_max_length=100,
            ),
            knowledge_index(
                "7",
                ["6", "result"],
                "hierarchical_model",
                "high_quality",
                search_method="hybrid_search",
                top_k=4,
            ),
            entrance("8", provider="website_crawl", title="Pages"),
            note("9", '{"root": {"children": []}}'),
        ],
        [
            edge("1", "2"),
            edge("2", "3", "tables"),
            edge("2", "4", "false"),
            edge("3", "5"),
            edge("4", "5"),
            edge("8", "5"),
            edge("5", "6"),
            edge("6", "7"),
        ],
        [
            field("delimiter", default="\\n\\n", required=True),
            field("length", "number", "200"),
            field("url", owner="8"),
        ],
        name="two entrances",
    )


def dsl(content: Content) -> str:
    """The YAML of a pipeline."""
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
