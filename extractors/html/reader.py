"""Walks the tree of a page and writes what it says, block by block."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final

from extractors.html.flow import Flow
from extractors.html.inline import InlineText
from extractors.html.pictures import Pictures
from extractors.html.table import caption, is_layout, table_rows
from extractors.html.tree import BLOCKS, HEADINGS, Element
from extractors.table import markdown_table
from extractors.writer import DocumentWriter

_INLINE: Final = frozenset(("a", "br", "img", "wbr", "q", "sup", "input"))
_ACTING: Final = _INLINE | BLOCKS
"""The other elements only hold text: most of a page's."""
_LISTS: Final = frozenset(("ul", "ol", "menu", "dir", "dl"))
_CODE: Final = frozenset(("pre", "listing"))
_PARAGRAPHS: Final = BLOCKS - HEADINGS.keys() - _LISTS - _CODE - {"table", "li", "dt", "dd", "blockquote"}
_NONE: Final[frozenset[Element]] = frozenset()


class PageReader:
    """Writes elements into a document. Keeps no recursion: hostile pages nest thousands deep."""

    def __init__(
        self, writer: DocumentWriter, pictures: Pictures, dropped: Collection[Element] = _NONE
    ) -> None:
        self._pictures = pictures
        self._dropped = dropped
        self._inline = InlineText(pictures)
        self._flow = Flow(writer, self._inline)

    def read(self, parts: Iterable[Element]) -> None:
        """Writes each part whole, without what was dropped."""
        for part in parts:
            _walk(part, self._dropped, self._inline, self._enter, self._leave)
        self._flow.flush()

    def _enter(self, element: Element) -> bool:
        """Begins an element; False when its children are not to be walked."""
        tag = element.tag
        if tag in _PARAGRAPHS or tag in HEADINGS:
            self._flow.flush()
        elif tag in _INLINE:
            self._inline.enter(element)
        elif tag in BLOCKS:
            return self._begin(element, tag)
        return True

    def _begin(self, element: Element, tag: str) -> bool:
        if tag == "table":
            self._flow.flush()
            return is_layout(element) or not self._table(element)
        if tag in _CODE:
            self._flow.block("code", element.text().strip("\n"))
            return False
        if tag in _LISTS:
            self._flow.open_list(_number(element, "start", 1) if tag == "ol" else None)
        elif tag == "li":
            self._flow.open_item(number=_number(element, "value", None))
        elif tag == "blockquote":
            self._flow.open_quote()
        else:
            self._flow.open_item("" if tag == "dt" else ": ")
        return True

    def _leave(self, element: Element) -> None:
        tag = element.tag
        if tag in _PARAGRAPHS:
            self._flow.flush()
        elif tag in _INLINE:
            self._inline.leave(element)
        elif tag in HEADINGS:
            self._flow.flush_heading(HEADINGS[tag])
        elif tag in _LISTS:
            self._flow.close_list()
        elif tag == "blockquote":
            self._flow.close_quote()
        elif tag in BLOCKS:
            self._flow.flush()

    def _table(self, table: Element) -> bool:
        rows = table_rows(table, self._dropped, self._cell)
        if not rows:
            return False
        if (title := caption(table)) is not None:
            self._flow.block("paragraph", self._cell(title))
        self._flow.block("table", markdown_table(rows))
        return True

    def _cell(self, cell: Element) -> str:
        """The text of a table cell on one line; blocks inside are kept apart."""
        inline = InlineText(self._pictures)

        def enter(element: Element) -> bool:
            inline.pieces.append(" ") if element.tag in BLOCKS else inline.enter(element)
            return True

        def leave(element: Element) -> None:
            inline.pieces.append(" ") if element.tag in BLOCKS else inline.leave(element)

        _walk(cell, self._dropped, inline, enter, leave)
        return inline.take_linked().replace("\n", " ")


def _walk(
    root: Element,
    dropped: Collection[Element],
    inline: InlineText,
    enter: Callable[[Element], bool],
    leave: Callable[[Element], None],
) -> None:
    """Adds text to `inline`, calls `enter` and, where that says to go in, `leave` for elements, in reading order."""
    if not enter(root):
        return
    add = inline.pieces.append
    waiting: list[tuple[Element, Iterator[Element | str]]] = [(root, iter(root.children))]
    while waiting:
        element, children = waiting[-1]
        for child in children:
            if isinstance(child, str):
                add(child)
                continue
            acts = child.tag in _ACTING
            if child in dropped or (acts and not enter(child)):
                continue
            inside = child.children
            only = inside[0] if len(inside) == 1 else None
            if isinstance(only, str):
                add(only)
            elif inside:
                waiting.append((child, iter(inside)))
                break
            if acts:
                leave(child)
        else:
            waiting.pop()
            if element.tag in _ACTING:
                leave(element)


def _number(element: Element, name: str, default: int | None) -> int | None:
    value = element.get(name).strip()
    return int(value) if value.isdecimal() and len(value) < 10 else default
