"""Reads lines of JSON (JSONL, NDJSON): a block for each record, with the number of its line."""

from __future__ import annotations

from extractors.data.json_values import DECODER, write_value
from extractors.encodings.decoding import decode
from extractors.writer import DocumentWriter
from knowledge.types import Document, Locator, ReadOptions


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """The records in lines of names and values. A line that is no JSON is kept as written, with a warning."""
    decoded = decode(data)
    writer = DocumentWriter(name)
    for warning in decoded.warnings:
        writer.warn(warning)
    damaged: list[int] = []
    for number, line in enumerate(decoded.text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = DECODER.decode(line)
        except (ValueError, RecursionError):
            damaged.append(number)
            writer.add("code", line, locator=Locator(line=number))
        else:
            write_value(writer, "", value, number)
    if damaged:
        writer.warn(
            f"{len(damaged)} lines are no JSON and were kept as written; the first is line {damaged[0]}"
        )
    return writer.finish()
