"""Files as Markdown: headings, lists and tables as our extractors write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from knowledge.pipeline.files import File, files_in, read_document
from knowledge.pipeline.nodes.parameters import Parameters
from knowledge.pipeline.tools import Tools
from knowledge.pipeline.variables import Values


def to_markdown(files: Sequence[File]) -> str:
    """The files one after the other, an empty line between them. Raises `ExtractionError`."""
    return "\n\n".join(read_document(file).text for file in files)


def run(data: Mapping[str, Any], values: Values, tools: Tools) -> dict[str, Any]:
    files = files_in(Parameters(data, values).value("files"), "the parameter files")
    return {"text": to_markdown(files), "files": [], "json": []}
