"""The tables of a Markdown text as CSV files, as language models write them for the Q&A Processor."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Final

from chunkers.rows import Table, shown, tables
from knowledge.errors import InputError
from knowledge.pipeline.files import File, read_document
from knowledge.pipeline.nodes.parameters import Parameters
from knowledge.pipeline.tools import Tools
from knowledge.pipeline.variables import Values

_FENCE: Final = re.compile(r"^[ \t]*(?:```|~~~).*$", re.MULTILINE)
_NAME: Final = "table"


def tables_to_csv(md_text: str, *, name: str = _NAME) -> list[File]:
    """A UTF-8 file for each table, with its header as first row. Raises `InputError` where there is none.

    A table in a code block counts: that is how many models answer.
    """
    text = _FENCE.sub("", md_text)
    file = File.of_bytes("tables.md", text.encode(errors="replace"))
    document = read_document(file) if text.strip() else None
    found = tables(document.text, document.blocks) if document else []
    if document is None or not found:
        said = " ".join(md_text.split())[:80]
        raise InputError(f"no Markdown table in {said!r}; have the model answer with one, header row first")
    numbered = [name if number == 1 else f"{name}-{number}" for number in range(1, len(found) + 1)]
    return [
        File.of_bytes(f"{called}.csv", _csv(document.text, table).encode())
        for called, table in zip(numbered, found, strict=True)
    ]


def _csv(text: str, table: Table) -> str:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerows([shown(text, cell) for cell in row] for row in (table.header, *table.rows))
    return written.getvalue()


def run(data: Mapping[str, Any], values: Values, tools: Tools) -> dict[str, Any]:
    given = Parameters(data, values)
    name = PurePath(given.text("output_filename", _NAME)).stem
    return {"text": "", "files": tables_to_csv(given.text("md_text"), name=name), "json": []}
