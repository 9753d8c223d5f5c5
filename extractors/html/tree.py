"""The visible part of a page as a light tree, built from its markup."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Final

from extractors.html.element import BLOCKS, VOID, Element
from extractors.html.hidden import is_hidden
from extractors.html.markup import body_markup, formula, parsed
from extractors.html.nesting import limited
from extractors.html.pieces import element_pieces, pieces_of, text_behind

_BETWEEN: Final = frozenset(("dl", "ol", "table", "tbody", "tfoot", "thead", "tr", "ul"))
"""Hold elements only: white space in them is that of the source."""
_STRUCTURES: Final = frozenset(("table", "h1", "h2", "h3", "pre"))
_TEX: Final = frozenset(("application/x-tex", "application/x-latex", "tex", "latex"))
_ADDRESSES: Final = ("http://", "https://", "www.")
_DEEPEST_FRAME: Final = 3


def page_tree(text: str, frames: int = _DEEPEST_FRAME) -> Element:
    """The body of a page; pages written in attributes of it are entered so many deep."""
    source, _ = limited(text)
    return visible_tree(body_markup(parsed(source), source), frames)


def visible_tree(markup: str, frames: int = _DEEPEST_FRAME) -> Element:
    """The same from the markup of the body."""
    pieces = pieces_of(markup)
    tree = built(pieces, frames)
    # A page that hides everything waits for a script to show it.
    return tree if tree.characters else built(pieces, frames, shows_hidden=True)


def built(pieces: Iterable[str], frames: int = _DEEPEST_FRAME, *, shows_hidden: bool = False) -> Element:
    """The first element of `pieces`."""
    current = root = Element("\n")
    children = root.children
    around: list[Element] = []
    others = iter(pieces)
    for piece in others:
        tag, _, text = piece.partition(">")
        if tag.startswith("/"):
            if tag[1:] == current.tag:
                parent = around.pop()
                _close(current, parent)
                current = parent
                children = current.children
        elif not shows_hidden and is_hidden(tag):
            text = text_behind(element_pieces(piece, others))
        else:
            name = tag.partition(" ")[0]
            element = Element(name, tag)
            children.append(element)
            if name not in VOID:
                around.append(current)
                current = element
                children = element.children
                if name == "iframe":
                    _enter_frame(element, frames)
        if not text:
            continue
        if not text.isspace():
            current.characters += len(text.strip())
            children.append(html.unescape(text) if "&" in text else text)
        elif not _is_between_blocks(current):
            children.append(text)
    return next((child for child in root.children if isinstance(child, Element)), root)


def _is_between_blocks(element: Element) -> bool:
    """Whether white space that follows in an element is that of the source."""
    if element.tag in _BETWEEN:
        return True
    last = element.children[-1] if element.children else None
    return isinstance(last, Element) and last.tag in BLOCKS


def _close(element: Element, parent: Element) -> None:
    """What is in an element counts for its parent."""
    tag = element.tag
    if tag == "math":
        element.children = [_tex(element)]
        element.characters = len(element.text())
    elif tag == "a" and element.characters and _leads_away(element):
        element.linked = element.characters
    parent.characters += element.characters
    parent.linked += element.linked
    if element.has_structure or tag in _STRUCTURES:
        parent.has_structure = True


def _leads_away(link: Element) -> bool:
    """Links in the page and those that show their address are references, no ways through a site."""
    address = link.get("href")
    first = next((child for child in link.children if isinstance(child, str)), "")
    return bool(address) and address[0] != "#" and not first.lstrip().startswith(_ADDRESSES)


def _enter_frame(element: Element, frames: int) -> None:
    """A page inside the page, written in an attribute."""
    if frames and element.has("srcdoc"):
        inside = page_tree(element.get("srcdoc"), frames - 1)
        inside.tag = "div"
        element.children.append(inside)
        element.characters, element.linked = inside.characters, inside.linked
        element.has_structure = inside.has_structure


def _tex(math: Element) -> str:
    """A formula as TeX where the page has it, else its symbols."""
    elements = [node for node in math.nodes() if isinstance(node, Element)]
    notes = (node for node in elements if node.tag == "annotation" and node.get("encoding").lower() in _TEX)
    tex = next((note.text() for note in notes), math.get("alttext"))
    if tex:
        return formula(tex, is_display=math.get("display") == "block")
    symbols = (node.text().strip() for node in elements if node.tag in ("mi", "mn", "mo", "mtext", "ms"))
    return " ".join(symbols) or math.text()
