"""Reads the simple part of YAML (---) and TOML (+++) front matter: names with texts, numbers and lists."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from knowledge.types import Value

_FENCES: Final = {"---": ("---", "..."), "+++": ("+++",)}
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
            return _parsed(lines[1:position], position + 1)
    return FrontMatter()


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
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return float(text) if _NUMBER.match(text) else text
