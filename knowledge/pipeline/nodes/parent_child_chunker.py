"""A text in parents with their children, by the parameters of Dify's Parent-child Chunker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import chunkers
from chunkers.delimiters import is_layout
from chunkers.dify import parent_child_structure
from knowledge.errors import InputError
from knowledge.pipeline.nodes.parameters import Parameters
from knowledge.pipeline.nodes.structures import PARENT_MODES
from knowledge.pipeline.tools import Tools
from knowledge.pipeline.variables import Values, delimiter
from knowledge.types import Document


def parent_child_chunks(
    input_text: str,
    *,
    parent_mode: str = "paragraph",
    separator: str = "\n\n",
    max_length: int = 1024,
    subchunk_separator: str = "\n",
    subchunk_max_length: int = 512,
    remove_extra_spaces: bool = False,
    remove_urls_emails: bool = False,
) -> dict[str, Any]:
    """`parent_mode` and `parent_child_chunks`; lengths in characters, parents do not overlap.

    `full_doc` is one parent, cut off after 10,000 characters. Both cleanings happen, in every mode. Raises
    `InputError`.
    """
    if parent_mode not in PARENT_MODES:
        raise InputError(f"parent_mode is {parent_mode!r}; allowed: paragraph, full_doc; choose one of these")
    cleaned = chunkers.clean(
        Document(text=input_text),
        remove_extra_spaces=remove_extra_spaces,
        remove_urls_emails=remove_urls_emails,
    ).document
    chunker = chunkers.ParentChild(
        parent=_cutter(separator, max_length),
        child=_cutter(subchunk_separator, subchunk_max_length),
        mode=PARENT_MODES[parent_mode],
    )
    return parent_child_structure(chunker.chunk(cleaned), PARENT_MODES[parent_mode])


def _cutter(separator: str, max_length: int) -> chunkers.General:
    return chunkers.General(
        max_length=max_length, overlap=0, delimiters=(separator,), merge=is_layout(separator)
    )


def run(data: Mapping[str, Any], values: Values, tools: Tools) -> dict[str, Any]:
    given = Parameters(data, values)
    return {
        "result": parent_child_chunks(
            given.text("input_text"),
            parent_mode=given.text("parent_mode", "paragraph"),
            separator=delimiter(given.text("separator", r"\n\n")),
            max_length=given.whole_number("max_length", 1024),
            subchunk_separator=delimiter(given.text("subchunk_separator", r"\n")),
            subchunk_max_length=given.whole_number("subchunk_max_length", 512),
            remove_extra_spaces=given.flag("remove_extra_spaces"),
            remove_urls_emails=given.flag("remove_urls_emails"),
        )
    }
