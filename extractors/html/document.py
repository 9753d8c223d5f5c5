"""Reads HTML: the main content of a page, in reading order, without scripts, styles and hidden parts."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

from extractors.encodings.decoding import decode
from extractors.html.content import main_content, whole_page
from extractors.html.element import Element
from extractors.html.markup import body_markup, parsed
from extractors.html.metadata import long_texts, metadata, structured_data
from extractors.html.nesting import DEEPEST, limited
from extractors.html.pictures import Pictures
from extractors.html.pieces import pieces_of, shows_text, shows_unlinked
from extractors.html.reader import PageReader
from extractors.html.table import is_layout
from extractors.html.tree import page_tree, visible_tree
from extractors.writer import DocumentWriter
from knowledge.types import Document, ReadOptions

_DECLARATIONS: Final = tuple(
    re.compile(rb"""%b\s*=\s*["']?\s*([\w\-:.]+)""" % name) for name in (b"charset", b"encoding")
)
_DECLARED_WITHIN: Final = 4096
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
    decoded = decode(data, charset or _declared(data))
    writer.warnings.extend(decoded.warnings)
    return decoded.text


def _declared(data: bytes) -> str | None:
    """The encoding that a page says it is in."""
    head = data[:_DECLARED_WITHIN].lower()
    found = [match for pattern in _DECLARATIONS if (match := pattern.search(head))]
    return min(found, key=re.Match.start).group(1).decode("ascii") if found else None


def write_page(writer: DocumentWriter, text: str, options: ReadOptions, parts: Mapping[str, bytes]) -> bool:
    """Writes a page and what it says of itself; `parts` are the files that came with it, by address.

    Returns whether the page shows any text. Of one that shows none the title is written.
    """
    source, too_deep = limited(text)
    if too_deep:
        writer.warn(
            f"{too_deep} tags were left out, but not their text: they nest deeper than {DEEPEST} levels"
        )
    page = parsed(source)
    data = structured_data(page, source)
    facts = metadata(page, data)
    writer.describe(facts)
    said = long_texts(data)
    pictures = Pictures(writer, parts, are_kept=options.images, base=str(facts["url"] or ""))
    markup = body_markup(page, source)
    if options.whole_page:
        pieces = pieces_of(markup)
        if shows_text(pieces) and (not said or shows_unlinked(pieces, _LEAST_TEXT)):
            PageReader(writer, pictures).read_pieces(pieces)
            return True
    body = visible_tree(markup)
    content = whole_page(body) if options.whole_page else main_content(body)
    PageReader(writer, pictures, content.dropped).read(content.parts)
    if body.characters - body.linked < _LEAST_TEXT:
        for content_text in said:
            write_body(writer, page_body(content_text), options, parts)
    if not body.characters:
        writer.add("heading", str(writer.metadata.get("title", "")), level=1)
    return body.characters > 0


def page_body(text: str) -> Element:
    """All that a page shows."""
    return page_tree(text)


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
