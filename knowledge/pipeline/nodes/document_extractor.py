"""The text of a file, or of each file of a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, overload

from knowledge.pipeline.files import File, files_in, read_document
from knowledge.pipeline.tools import Tools
from knowledge.pipeline.variables import Values, shown


@overload
def extract_text(files: File) -> str: ...
@overload
def extract_text(files: Sequence[File]) -> list[str]: ...
def extract_text(files: File | Sequence[File]) -> str | list[str]:
    """The text of a file; a list of texts for a list. Raises `ExtractionError`."""
    if isinstance(files, File):
        return read_document(files).text
    return [read_document(file).text for file in files]


def run(data: Mapping[str, Any], values: Values, tools: Tools) -> dict[str, Any]:
    selector = data["variable_selector"]
    given = values.get(selector)
    files = files_in(given, shown(selector))
    return {"text": extract_text(files) if isinstance(given, list | tuple) else extract_text(files[0])}
