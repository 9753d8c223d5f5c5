"""Reads the simple part of YAML (---) and TOML (+++) front matter: names with texts, numbers and lists."""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import dataclass, field
from typing import Final

from knowledge.types import Value

_TOML: Final = ("+++",)
_FENCES: Final = {"---": ("---", "..."), "+++": _TOML}
_COMMENT = re.compile(r"""^([^"'#].*?|"[^"]*"|'[^']*')\s+#.*$""")
_ENTRY = re.compile(r"([\w][\w .\-]*?)\s*[:=](?:\s+(.*)|\s*(.+))?$")
_ITEM = re.compile(r"\s*-\s+(.*)$")
_BLOCK_TEXT = re.compile(r"[|>][+-]?$")
_NUMBER = re.compile(r"-?\d+(\.\d+)?$")
_LIST_PIECE = re.compile(r"""\s*("[^"]*"|'[^']*'|[^,]+)\s*,?""")
_MOST_LINES: Final = 500
_LONGEST_LINE: Final = 10_000


@dataclass(frozen=True, slots=True)
class FrontMatter:
    metadata: dict[str, Value] = field(default_factory=dict)
    lines: int = 0
    """How many lines it takes, fences included; 0 when there is none."""
    unread: tuple[str, ...] = ()
    """Names whose values are nested too deep for this reader."""


def front_matter(lines: list[str]) -> FrontMatter:
    """What stands between the fences on top, if every line there can be front matter."""
    closing = _FENCES.get(lines[0].rstrip()) if lines else None
    if closing is None:
        return FrontMatter()
    for position, line in enumerate(lines[1:_MOST_LINES], start=1):
        if line.rstrip() in closing:
            parsed = _parsed_toml if closing == _TOML else _parsed
            return parsed(lines[1:position], position + 1)
    return FrontMatter()


def _parsed_toml(lines: list[str], taken: int) -> FrontMatter:
    """Tables stay unread, as deeper YAML does."""
    if any(len(line) > _LONGEST_LINE for line in lines):
        return FrontMatter()
    try:
        entries = tomllib.loads("\n".join(lines))
    except (ValueError, RecursionError):
        return FrontMatter()
    values = {name: _toml_value(value) for name, value in entries.items()}
    metadata = {name: value for name, value in values.items() if value is not None and value not in ("", ())}
    return FrontMatter(metadata, taken, tuple(name for name, value in values.items() if value is None))


def _toml_value(value: object) -> Value | None:
    if isinstance(value, list):
        items = [_toml_value(item) for item in value]
        return tuple(item for item in items if isinstance(item, str | float)) if None not in items else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(str(value))
    return value if isinstance(value, str) else None if isinstance(value, dict) else str(value)


def _parsed(lines: list[str], taken: int) -> FrontMatter:
    groups = _groups(lines)
    if groups is None:
        return FrontMatter()
    metadata: dict[str, Value] = {}
    unread: list[str] = []
    for name, first, rest in groups:
        value = _value(first, rest)
        if value is None:
            unread.append(name)
        elif value not in ("", ()):
            metadata[name] = value
    return FrontMatter(metadata, taken, tuple(unread))


def _groups(lines: list[str]) -> list[tuple[str, str, list[str]]] | None:
    """(name, text behind it, deeper lines) per entry; None when this is no front matter."""
    groups: list[tuple[str, str, list[str]]] = []
    for line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if len(line) > _LONGEST_LINE:
            return None
        entry = None if line[0].isspace() or line.startswith("- ") else _ENTRY.match(line)
        if entry:
            groups.append((entry.group(1), (entry.group(2) or entry.group(3) or "").strip(), []))
        elif groups and (line[0].isspace() or line.startswith("- ")):
            groups[-1][2].append(line)
        else:
            return None
    return groups


def _value(first: str, rest: list[str]) -> Value | None:
    if not rest:
        return _list(first) if first.startswith("[") and first.endswith("]") else _scalar(first)
    if _BLOCK_TEXT.match(first):
        return " ".join(line.strip() for line in rest)
    items = [_ITEM.match(line) for line in rest]
    if not first and all(items):
        return tuple(_scalar(item.group(1)) for item in items if item)
    if first and not any(items):
        return _scalar(" ".join([first, *(line.strip() for line in rest)]))
    return None


def _list(text: str) -> Value:
    pieces = (found.group(1) for found in _LIST_PIECE.finditer(text[1:-1]))
    return tuple(value for value in map(_scalar, pieces) if value != "")


def _scalar(text: str) -> str | float:
    text = _COMMENT.sub(r"\1", text.strip())
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return _number(text) if _NUMBER.match(text) else text


def _number(text: str) -> str | float:
    """The number that a text writes; one beyond what a float holds stays a text."""
    number = float(text)
    return number if math.isfinite(number) else text
