"""Counts Word's automatic numbers, so that "第三条" or "2.1" stands in the text as on the page."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final

from extractors.ooxml.list_numbers import in_format
from extractors.ooxml.package import WORD, Element, attribute, child, local

BULLET: Final = "-"
_VALUE: Final = f"{WORD}val"
_LONGEST_LABEL: Final = 60
_MOST_LEVELS: Final = 9
_PLACE = re.compile(r"%([1-9])")


@dataclass(frozen=True, slots=True)
class Level:
    format: str = "decimal"
    text: str = "%1."
    start: int = 1
    is_legal: bool = False
    """Whether the numbers of all levels are shown as decimals in this one."""
    restarts_below: int = 9
    """Starts again after an item of a level above this depth; 0 never does: 第十条 goes on in the next 章."""


@dataclass(slots=True)
class _Count:
    """Where a list stands: the last number of each level."""

    numbers: dict[int, int] = field(default_factory=dict)


class Numbering:
    """The lists of a document; `label` must be called for the paragraphs in reading order."""

    def __init__(self, root: Element | None) -> None:
        items = list(root) if root is not None else []
        self._lists = {attribute(item, "numId"): item for item in items if local(item) == "num"}
        self._abstract = {
            attribute(item, "abstractNumId"): item for item in items if local(item) == "abstractNum"
        }
        self._styled: dict[str, str | None] | None = None
        self._defined: dict[str | None, dict[int, Level]] = {}
        self._levels: dict[str, dict[int, Level]] = {}
        self._counts: dict[str, _Count] = {}
        self._shared: dict[str | None, _Count] = {}

    def label(self, list_id: str, depth: int) -> str:
        """What stands before the next item: "-", "2.1", "第三条" or "" when the list has no mark."""
        if list_id not in self._levels:
            if list_id not in self._lists:
                return BULLET
            self._read_list(list_id, self._lists[list_id])
        levels = self._levels[list_id]
        level = levels.get(depth, Level())
        if level.format == "none":
            return ""
        if level.format == "bullet":
            return BULLET
        numbers = self._advance(list_id, levels, depth)
        return _PLACE.sub(lambda found: self._shown(found, levels, numbers, level), level.text).strip()

    def _advance(self, list_id: str, levels: dict[int, Level], depth: int) -> dict[int, int]:
        numbers = self._counts[list_id].numbers
        for higher in range(depth):
            numbers.setdefault(higher, levels.get(higher, Level()).start)
        numbers[depth] = numbers.get(depth, levels.get(depth, Level()).start - 1) + 1
        for deeper in [other for other in numbers if other > depth]:
            if depth < levels.get(deeper, Level()).restarts_below:
                del numbers[deeper]
        return numbers

    def _shown(
        self, found: re.Match[str], levels: dict[int, Level], numbers: dict[int, int], own: Level
    ) -> str:
        depth = int(found.group(1)) - 1
        level = levels.get(depth, Level())
        return in_format(numbers.get(depth, level.start), "decimal" if own.is_legal else level.format)

    def _read_list(self, list_id: str, item: Element) -> None:
        """Lists of one abstract definition count on together unless one overrides its start."""
        base = value(child(item, "abstractNumId"))
        levels = dict(self._abstract_levels(base))
        restarts = False
        for override in item:
            if local(override) == "lvlOverride":
                depth = _number(attribute(override, "ilvl"))
                whole, start = child(override, "lvl"), value(child(override, "startOverride"))
                levels[depth] = _level(whole) if whole is not None else levels.get(depth, Level())
                if start is not None:
                    restarts = True
                    levels[depth] = replace(levels[depth], start=_number(start))
        self._levels[list_id] = levels
        self._counts[list_id] = _Count() if restarts else self._shared.setdefault(base, _Count())

    def _abstract_levels(self, abstract_id: str | None) -> dict[int, Level]:
        """The levels of a definition, or of the list style that it borrows from."""
        if abstract_id in self._defined:
            return self._defined[abstract_id]
        item = self._abstract.get(abstract_id)
        if style := value(child(item, "numStyleLink")):
            item = self._abstract.get(self._by_style().get(style))
        levels = [one for one in item if local(one) == "lvl"][:_MOST_LEVELS] if item is not None else []
        self._defined[abstract_id] = {_number(attribute(one, "ilvl")): _level(one) for one in levels}
        return self._defined[abstract_id]

    def _by_style(self) -> dict[str, str | None]:
        """Name of a list style → the definition that it stands for."""
        if self._styled is None:
            links = {value(child(item, "styleLink")): key for key, item in self._abstract.items()}
            self._styled = {style: key for style, key in links.items() if style}
        return self._styled


def value(element: Element | None) -> str | None:
    """The `val` attribute, where Word keeps most things."""
    return element.get(_VALUE) if element is not None else None


def _level(element: Element) -> Level:
    text = value(child(element, "lvlText"))
    return Level(
        value(child(element, "numFmt")) or "decimal",
        (text or "")[:_LONGEST_LABEL],
        _number(value(child(element, "start")), 0),
        child(element, "isLgl") is not None,
        _number(value(child(element, "lvlRestart")), 9),
    )


def _number(text: str | None, otherwise: int = 0) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 9 else otherwise
