"""Writes what a page says, block by block: from its tree, or faster from its markup when all of it is read."""

from __future__ import annotations

import html
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Final

from extractors.html.element import BLOCKS, HEADINGS, Element
from extractors.html.flow import Flow
from extractors.html.hidden import is_hidden
from extractors.html.inline import InlineText
from extractors.html.pictures import Pictures
from extractors.html.pieces import element_pieces, text_behind
from extractors.html.table import caption, is_layout, table_rows
from extractors.html.tree import built
from extractors.table import markdown_table
from extractors.writer import DocumentWriter

_INLINE: Final = frozenset(("a", "br", "img", "wbr", "q", "sup", "input"))
_ACTING: Final = _INLINE | BLOCKS
"""The other elements only hold text: most of a page's."""
_LISTS: Final = frozenset(("ul", "ol", "menu", "dir", "dl"))
_CODE: Final = frozenset(("pre", "listing"))
_PARAGRAPHS: Final = BLOCKS - HEADINGS.keys() - _LISTS - _CODE - {"table", "li", "dt", "dd", "blockquote"}
_ACTS: Final = {
    **{f"/{tag}": "leave" for tag in _ACTING},
    **dict.fromkeys(_ACTING, "enter"),
    **dict.fromkeys(_INLINE, "inline"),
    **{f"/{tag}": "inline end" for tag in _INLINE},
    **{f"/{tag}": "break" for tag in (*_PARAGRAPHS, "li", "dt", "dd")},
    **dict.fromkeys((*_PARAGRAPHS, *HEADINGS), "break"),
    **dict.fromkeys(("table", "pre", "listing", "math", "sup", "iframe"), "whole"),
}
"""Tag in the markup → whether it only ends the block before it, opens or closes an element that does more, or begins
one of which what is read depends on all that is in it."""
_NONE: Final[frozenset[Element]] = frozenset()


class _Acts(dict[str, str]):
    """What to do at each tag of a page; "" where it is the text behind it alone that counts."""

    def __missing__(self, tag: str) -> str:
        self[tag] = act = "hidden" if is_hidden(tag) else _ACTS.get(tag.partition(" ")[0], "")
        return act


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
            self._read(part)
        self._flow.flush()

    def read_pieces(self, markup: Sequence[str]) -> None:
        """Writes all of a page from its tags. Trees are built of tables, formulas and the like only."""
        collected = self._inline.pieces
        acts = _Acts()
        pieces = iter(markup)
        for piece in pieces:
            tag, _, text = piece.partition(">")
            act = acts[tag]
            if act == "break":
                if collected:
                    self._flow.flush()
            elif act == "inline":
                self._inline.enter(Element(tag.partition(" ")[0], tag))
            elif act == "inline end":
                self._inline.leave(tag[1:])
            elif act == "leave":
                self._leave(tag[1:])
            elif act == "enter":
                self._enter(Element(tag.partition(" ")[0], tag))
            elif act == "whole":
                whole = element_pieces(piece, pieces)
                self._read(built(whole))
                text = text_behind(whole)
            elif act == "hidden":
                text = text_behind(element_pieces(piece, pieces))
            if text and (collected or not text.isspace()):
                collected.append(html.unescape(text) if "&" in text else text)
        self._flow.flush()

    def _read(self, element: Element) -> None:
        _walk(element, self._dropped, self._inline, self._enter, self._leave)

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

    def _leave(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            self._flow.flush()
        elif tag in _INLINE:
            self._inline.leave(tag)
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

        def leave(tag: str) -> None:
            inline.pieces.append(" ") if tag in BLOCKS else inline.leave(tag)

        _walk(cell, self._dropped, inline, enter, leave)
        return inline.take_linked().replace("\n", " ")


def _walk(
    root: Element,
    dropped: Collection[Element],
    inline: InlineText,
    enter: Callable[[Element], bool],
    leave: Callable[[str], None],
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
                leave(child.tag)
        else:
            waiting.pop()
            if element.tag in _ACTING:
                leave(element.tag)


def _number(element: Element, name: str, default: int | None) -> int | None:
    value = element.get(name).strip()
    return int(value) if value.isdecimal() and len(value) < 10 else default
