"""How a file enters a pipeline: by which of its data sources, and as which variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from knowledge.errors import InputError
from knowledge.pipeline.dsl import InputVariable, Node, Pipeline
from knowledge.pipeline.files import File, read_document
from knowledge.pipeline.forms import SHARED
from knowledge.pipeline.node_types import ENTRANCE

TEXT_PROVIDERS: Final = ("website_crawl", "online_document")
"""Those that put out a text; the others a file."""
_INSTEAD: Final = {
    "website_crawl": "links are not followed; give the URL of each page, or saved pages",
    "online_document": "the service is not asked; give documents that were exported from it",
    "online_drive": "the service is not asked; give files from it, or their folder",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """What a run begins with: an entrance, and what it puts out."""

    node: str
    outputs: Mapping[str, Any]


def form_of(pipeline: Pipeline) -> tuple[InputVariable, ...]:
    """The fields that are asked for: those that all entrances share, and those of each."""
    owners = {SHARED, *(node.id for node in pipeline.of_type(ENTRANCE))}
    return tuple(one for one in pipeline.inputs if one.belongs_to in owners)


def without_entrance(pipeline: Pipeline) -> dict[str, list[str]]:
    """The names of the other fields, by what they belong to: Dify keeps those of an entrance that was taken away."""
    asked, found = form_of(pipeline), dict[str, list[str]]()
    for one in pipeline.inputs:
        if one not in asked:
            found.setdefault(one.belongs_to, []).append(one.name)
    return found


def not_fetched(pipeline: Pipeline) -> list[str]:
    """What to give to the entrances whose sources are not read here, a line each."""
    found = [(node, _INSTEAD.get(str(node.data.get("provider_type")))) for node in pipeline.of_type(ENTRANCE)]
    return [f"entrance {node.label}: {told} with --entrance {node.id}" for node, told in found if told]


def entered(pipeline: Pipeline, file: File, entrance: str | None = None) -> Entered:
    """The file at the entrance of this id or title; else at the first that takes it. Raises `InputError`.

    Where all entrances are for pages and online documents, a file is taken for one.
    """
    node = named_entrance(pipeline, entrance) if entrance else _first(pipeline, file)
    outputs = _as_text(file) if _is_of_text(node) else {"file": file}
    return Entered(node=node.id, outputs={**outputs, "datasource_type": node.data.get("provider_type")})


def _as_text(file: File) -> dict[str, Any]:
    """What a web page or an online document is to a pipeline."""
    document = read_document(file)
    title = str(document.metadata.get("title") or file.name)
    description = str(document.metadata.get("description") or "")
    return {
        "content": document.text,
        "title": title,
        "description": description,
        "source_url": file.url,
        "page_id": file.url or file.name,
        "workspace_id": "",
        "type": "page",
    }


def named_entrance(pipeline: Pipeline, wanted: str) -> Node:
    """By id or title. Raises `InputError`."""
    for node in pipeline.of_type(ENTRANCE):
        if wanted in (node.id, node.title):
            return node
    raise InputError(f"the pipeline has no entrance {wanted!r}; it has: {_listed(pipeline)}")


def _first(pipeline: Pipeline, file: File) -> Node:
    nodes = pipeline.of_type(ENTRANCE)
    fitting = sorted((node for node in nodes if _takes(node, file)), key=_is_of_documents)
    if not fitting and all(map(_is_of_text, nodes)):
        fitting = list(nodes)
    if fitting:
        return fitting[0]
    raise InputError(
        f"no entrance of the pipeline takes {file.name!r}; it has: {_listed(pipeline)}; choose one with --entrance"
    )


def _takes(node: Node, file: File) -> bool:
    """Pages have an address; of files, an entrance may name the suffixes."""
    if _is_of_text(node):
        return bool(file.url)
    suffixes = [str(suffix).lower().lstrip(".") for suffix in node.data.get("fileExtensions") or ()]
    return not suffixes or file.extension.removeprefix(".") in suffixes


def _is_of_documents(node: Node) -> bool:
    """A page at a URL is one of a site rather than a document of Notion, where a pipeline takes both."""
    return node.data.get("provider_type") == "online_document"


def _is_of_text(node: Node) -> bool:
    return node.data.get("provider_type") in TEXT_PROVIDERS


def _listed(pipeline: Pipeline) -> str:
    return ", ".join(f"{node.label} for {_wanted(node)}" for node in pipeline.of_type(ENTRANCE)) or "none"


def _wanted(node: Node) -> str:
    return " ".join(map(str, node.data.get("fileExtensions") or ())) or str(node.data.get("provider_type"))
