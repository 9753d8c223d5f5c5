"""An element of a page, with what is visible in it and how much text and linked text that is."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Final

# fmt: off
BLOCKS: Final = frozenset((
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "dir",
    "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
    "header", "hgroup", "hr", "html", "iframe", "legend", "li", "listing", "main", "menu", "nav", "ol", "optgroup",
    "p", "pre", "search", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
))
VOID: Final = frozenset((
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input", "keygen", "link",
    "meta", "param", "source", "track", "wbr",
))
# fmt: on
HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}


class Element:
    """An element with its visible children; `characters` and `linked` count the text in it and in its links."""

    __slots__ = ("_elements", "characters", "children", "has_structure", "linked", "tag", "written")

    def __init__(self, tag: str, written: str = "") -> None:
        self.tag = tag
        self.children: list[Element | str] = []
        self.characters = 0
        self.linked = 0
        self.has_structure = False
        """Whether a table, a heading or code stands inside."""
        self._elements: tuple[Element, ...] | None = None
        self.written = written
        """The opening tag as serialized: the name, then ` name="value"` each, without quotes in the value."""

    def has(self, name: str) -> bool:
        """Whether an attribute is there, be it empty."""
        return f' {name}="' in self.written

    def get(self, name: str) -> str:
        """The value of an attribute; "" when it is not there."""
        mark = f' {name}="'
        start = self.written.find(mark)
        if start < 0:
            return ""
        start += len(mark)
        value = self.written[start : self.written.index('"', start)]
        return html.unescape(value) if "&" in value else value

    def elements(self) -> tuple[Element, ...]:
        """The children without the text between them; to be asked for when the tree is built."""
        if self._elements is None:
            self._elements = tuple([child for child in self.children if isinstance(child, Element)])
        return self._elements

    def nodes(self) -> Iterator[Element | str]:
        """Everything inside in reading order, elements before what they hold."""
        waiting = self.children[::-1]
        while waiting:
            node = waiting.pop()
            yield node
            if isinstance(node, Element):
                waiting.extend(reversed(node.children))

    def text(self) -> str:
        """All text inside, as it was written."""
        return "".join("\n" if not isinstance(node, str) else node for node in self.nodes() if _is_text(node))


def _is_text(node: Element | str) -> bool:
    return isinstance(node, str) or node.tag == "br"
