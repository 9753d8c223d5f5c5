"""What Word's paragraph styles mean: which are headings, of which level, and which number their paragraphs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from extractors.docx_numbering import value
from extractors.ooxml import Element, attribute, child, local

_HEADING_NAME = re.compile(
    r"\s*(?:heading|标题|標題|見出し|überschrift|titre|título|titolo|kop|rubrik|заголовок|제목)\s*([1-9])\s*\Z",
    re.IGNORECASE,
)
_TITLE_NAMES: Final = frozenset(("title", "标题", "標題", "文档标题", "titel", "表題"))
_LONGEST_CHAIN: Final = 20


@dataclass(frozen=True, slots=True)
class Style:
    level: int | None = None
    """Of a heading, 1 the highest; None for body text."""
    list_id: str | None = None
    depth: int = 0


_PLAIN: Final = Style()


class Styles:
    """Style id → meaning, bases followed."""

    def __init__(self, root: Element | None) -> None:
        self._elements: dict[str, Element] = {}
        self._known: dict[str, Style] = {}
        self._default = ""
        for item in root if root is not None else ():
            if local(item) == "style" and attribute(item, "type") in ("paragraph", None):
                self._elements[attribute(item, "styleId") or ""] = item
                if attribute(item, "default") in ("1", "true", "on"):
                    self._default = attribute(item, "styleId") or ""

    def get(self, style_id: str | None) -> Style:
        style_id = self._default if style_id is None else style_id
        known = self._known.get(style_id)
        if known is None:
            known = self._known[style_id] = self._resolve(style_id)
        return known

    def _resolve(self, style_id: str) -> Style:
        level: int | None = None
        list_id: str | None = None
        depth = 0
        seen = 0
        element = self._elements.get(style_id)
        while element is not None and seen < _LONGEST_CHAIN:
            properties = child(element, "pPr")
            if level is None:
                level = outline_level(properties) or _named_level(value(child(element, "name")) or "")
            if list_id is None:
                list_id, depth = list_place(properties)
            element = self._elements.get(value(child(element, "basedOn")) or "\x00")
            seen += 1
        if seen == 0 and (found := _HEADING_NAME.match(style_id)):
            level = int(found.group(1))
        return Style(level or None, list_id, depth)


def outline_level(properties: Element | None) -> int | None:
    """From 1; 0 for text that is body text on purpose; None when nothing is said."""
    text = value(child(properties, "outlineLvl"))
    if text is None or not text.isdecimal():
        return None
    return int(text) + 1 if int(text) < 9 else 0


def list_place(properties: Element | None) -> tuple[str | None, int]:
    """(list id, depth) of a paragraph or style; the id is None when it says nothing, "0" when in no list."""
    place = child(properties, "numPr")
    depth = value(child(place, "ilvl")) or "0"
    return value(child(place, "numId")), int(depth) if depth.isdecimal() else 0


def _named_level(name: str) -> int | None:
    found = _HEADING_NAME.match(name)
    if found:
        return int(found.group(1))
    return 1 if name.strip().lower() in _TITLE_NAMES else None
