"""Limits what makes parsers work for ever: depth, tags that are never closed, attributes without end.

The work of an HTML parser grows with the square of the depth, so browsers stop at 512 levels. What is deeper loses
its tags here before it is parsed, never its text.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from typing import Final

from extractors.html.element import BLOCKS, VOID

DEEPEST: Final = 500
"""Levels of elements."""
_FEW_TAGS: Final = 4_000
"""Of a page with so few, even the deepest nesting costs a fraction of a second."""
_FEW_OPEN_TAGS: Final = 1_000
"""The same when few of them are closed, as formatting that is opened again in every block costs more."""
_FEW_CLOSED: Final = 0.25
"""Share of a page's tags that close others; usual is nearly half."""
_MOST_ATTRIBUTES: Final = 1_000
_LONG: Final = 20_000
"""Characters from which a tag may have more attributes than that."""
_MOST_FORMATTING: Final = 16
"""Elements that a parser opens again in every block until they are closed."""
_FORMATTING: Final = frozenset("b big code em font i nobr s small strike strong tt u".split())
_ITEMS_END_AT: Final = BLOCKS - {"address", "div", "p"}
_TABLE: Final = frozenset(("table",))
_SECTIONS: Final = frozenset(("thead", "tbody", "tfoot"))
_CELLS: Final = frozenset(("td", "th"))
_TERMS: Final = frozenset(("dt", "dd"))
_CLOSED_BY: Final = {
    "p": (frozenset(("p",)), frozenset(("table", "button", "object"))),
    "a": (frozenset(("a",)), BLOCKS),
    "li": (frozenset(("li",)), _ITEMS_END_AT),
    "table": (_TABLE, _CELLS | {"caption"}),
    "tr": (frozenset(("tr",)), _TABLE),
    **dict.fromkeys(_TERMS, (_TERMS, _ITEMS_END_AT)),
    **dict.fromkeys(_CELLS, (_CELLS, _TABLE)),
    **dict.fromkeys(_SECTIONS, (_SECTIONS, _TABLE)),
}
"""Element → which ones before it end when it begins, unless one of the second set stands between."""
_NOTHING: Final[tuple[frozenset[str], frozenset[str]]] = (frozenset(), frozenset())
_OPTIONS: Final = ("option", "optgroup")
"""Are never shown, and cost as much as nesting where they have no ends."""
_TAG = re.compile(
    r"<(?:!--.*?(?:-->|\Z)|(script|style|textarea|xmp|iframe|noembed|noframes)(?=[\s/>]).*?(?:</\1|\Z)"
    r"|(/?)([a-z][^\s/<>]*)[^<>]*>?)",
    re.IGNORECASE | re.DOTALL,
)
_LONG_TAG = re.compile(rf"<[a-zA-Z][^<>]{{{_LONG},}}")
_ATTRIBUTE = re.compile(r"""[^\s"'=]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"']+))?""")


def limited(source: str) -> tuple[str, int]:
    """`source` as a parser can take it, and how many tags were left out because they were too deep."""
    if any(source.find(">", start, start + _LONG) < 0 for start in range(0, len(source) - _LONG, _LONG)):
        source = _LONG_TAG.sub(_with_first_attributes, source)
    tags = source.count("<")
    is_suspect = tags > _FEW_TAGS or (tags > _FEW_OPEN_TAGS and source.count("</") < _FEW_CLOSED * tags)
    return flattened(source) if is_suspect else (source, 0)


def flattened(source: str) -> tuple[str, int]:
    """The same whatever the number of tags."""
    nesting = _Nesting()
    kept: list[str] = []
    end = 0
    for tag in _TAG.finditer(source):
        name = (tag.group(3) or "").lower()
        if name and name not in VOID and not (nesting.close(name) if tag.group(2) else nesting.open(name)):
            kept += source[end : tag.start()], "<p>" if name in BLOCKS else ""
            end = tag.end()
    if not kept:
        return source, 0
    return "".join([*kept, source[end:]]), nesting.too_deep


def _with_first_attributes(tag: re.Match[str]) -> str:
    name_and_attributes = islice(_ATTRIBUTE.finditer(tag.group()), 1 + _MOST_ATTRIBUTES)
    return tag.group()[: max(found.end() for found in name_and_attributes)]


class _Nesting:
    """The elements that are open, as far as it takes to know how deep they are."""

    def __init__(self) -> None:
        self.too_deep = 0
        self._open: list[str] = []
        self._counts: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()
        """Elements that were not opened and will be closed."""
        self._formatting: Counter[str] = Counter()

    def open(self, name: str) -> bool:
        """Begins an element; False when its tag is to be left out."""
        if name in _OPTIONS:
            return False
        self._close_down_to(self._closed_by(name))
        is_too_deep = len(self._open) >= DEEPEST
        self.too_deep += is_too_deep
        if is_too_deep or (name in _FORMATTING and self._formatting.total() >= _MOST_FORMATTING):
            self._left_out[name] += 1
            return False
        self._open.append(name)
        self._counts[name] += 1
        if name in _FORMATTING:
            self._formatting[name] += 1
        return True

    def close(self, name: str) -> bool:
        """Ends an element; False when the tag is to be left out."""
        if self._left_out[name]:
            self._left_out[name] -= 1
            return False
        if self._formatting[name]:
            self._formatting[name] -= 1
        if self._counts[name]:
            depth = len(self._open) - 1
            while self._open[depth] != name:
                depth -= 1
            self._close_down_to(depth)
            self._left_out.clear()
        return name not in _OPTIONS

    def _closed_by(self, name: str) -> int:
        """The depth from which on elements end when `name` begins."""
        closed, keeping = _CLOSED_BY.get(name, _NOTHING)
        if any(self._counts[other] for other in closed):
            for depth in range(len(self._open) - 1, -1, -1):
                if self._open[depth] in closed:
                    return depth
                if self._open[depth] in keeping:
                    break
        return len(self._open)

    def _close_down_to(self, depth: int) -> None:
        for name in self._open[depth:]:
            self._counts[name] -= 1
        del self._open[depth:]
