"""What Dify's extractor plugin and its like put out: a file's text, its parts with their places, and its pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from knowledge.pipeline.files import File, files_in, images_of, read_document
from knowledge.pipeline.nodes.parameters import Parameters
from knowledge.pipeline.tools import Tools
from knowledge.pipeline.variables import Values
from knowledge.types import Block, Document


def extract_parts(file: File) -> dict[str, Any]:
    """`text`, `documents` (a page, slide or sheet each: `page_content` and `metadata`) and `images`, which are files.

    Raises `ExtractionError`, where Dify's plugin says so in a message and goes on without a text.
    """
    document = read_document(file)
    return {
        "text": document.text,
        "documents": list(_parts(document, file.name)),
        "images": images_of(document),
    }


def _parts(document: Document, name: str) -> Iterator[dict[str, Any]]:
    """The text between the first and the last block of each place; without places the whole."""
    for place, group in groupby(document.blocks, _place):
        blocks = list(group)
        start = blocks[0].start if place else 0
        end = blocks[-1].end if place else len(document.text)
        yield {"page_content": document.text[start:end], "metadata": {"source": name, **dict(place)}}
        if not place:
            return
    if not document.blocks:
        yield {"page_content": document.text, "metadata": {"source": name}}


def _place(block: Block) -> tuple[tuple[str, Any], ...]:
    where = block.locator
    named = (("page", where.page), ("slide", where.slide), ("sheet", where.sheet))
    return tuple((name, value) for name, value in named if value is not None)


def run(data: Mapping[str, Any], values: Values, tools: Tools) -> dict[str, Any]:
    parameters = Parameters(data, values)
    files = files_in(parameters.value("file") or parameters.value("files"), "the parameter file")
    found = [extract_parts(file) for file in files]
    return {
        "text": "\n\n".join(part["text"] for part in found),
        "documents": [entry for part in found for entry in part["documents"]],
        "images": [image for part in found for image in part["images"]],
        "files": [image for part in found for image in part["images"]],
        "json": [],
    }
