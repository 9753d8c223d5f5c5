"""What Word's paragraph styles mean: which are headings, of which level, and which number their paragraphs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from extractors.docx.numbering import value
from extractors.ooxml.package import NAMES, WORD, Element, attribute, child, local
from knowledge.types import BlockKind

_HEADING_NAME = re.compile(
    r"\s*(?:heading|标题|標題|見出し|überschrift|titre|título|titolo|kop|rubrik|заголовок|제목)\s*([1-9])\s*\Z",
    re.IGNORECASE,
)
_TITLE_NAMES: Final = frozenset(("title", "标题", "標題", "文档标题", "titel", "表題"))
_CONTENTS_NAME = re.compile(r"(?:toc|目录|目錄|table of (?:figures|authorities))(?:\s*\d)?\Z")
_CODE_NAMES: Final = frozenset(
    (
        "source code",
        "code",
        "code block",
        "html preformatted",
        "preformatted text",
        "macro text",
        "代码",
        "程式碼",
    )
)
_TELLING: Final = tuple(WORD + name for name in ("pStyle", "numPr", "outlineLvl"))
_LONGEST_CHAIN: Final = 20


@dataclass(frozen=True, slots=True)
class Style:
    level: int | None = None
    """Of a heading, 1 the highest; None for body text."""
    list_id: str | None = None
    depth: int = 0
    joined: BlockKind | None = None
    """"code" or "list" where paragraphs that follow each other are lines of one block."""


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
        joined: BlockKind | None = None
        element = self._elements.get(style_id)
        while element is not None and seen < _LONGEST_CHAIN:
            properties = paragraph_properties(element)
            name = value(child(element, "name")) or ""
            joined = joined or _joined(name.strip().lower())
            if level is None:
                level = outline_level(properties) or _named_level(name)
            if list_id is None:
                list_id, depth = list_place(properties)
            element = self._elements.get(value(child(element, "basedOn")) or "\x00")
            seen += 1
        if seen == 0 and (found := _HEADING_NAME.match(style_id)):
            level = int(found.group(1))
        return Style(level or None, list_id, depth, joined)


def paragraph_properties(element: Element) -> dict[str, Element]:
    """What a paragraph or style says of style, level and list, by names."""
    properties = child(element, "pPr")
    if properties is None:
        return {}
    return {NAMES[item.tag]: item for item in properties.iterchildren(*_TELLING)}


def outline_level(properties: Mapping[str, Element]) -> int | None:
    """From 1; 0 for text that is body text on purpose; None when nothing is said."""
    text = value(properties.get("outlineLvl"))
    if text is None or not text.isdecimal():
        return None
    return int(text) + 1 if int(text) < 9 else 0


def list_place(properties: Mapping[str, Element]) -> tuple[str | None, int]:
    """(list id, depth) of a paragraph or style; the id is None when it says nothing, "0" when in no list."""
    place = properties.get("numPr")
    if place is None:
        return None, 0
    depth = value(child(place, "ilvl")) or "0"
    return value(child(place, "numId")), int(depth) if depth.isdecimal() else 0


def _joined(name: str) -> BlockKind | None:
    if name in _CODE_NAMES:
        return "code"
    return "list" if _CONTENTS_NAME.match(name) else None


def _named_level(name: str) -> int | None:
    found = _HEADING_NAME.match(name)
    if found:
        return int(found.group(1))
    return 1 if name.strip().lower() in _TITLE_NAMES else None
