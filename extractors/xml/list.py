"""Writes the lists of XML documents as Markdown lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from extractors.xml import names
from extractors.xml.text import collect, tidy
from extractors.xml.tree import is_element, name_of


def list_lines(element: Any, indent: str = "") -> Iterator[str]:
    """An item a line; the lists inside of it below it, two spaces further in."""
    is_ordered = name_of(element) in names.ORDERED or element.get("list-type") in ("order", "ordered")
    items = [child for child in element if is_element(child) and name_of(child) not in names.HEADINGS]
    for number, item in enumerate(items, start=1):
        inner: list[Any] = []
        text = _text_around(item, inner)
        if text:
            yield f"{indent}{_mark(item, number, is_ordered)}{text}"
        for below in inner:
            yield from list_lines(below, f"{indent}  ")


def _text_around(item: Any, lists: list[Any]) -> str:
    """The text of an item in one line; the lists in it are added to `lists`."""

    def is_list(child: Any) -> bool:
        if name_of(child) in names.LISTS:
            lists.append(child)
            return True
        return False

    pieces: list[str] = []
    collect(item, pieces, is_list)
    return " ".join(tidy("".join(pieces)).split("\n"))


def _mark(item: Any, number: int, is_ordered: bool) -> str:
    """Nothing where the item brings a mark of its own."""
    if any(name_of(child) == "label" for child in item):
        return ""
    return f"{number}. " if is_ordered else "- "
