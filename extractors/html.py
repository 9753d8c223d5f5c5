"""Reads HTML: what a visitor sees, in reading order, without scripts, styles and hidden parts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from extractors.decoding import decode
from extractors.html_flow import Flow
from extractors.html_table import caption, table_rows
from extractors.table import markdown_table
from extractors.writer import DocumentWriter
from knowledge.types import Document, ReadOptions, Value

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w\-:.]+)""", re.IGNORECASE)
_DECLARED_WITHIN: Final = 4096
_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
# fmt: off
_NEVER_SHOWN: Final = frozenset((
    "script", "style", "template", "noscript", "iframe", "object", "embed", "applet", "canvas", "svg",
    "audio", "video", "map", "head", "title", "meta", "link", "select", "textarea", "datalist", "input", "rp",
    "rt", "annotation", "annotation-xml", "frameset", "dialog",
))
_BLOCKS: Final = frozenset((
    "address", "article", "aside", "blockquote", "body", "center", "details", "dd", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "html", "legend", "li", "main",
    "menu", "nav", "ol", "p", "section", "summary", "table", "caption", "tbody", "thead", "tfoot", "tr", "td",
    "th", "ul", "dir", "hr", "option", "optgroup",
))
# fmt: on
_AROUND_CONTENT: Final = frozenset(("header", "footer"))
_AROUND_ROLES: Final = frozenset(("banner", "contentinfo", "search"))
_HIDING_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_MAIN: Final = "main, [role=main], article"
_MOST_MAIN: Final = 200
_LEAST_MAIN_SHARE: Final = 0.2
"""A <main> or <article> with less of the page's text than this is a teaser, not the content."""


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """Visible text with headings, lists, tables and code; page frames go when main content is marked."""
    from selectolax.lexbor import LexborHTMLParser

    declared = _DECLARED.search(data[:_DECLARED_WITHIN])
    decoded = decode(data, declared.group(1).decode("ascii", "ignore") if declared else None)
    writer = DocumentWriter(name)
    writer.warnings.extend(decoded.warnings)
    tree = LexborHTMLParser(decoded.text)
    writer.describe(_metadata(tree))
    if tree.body is not None:
        _Reader(writer, _main_nodes(tree)).read(tree.body)
    return writer.finish()


def _metadata(tree: LexborHTMLParser) -> dict[str, Value | None]:
    title = tree.css_first("title")
    found: dict[str, Value | None] = {"title": title.text() if title else None}
    root = tree.root
    found["language"] = root.attributes.get("lang") if root is not None else None
    for meta in tree.css("meta[name]"):
        key = (meta.attributes.get("name") or "").strip().lower()
        if key in ("author", "description", "keywords"):
            found.setdefault(key, meta.attributes.get("content"))
    return found


def _main_nodes(tree: LexborHTMLParser) -> frozenset[int]:
    """The elements that hold the page's content; empty when the page does not say."""
    nodes = tree.css(_MAIN)[:_MOST_MAIN]
    whole = tree.body.text() if nodes and tree.body is not None else ""
    share = sum(len(node.text()) for node in nodes)
    return frozenset(node.mem_id for node in nodes) if share > _LEAST_MAIN_SHARE * len(whole) else frozenset()


class _Reader:
    """Walks the tree without recursion: hostile pages nest thousands deep."""

    def __init__(self, writer: DocumentWriter, main: frozenset[int]) -> None:
        self._flow = Flow(writer)
        self._main = main
        self._inside_main = 0
        self._inside_article = 0

    def read(self, body: LexborNode) -> None:
        stack: list[tuple[LexborNode, bool]] = [(body, False)]
        while stack:
            node, is_end = stack.pop()
            if is_end:
                self._leave(node)
            elif node.is_text_node:
                self._flow.text(node.text_content or "")
            elif self._enter(node):
                stack.append((node, True))
                stack.extend((child, False) for child in reversed(list(_children(node))))
        self._flow.flush()

    def _enter(self, node: LexborNode) -> bool:
        """Begins an element; False when its children are not to be walked."""
        tag = node.tag or ""
        if not node.is_element_node or (tag in _NEVER_SHOWN and not _is_open_dialog(node)):
            return False
        attributes = node.attributes
        if (attributes and _is_hidden(attributes)) or self._is_page_frame(tag, attributes):
            return False
        self._inside_main += node.mem_id in self._main
        self._inside_article += tag == "article"
        return self._begin(node, tag)

    def _begin(self, node: LexborNode, tag: str) -> bool:
        if tag in ("br", "wbr"):
            self._flow.text("\x00" if tag == "br" else "\u200b")
        elif tag == "table" and (rows := table_rows(node)):
            self._flow.flush()
            self._flow.text(caption(node))
            self._flow.block("table", markdown_table(rows))
            return False
        elif tag in ("pre", "listing", "xmp"):
            self._flow.block("code", node.text().strip("\n"))
            return False
        elif tag in ("ul", "ol", "menu", "dir"):
            self._flow.open_list(_first_number(node) if tag == "ol" else None)
        elif tag == "li":
            self._flow.open_item()
        elif tag in _BLOCKS or tag in _HEADINGS:
            self._flow.flush()
        return True

    def _leave(self, node: LexborNode) -> None:
        tag = node.tag or ""
        self._inside_main -= node.mem_id in self._main
        self._inside_article -= tag == "article"
        if tag in _HEADINGS:
            self._flow.flush_heading(_HEADINGS[tag])
        elif tag in ("ul", "ol", "menu", "dir"):
            self._flow.close_list()
        elif tag in _BLOCKS:
            self._flow.flush()

    def _is_page_frame(self, tag: str, attributes: dict[str, Any]) -> bool:
        """Navigation always is one, a sidebar unless it is in an article, head and foot outside the content."""
        role = attributes.get("role")
        if not self._main:
            return False
        if tag == "nav" or role == "navigation":
            return True
        if tag == "aside" or role == "complementary":
            return not self._inside_article
        return not self._inside_main and (tag in _AROUND_CONTENT or role in _AROUND_ROLES)


def _children(node: LexborNode) -> Iterator[LexborNode]:
    child = node.child
    while child is not None:
        yield child
        child = child.next


def _is_hidden(attributes: dict[str, Any]) -> bool:
    return "hidden" in attributes or bool(_HIDING_STYLE.search(attributes.get("style") or ""))


def _is_open_dialog(node: LexborNode) -> bool:
    return node.tag == "dialog" and "open" in node.attributes


def _first_number(node: LexborNode) -> int:
    start = node.attributes.get("start") or "1"
    return int(start) if start.isdecimal() and len(start) < 10 else 1
