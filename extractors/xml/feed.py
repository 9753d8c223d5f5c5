"""Reads news feeds (RSS 0.9 to 2.0, Atom): a section for each entry, with its text, date and address."""

from __future__ import annotations

from typing import Any, Final

from lxml import etree, html

from extractors.cleaning import fold
from extractors.writer import DocumentWriter
from extractors.xml.text import text_of
from extractors.xml.tree import is_element, name_of
from knowledge.types import Locator

_ROOTS: Final = frozenset(("rss", "rdf", "feed"))
_ENTRIES: Final = frozenset(("item", "entry"))
_TEXTS: Final = ("summary", "description", "encoded", "content")
_DETAILS: Final = ("author", "creator", "pubdate", "published", "updated", "date", "category", "link")
_PARAGRAPH_END: Final = "\u2029"
_BLOCK_ENDS: Final = ("p", "div", "li", "br", "h1", "h2", "h3", "h4", "tr", "blockquote", "pre")


def is_feed(root: Any) -> bool:
    return name_of(root) in _ROOTS and any(name_of(below) in _ENTRIES for below in root.iter())


def write_feed(writer: DocumentWriter, root: Any) -> None:
    channel = next((child for child in root if name_of(child) == "channel"), root)
    title = _first_text(channel, "title")
    writer.describe({"title": title})
    writer.add("heading", title, level=1, locator=Locator(line=channel.sourceline))
    for name in ("description", "subtitle"):
        writer.add("paragraph", _without_markup(_first_text(channel, name)))
    for entry in root.iter():
        if name_of(entry) in _ENTRIES:
            _write_entry(writer, entry)


def _write_entry(writer: DocumentWriter, entry: Any) -> None:
    locator = Locator(line=entry.sourceline)
    writer.add("heading", _without_markup(_first_text(entry, "title")), level=2, locator=locator)
    texts = [_without_markup(_first_text(entry, name)) for name in _TEXTS]
    for text in dict.fromkeys(filter(None, texts)):
        for paragraph in text.split("\n"):
            writer.add("paragraph", paragraph, locator=locator)
    details = [(name_of(child), _detail(child)) for child in entry if name_of(child) in _DETAILS]
    writer.add("paragraph", "\n".join(f"{name}: {text}" for name, text in details if text), locator=locator)


def _detail(element: Any) -> str:
    return text_of(element) or element.get("href") or element.get("term") or ""


def _first_text(element: Any, name: str) -> str:
    """The text of the first child of a name, markup in it as it is written."""
    found = next((child for child in element if is_element(child) and name_of(child) == name), None)
    return "" if found is None else "".join(found.itertext()) if len(found) == 0 else text_of(found)


def _without_markup(text: str) -> str:
    """The paragraphs of a text that may be HTML, one a line."""
    if "<" not in text and "&" not in text:
        return fold(text)
    try:
        fragment = html.fromstring(f"<div>{text}</div>")
    except (etree.ParserError, ValueError):
        return fold(text)
    for element in fragment.iter(*_BLOCK_ENDS):
        element.tail = _PARAGRAPH_END + (element.tail or "")
    return "\n".join(filter(None, map(fold, fragment.text_content().split(_PARAGRAPH_END))))
