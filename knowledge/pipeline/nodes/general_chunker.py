"""A text in passages, by the parameters of Dify's General Chunker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import chunkers
from chunkers.delimiters import is_layout
from chunkers.dify import general_structure
from knowledge.pipeline.nodes.parameters import Parameters
from knowledge.pipeline.tools import Tools
from knowledge.pipeline.variables import Values, delimiter
from knowledge.types import Document


def general_chunks(
    text: str,
    *,
    delimiter: str = "\n\n",
    max_chunk_length: int = 1000,
    chunk_overlap_length: int = 100,
    replace_consecutive_spaces_newlines_tabs: bool = False,
    delete_all_urls_and_email_addresses: bool = False,
) -> list[str]:
    """The passages in order, none empty; lengths in characters. Both cleanings happen, unlike in Dify's plugin.

    Pieces between visible delimiters stand alone, between white space they are packed. Raises `InputError`.
    """
    cleaned = chunkers.clean(
        Document(text=text),
        remove_extra_spaces=replace_consecutive_spaces_newlines_tabs,
        remove_urls_emails=delete_all_urls_and_email_addresses,
    ).document
    chunker = chunkers.General(
        max_length=max_chunk_length,
        overlap=chunk_overlap_length,
        delimiters=(delimiter,),
        merge=is_layout(delimiter),
    )
    return general_structure(chunker.chunk(cleaned))


def run(data: Mapping[str, Any], values: Values, tools: Tools) -> dict[str, Any]:
    given = Parameters(data, values)
    longest = given.whole_number("max_chunk_length", 1000)
    return {
        "result": general_chunks(
            given.text("input_variable"),
            delimiter=delimiter(given.text("delimiter", r"\n\n")),
            max_chunk_length=longest,
            chunk_overlap_length=given.whole_number("chunk_overlap_length", longest // 10),
            replace_consecutive_spaces_newlines_tabs=given.flag("replace_consecutive_spaces_newlines_tabs"),
            delete_all_urls_and_email_addresses=given.flag("delete_all_urls_and_email_addresses"),
        )
    }
