"""What nodes hand to each other: values found by selectors, and put into templates.

A selector is a list: the node's id, one of its outputs, and names within that (`["1752", "file", "extension"]`).
One of a single name, or of none, says nothing: no selector stands for all that a node, or a whole run, has put out.
`rag` holds what a person gave, `["rag", "shared", name]` for all entrances or `["rag", entrance, name]` for one;
`sys` holds what the run knows of itself. In templates a selector is written `{{#1752.file.extension#}}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Final

from knowledge.errors import MissingVariable
from knowledge.pipeline.files import File

Selector = Sequence[str]

_MISSING: Final = object()
_FEWEST_NAMES: Final = 2
_REFERENCE: Final = re.compile(r"\{\{#([\w-]+(?:\.[\w-]+)+)#\}\}")
_REPEATED_ESCAPE: Final = re.compile(r"\\{2,}(?=[ntr])")


@dataclass(frozen=True, slots=True)
class Values:
    """What is known at some point of a run: outputs by node id, besides `rag` and `sys`. It never changes."""

    scopes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def get(self, selector: Selector) -> Any:
        """The value of a selector; None where an optional input was left empty. Raises `MissingVariable`."""
        found = self._found(selector)
        if found is _MISSING:
            raise MissingVariable(f"{shown(selector)} has no value here; {self._known(selector)}")
        return found

    def has(self, selector: Selector) -> bool:
        """Whether `get` would give a value, even None. An aggregator takes the first that has."""
        return self._found(selector) is not _MISSING

    def render(self, template: str) -> str:
        """`template` with every `{{#node.field#}}` replaced by its value as text. Raises `MissingVariable`."""
        return _REFERENCE.sub(lambda found: as_text(self.get(found[1].split("."))), template)

    def with_outputs(self, node_id: str, outputs: Mapping[str, Any]) -> Values:
        """These values and the outputs of one more node."""
        return Values({**self.scopes, node_id: outputs})

    def _found(self, selector: Selector) -> Any:
        if len(selector) < _FEWEST_NAMES:
            return _MISSING
        found: Any = self.scopes
        for name in selector:
            found = _inside(found, name)
            if found is _MISSING:
                break
        return found

    def _known(self, selector: Selector) -> str:
        if len(selector) < _FEWEST_NAMES:
            return "choose a node and its variable"
        scope = self.scopes.get(selector[0])
        if scope is None:
            return f"{selector[0]!r} has not run"
        return f"{selector[0]} has: {', '.join(scope) or 'nothing'}"


def _inside(value: Any, name: str) -> Any:
    """The entry of a mapping, or what a record shows of itself: a public field or property."""
    if not isinstance(name, str):
        return _MISSING
    if isinstance(value, Mapping):
        return value.get(name, _MISSING)
    if is_dataclass(value) and not name.startswith("_") and name not in _hidden(value):
        found = getattr(value, name, _MISSING)
        return _MISSING if callable(found) else found
    return _MISSING


def _hidden(record: Any) -> set[str]:
    """The fields that `plain` leaves out too."""
    return {one.name for one in fields(record) if not one.repr}


def references(template: str) -> Iterator[tuple[str, ...]]:
    """The selectors in a template, in order."""
    return (tuple(found[1].split(".")) for found in _REFERENCE.finditer(template))


def shown(selector: Selector) -> str:
    """A selector as a person reads it."""
    return ".".join(map(str, selector)) or "an empty selector"


def as_text(value: Any) -> str:
    """A value within a text: nothing for None, the name of a file, JSON for lists, objects and truth values."""
    if isinstance(value, str):
        return value
    if isinstance(value, File):
        return value.name
    return "" if value is None else json.dumps(plain(value), ensure_ascii=False)


def plain(value: Any) -> Any:
    """A value as JSON has it: records as objects of what they show of themselves, bytes by their number."""
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value) if one.repr}
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def delimiter(written: str) -> str:
    r"""A delimiter of a pipeline as the chunkers take it, which decode `\n` themselves, once.

    A pipeline holds the two characters `\n` for a line break, and four or more, `\\n`, after it was exported and
    imported by a Dify that escapes them each time; both mean the same.
    """
    return _REPEATED_ESCAPE.sub(r"\\", written)
