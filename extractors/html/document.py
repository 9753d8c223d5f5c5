"""Reads HTML: the main content of a page, in reading order, without scripts, styles and hidden parts."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from extractors.encodings.decoding import decode
from extractors.html.content import main_content, whole_page
from extractors.html.metadata import long_texts, metadata, structured_data
from extractors.html.pictures import Pictures
from extractors.html.reader import PageReader
from extractors.html.table import is_layout
from extractors.html.tree import Element, visible_tree
from extractors.writer import DocumentWriter
from knowledge.types import Document, ReadOptions

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w\-:.]+)""", re.IGNORECASE)
_DECLARED_WITHIN: Final = 4096
_XML_START: Final = "<?xml"
_EMPTY = re.compile(
    r"<(?!(?:area|br|col|hr|img|input|link|meta|source|wbr)\b)([A-Za-z][\w:.-]*)(\s[^<>]*)?/>"
)
"""In XHTML any element may be closed at once; to a parser of HTML it would be open, and swallow the page."""
_LEAST_TEXT: Final = 250
"""Characters. A page that shows fewer may say the rest in its structured data."""
_NO_PARTS: Final[Mapping[str, bytes]] = MappingProxyType({})


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """Main content with headings, lists, tables, code and formulas; with `options.whole_page` all that is visible."""
    writer = DocumentWriter(name)
    write_page(writer, page_text(writer, data), options, _NO_PARTS)
    return writer.finish()


def page_text(writer: DocumentWriter, data: bytes, charset: str | None = None) -> str:
    """The bytes of a page as text; `charset` is what a message's header says of them."""
    declared = _DECLARED.search(data[:_DECLARED_WITHIN])
    decoded = decode(data, charset or (declared.group(1).decode("ascii", "ignore") if declared else None))
    writer.warnings.extend(decoded.warnings)
    return decoded.text


def write_page(writer: DocumentWriter, text: str, options: ReadOptions, parts: Mapping[str, bytes]) -> bool:
    """Writes a page and what it says of itself; `parts` are the files that came with it, by address.

    Returns whether the page shows any text. Of one that shows none the title is written.
    """
    page = _parsed(text)
    data = structured_data(page)
    facts = metadata(page, data)
    writer.describe(facts)
    body = visible_tree(page)
    content = whole_page(body) if options.whole_page else main_content(body)
    pictures = Pictures(writer, parts, are_kept=options.images, base=str(facts["url"] or ""))
    PageReader(writer, pictures, content.dropped).read(content.parts)
    if body.characters - body.linked < _LEAST_TEXT:
        for said in long_texts(data):
            write_body(writer, page_body(said), options, parts)
    if not body.characters:
        writer.add("heading", str(writer.metadata.get("title", "")), level=1)
    return body.characters > 0


def page_body(text: str) -> Element:
    """All that a page shows."""
    return visible_tree(_parsed(text))


def write_body(
    writer: DocumentWriter, body: Element, options: ReadOptions, parts: Mapping[str, bytes]
) -> Collection[str]:
    """Writes all of `body`; returns the addresses of the `parts` that it shows."""
    pictures = Pictures(writer, parts, are_kept=options.images)
    PageReader(writer, pictures).read([body])
    return pictures.used


def has_data_table(body: Element) -> bool:
    """Whether a page shows a table that is there for its data, not for its looks."""
    elements = (node for node in body.nodes() if isinstance(node, Element))
    return any(element.tag == "table" and not is_layout(element) for element in elements)


def _parsed(text: str) -> LexborHTMLParser:
    from selectolax.lexbor import LexborHTMLParser

    if text[:_DECLARED_WITHIN].lstrip().startswith(_XML_START):
        text = _EMPTY.sub(r"<\1\2></\1>", text)
    return LexborHTMLParser(text)
