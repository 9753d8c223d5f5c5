"""Reads JSON: a block for each record, in lines of names and values, numbers as they are written."""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Final

from extractors.data.json_values import DECODER, joined, write_value
from extractors.encodings.decoding import decode
from extractors.writer import DocumentWriter
from knowledge.types import Document, Locator, ReadOptions

_WHITE_SPACE = re.compile(r"[ \t\n\r]*")
_DEEPEST: Final = 4
"""Objects inside of each other that are taken apart into blocks."""


@dataclass(frozen=True, slots=True)
class _Entry:
    path: str
    value: Any
    start: int
    end: int


_Entries = Generator[_Entry, None, int]
"""Gives the entries and returns where they end in the text."""


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """The records in their order. From where the text is no JSON it is kept as written, with a warning."""
    decoded = decode(data)
    text = decoded.text
    writer = DocumentWriter(name)
    for warning in decoded.warnings:
        writer.warn(warning)
    end, line = 0, 1
    try:
        for entry in _documents(text):
            line += text.count("\n", end, entry.start)
            write_value(writer, entry.path, entry.value, line)
            line += text.count("\n", entry.start, entry.end)
            end = entry.end
    except (json.JSONDecodeError, RecursionError) as error:
        writer.add("code", text[end:].lstrip(",]} \n\t"), locator=Locator(line=line))
        writer.warn(f"the rest of the JSON, from line {line}, was kept as it is written: {_reason(error)}")
    return writer.finish()


def _reason(error: json.JSONDecodeError | RecursionError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} on line {error.lineno}"
    return "it is nested too deep"


def _documents(text: str) -> _Entries:
    """The entries of one value, or of several one after the other."""
    position = _skip(text, 0)
    while position < len(text):
        position = _skip(text, (yield from _entries(text, position, "", _DEEPEST)))
    return position


def _entries(text: str, position: int, path: str, depth: int) -> _Entries:
    if text[position] == "[":
        return (yield from _elements(text, position, path))
    if text[position] == "{":
        return (yield from _members(text, position, path, depth))
    value, end = DECODER.raw_decode(text, position)
    yield _Entry(path, value, position, end)
    return end


def _elements(text: str, position: int, path: str) -> _Entries:
    """An entry for each object and array of an array, and one for values in a row."""
    plain: list[Any] = []
    first = position
    position = _skip(text, position + 1)
    while not text.startswith("]", position):
        is_record = text.startswith(("{", "["), position)
        value, end = DECODER.raw_decode(text, position)
        if is_record:
            if plain:
                yield _Entry(path, plain, first, position)
                plain = []
            yield _Entry(path, value, position, end)
        else:
            first = first if plain else position
            plain.append(value)
        position = _after_comma(text, end, "]")
    if plain:
        yield _Entry(path, plain, first, position)
    return position + 1


def _members(text: str, position: int, path: str, depth: int) -> _Entries:
    """An entry for each object and array of an object, and one for the plain members between them."""
    plain: list[tuple[str, Any]] = []
    first = position
    position = _skip(text, position + 1)
    while not text.startswith("}", position):
        start = position
        name, position = _name(text, position)
        if depth and _holds_records(text, position):
            if plain:
                yield _Entry(path, tuple(plain), first, start)
                plain = []
            end = yield from _entries(text, position, joined(path, name), depth - 1)
        else:
            value, end = DECODER.raw_decode(text, position)
            first = first if plain else start
            plain.append((name, value))
        position = _after_comma(text, end, "}")
    if plain:
        yield _Entry(path, tuple(plain), first, position)
    return position + 1


def _holds_records(text: str, position: int) -> bool:
    """Whether an object begins here, or an array of objects or arrays."""
    if text.startswith("[", position):
        position = _skip(text, position + 1)
        return text.startswith(("{", "["), position)
    return text.startswith("{", position)


def _name(text: str, position: int) -> tuple[str, int]:
    """The name of a member, and where its value begins."""
    if not text.startswith('"', position):
        raise json.JSONDecodeError("Expecting property name enclosed in double quotes", text, position)
    name, end = DECODER.raw_decode(text, position)
    end = _skip(text, end)
    if not text.startswith(":", end):
        raise json.JSONDecodeError("Expecting ':' delimiter", text, end)
    return name, _skip(text, end + 1)


def _after_comma(text: str, position: int, closing: str) -> int:
    """Where the next value begins, or the closing bracket."""
    position = _skip(text, position)
    if text.startswith(",", position):
        return _skip(text, position + 1)
    if not text.startswith(closing, position):
        raise json.JSONDecodeError("Expecting ',' delimiter", text, position)
    return position


def _skip(text: str, position: int) -> int:
    found = _WHITE_SPACE.match(text, position)
    return found.end() if found else position
