"""The question-answer pairs of a table, by the parameters of Dify's Q&A Processor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import chunkers
from chunkers.dify import qa_structure
from chunkers.qa_tables import Column
from chunkers.rows import shown
from knowledge.errors import EmptyDocument
from knowledge.pipeline.files import File, files_in, read_document
from knowledge.pipeline.nodes.parameters import Parameters
from knowledge.pipeline.tools import Tools
from knowledge.pipeline.variables import Values


def qa_chunks(file: File, *, question_column: Column = 0, answer_column: Column = 1) -> dict[str, Any]:
    """`qa_chunks`, a pair for each row that has both; columns are numbers from 0, or texts of the header.

    Any file with a table will do, CSV or spreadsheet. Raises `InputError` for columns that are not there,
    `EmptyDocument` where there are no pairs, and `ExtractionError`.
    """
    document = read_document(file)
    chunker = chunkers.QA(question=(question_column,), answer=answer_column)
    pairs, warnings = chunker.chunk_with_warnings(document)
    if not pairs:
        raise EmptyDocument(f"{file.name}: {warnings[-1]}")
    return qa_structure(
        [replace(pair, content=shown(document.text, (pair.start, pair.end))) for pair in pairs]
    )


def _column(value: Any, default: int) -> Column:
    """A number may come as 1, 1.0 or "1"; every other text is a header's."""
    if value is None or value == "":
        return default
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else str(value)


def run(data: Mapping[str, Any], values: Values, tools: Tools) -> dict[str, Any]:
    given = Parameters(data, values)
    files = files_in(given.value("input_file"), "the parameter input_file")
    columns = {
        "question_column": _column(given.value("question_column"), 0),
        "answer_column": _column(given.value("answer_column"), 1),
    }
    found = [pair for file in files for pair in qa_chunks(file, **columns)["qa_chunks"]]
    return {"result": {"qa_chunks": found}}
