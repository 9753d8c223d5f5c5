"""Chooses what of a page is read: its main content, without what frames it by name or is mostly links."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from extractors.html.boilerplate import is_boilerplate
from extractors.html.element import BLOCKS, HEADINGS, Element
from extractors.html.place import SHORTEST_TEXT, place_of_content
from extractors.html.table import is_layout

_MOST_LINKED: Final = 0.5
"""Share of its text from which a block in links is a list of ways elsewhere."""
_MOST_LINKED_DATA: Final = 0.8
"""The same for a table of data, whose names lead to more about them."""
_LISTS: Final = frozenset(("ul", "ol", "dl", "menu", "dir"))
_MOST_OF_PAGE: Final = 0.5
_LEAST_CONTENT: Final = 250
"""Characters from which a part of a page is taken for its content, as in trafilatura …"""
_LEAST_SHARE: Final = 0.1
"""… unless it is less than this share of what the page says outside of links."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What of a page is read: `parts` in reading order, without the elements in them that were `dropped`."""

    parts: tuple[Element, ...]
    dropped: Collection[Element] = frozenset()


def whole_page(body: Element) -> Content:
    """Everything visible."""
    return Content(parts=(body,))


def main_content(body: Element) -> Content:
    """The content without its frame.

    Where that leaves little it is the next of: what the page marks as its content, the page without what is named as
    frame, the whole page.
    """
    framing = _framing(body)
    place = place_of_content(body, framing)
    dropped = framing | place.beside
    candidates = (
        (place.root, dropped | _link_lists(place.root, dropped)),
        (place.marked, framing),
        (body, framing | _link_lists(body, framing)),
    )
    unlinked = body.characters - body.linked
    for root, left_out in candidates:
        kept = _kept_characters(root, left_out)
        is_marked = root is not body and root is place.marked
        if _is_enough(kept, unlinked) or (is_marked and kept >= SHORTEST_TEXT):
            left_out |= _lost_headings(root, left_out)
            parts = (*place.above, root) if root is place.root else (root,)
            return Content(parts=(*_title(body, parts, framing, left_out), *parts), dropped=left_out)
    return whole_page(body)


def _is_enough(kept: int, unlinked: int) -> bool:
    return kept >= _MOST_OF_PAGE * unlinked > 0 or kept >= max(_LEAST_CONTENT, _LEAST_SHARE * unlinked)


def _framing(body: Element) -> set[Element]:
    """The outermost elements that say they are no content, but for those that hold most of it."""
    around_title = _around_title(body)
    unlinked = body.characters - body.linked
    found = set()
    waiting = [(child, False) for child in body.elements()]
    while waiting:
        element, is_inside = waiting.pop()
        own = element.characters - element.linked
        is_alone = unlinked - own < 2 * _LEAST_CONTENT
        has_title = element in around_title
        is_most = own > _MOST_OF_PAGE * unlinked and (is_alone or has_title)
        if (
            not is_most
            and not (is_inside and has_title)
            and is_boilerplate(element, is_inside_main=is_inside)
        ):
            found.add(element)
        else:
            is_inside = is_inside or element.tag in ("main", "article")
            waiting.extend((child, is_inside) for child in element.elements())
    return found


def _around_title(body: Element) -> set[Element]:
    """The elements that hold the page's title or what it calls its main part."""
    order = [body]
    for element in order:
        order.extend(element.elements())
    found: set[Element] = set()
    for element in reversed(order):
        if element.tag in ("h1", "main") or not found.isdisjoint(element.elements()):
            found.add(element)
    return found


def _link_lists(root: Element, dropped: Collection[Element]) -> set[Element]:
    """Blocks whose text is mostly links. A linked heading is none; lists and tables stay or go as a whole."""
    found = set()
    waiting = list(root.elements())
    while waiting:
        element = waiting.pop()
        if element in dropped or element.tag in HEADINGS:
            continue
        is_data = element.tag == "table" and not is_layout(element)
        most = _MOST_LINKED_DATA if is_data else _MOST_LINKED
        if element.tag in BLOCKS and element.linked > most * element.characters:
            found.add(element)
        elif not is_data and element.tag not in _LISTS:
            waiting.extend(element.elements())
    return found


def _lost_headings(root: Element, dropped: Collection[Element]) -> set[Element]:
    """Headings of what was dropped: nothing else follows them up to the next heading that is not below them."""
    found = set()
    deeper, has_text, has_dropped = 0, False, False
    for node in reversed(_pieces(root, dropped)):
        if isinstance(node, str):
            has_text = has_text or not node.isspace()
        elif node in dropped:
            has_dropped = True
        elif node.tag == "img":
            has_text = True
        elif node.tag in HEADINGS:
            level = HEADINGS[node.tag]
            if has_dropped and not has_text and deeper <= level:
                found.add(node)
            else:
                deeper = level
            has_text = has_dropped = False
    return found


def _pieces(root: Element, dropped: Collection[Element]) -> list[Element | str]:
    """What is in an element in reading order; headings and what was dropped are not entered."""
    found: list[Element | str] = []
    waiting: list[Element | str] = [root]
    while waiting:
        node = waiting.pop()
        found.append(node)
        if isinstance(node, Element) and node not in dropped and node.tag not in HEADINGS:
            waiting.extend(reversed(node.children))
    return found


def _title(
    body: Element, parts: tuple[Element, ...], framing: Collection[Element], dropped: Collection[Element]
) -> tuple[Element, ...]:
    """The page's heading where the parts lack it: the last above them, or one of theirs that was dropped."""
    if any(element.tag == "h1" for part in parts for element in (part, *_kept(part, dropped))):
        return ()
    title: tuple[Element, ...] = ()
    for element in _kept(body, framing):
        if element is parts[-1] and title:
            break
        if element.tag == "h1" and element.characters:
            title = (element,)
    return title


def _kept(root: Element, dropped: Collection[Element]) -> Iterator[Element]:
    """Every element inside that is not dropped, in reading order."""
    waiting = list(reversed(root.elements()))
    while waiting:
        element = waiting.pop()
        if element not in dropped:
            yield element
            waiting.extend(reversed(element.elements()))


def _kept_characters(root: Element, dropped: Collection[Element]) -> int:
    kept = root.characters
    waiting = list(root.elements())
    while waiting:
        element = waiting.pop()
        if element in dropped:
            kept -= element.characters
        else:
            waiting.extend(element.elements())
    return kept
