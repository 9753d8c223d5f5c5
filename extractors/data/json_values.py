"""Says JSON values in lines: each names the path to a value, as in `settings.theme: light`."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from extractors.writer import DocumentWriter
from knowledge.types import Locator

Members = tuple[tuple[str, Any], ...]
"""An object: its names and values in order, repeated names too."""

DECODER: Final = json.JSONDecoder(object_pairs_hook=tuple, parse_float=str, parse_int=str, parse_constant=str)
"""Objects become tuples of members, arrays lists, and numbers stay as they are written."""
_LONGEST_LISTED: Final = 80
"""A text in an array that still stands beside the others in one line."""
_LONGEST_PATH: Final = 120
"""In characters: a path stands before every value."""
_CONSTANTS: Final = {None: "null", True: "true", False: "false"}
_BLANK_LINES = re.compile(r"\n\s*\n")


def write_value(writer: DocumentWriter, path: str, value: Any, line: int) -> None:
    """Adds the lines of `value` as one block; texts of several paragraphs make several."""
    locator = Locator(line=line)
    text = "\n".join(lines(path, value))
    for part in _BLANK_LINES.split(text) if "\n\n" in text or "\n " in text else (text,):
        writer.add("paragraph", part, locator=locator)


def lines(path: str, value: Any) -> list[str]:
    said: list[str] = []
    _say(said, path, value)
    return said


def _say(said: list[str], path: str, value: Any) -> None:
    if type(value) is str:
        said.append(f"{path}: {value}" if path else value)
    elif type(value) is tuple:
        for name, below in value:
            _say(said, joined(path, name), below)
    elif type(value) is list:
        _say_array(said, path, value)
    else:
        _say(said, path, _CONSTANTS[value])


def _say_array(said: list[str], path: str, values: list[Any]) -> None:
    """Short values in one line; longer ones each in their own; objects and arrays with their number, from 0."""
    if all(map(_is_short, values)):
        if values:
            _say(
                said, path, ", ".join(value if type(value) is str else _CONSTANTS[value] for value in values)
            )
        return
    for position, value in enumerate(values):
        _say(said, f"{path}[{position}]" if type(value) in (list, tuple) else path, value)


def _is_short(value: Any) -> bool:
    if type(value) is str:
        return len(value) <= _LONGEST_LISTED and "\n" not in value
    return type(value) is not list and type(value) is not tuple


def joined(path: str, name: str) -> str:
    whole = f"{path}.{name}" if path else name
    return whole if len(whole) <= _LONGEST_PATH else f"…{whole[-_LONGEST_PATH:]}"
