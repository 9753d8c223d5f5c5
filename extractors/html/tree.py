"""The visible part of a page as a light tree, in which every element knows how much text and linked text it holds."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

# fmt: off
_NOT_TEXT: Final = (
    "script", "style", "template", "noscript", "object", "embed", "applet", "canvas", "audio", "video", "map",
    "title", "meta", "link", "select", "textarea", "datalist", "frameset", "noframes", "noembed", "rp", "rt",
)
_VOID: Final = frozenset((
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input", "keygen", "link",
    "meta", "param", "source", "track", "wbr",
))
BLOCKS: Final = frozenset((
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "dir",
    "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
    "header", "hgroup", "hr", "html", "iframe", "legend", "li", "listing", "main", "menu", "nav", "ol", "optgroup",
    "p", "pre", "search", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
))
# fmt: on
HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
_BETWEEN: Final = frozenset(("dl", "ol", "table", "tbody", "tfoot", "thead", "tr", "ul"))
"""Hold elements only: white space in them is that of the source."""
_SHOWN_IF_OPEN: Final = frozenset(("dialog", "svg"))
"""Drawings never are."""
_STRUCTURES: Final = frozenset(("table", "h1", "h2", "h3", "pre"))
_MATH_SCRIPTS: Final = "script[type^='math/tex' i]"
_TEX: Final = frozenset(("application/x-tex", "application/x-latex", "tex", "latex"))
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_HIDING_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_ADDRESSES: Final = ("http://", "https://", "www.")
_DEEPEST_FRAME: Final = 3


class Element:
    """An element with its visible children; `characters` and `linked` count the text in it and in its links."""

    __slots__ = ("_attributes", "_elements", "characters", "children", "has_structure", "linked", "tag")

    def __init__(self, tag: str, attributes: str = "") -> None:
        self.tag = tag
        self.children: list[Element | str] = []
        self.characters = 0
        self.linked = 0
        self.has_structure = False
        """Whether a table, a heading or code stands inside."""
        self._elements: tuple[Element, ...] | None = None
        self._attributes = attributes
        """As serialized: ` name="value"` each, without quotes in the value."""

    def has(self, name: str) -> bool:
        """Whether an attribute is there, be it empty."""
        return f' {name}="' in self._attributes

    def get(self, name: str) -> str:
        """The value of an attribute; "" when it is not there."""
        mark = f' {name}="'
        start = self._attributes.find(mark)
        if start < 0:
            return ""
        start += len(mark)
        value = self._attributes[start : self._attributes.index('"', start)]
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


def visible_tree(page: LexborHTMLParser) -> Element:
    """The body of a parsed page, without what is never shown or hidden. Changes `page`."""
    return _body(page, _DEEPEST_FRAME)


def _body(page: LexborHTMLParser, frames: int) -> Element:
    """lexbor mends the page as browsers do and writes it out again, which is then cut at its tags.

    Asking lexbor for node after node takes several times as long.
    """
    _make_plain(page)
    page.strip_tags(list(_NOT_TEXT))
    written = (page.body.html if page.body is not None else None) or ""
    tree = _built(written, frames)
    # A page that hides everything waits for a script to show it.
    return tree if tree.characters else _built(written, frames, shows_hidden=True)


def _make_plain(page: LexborHTMLParser) -> None:
    """Mends elements whose content follows rules of its own: MathJax scripts, unescaped code, frames."""
    for element in page.css(f"{_MATH_SCRIPTS}, xmp, plaintext, iframe"):
        if element.tag == "script":
            is_display = "display" in (element.attributes.get("type") or "")
            element.replace_with(_formula(element.text(), is_display))
        elif element.tag == "iframe":
            for child in list(element.iter(include_text=True)):
                child.decompose()
        else:
            pre = page.create_node("pre")
            pre.insert_child(element.text())
            element.replace_with(pre)


def _built(written: str, frames: int, *, shows_hidden: bool = False) -> Element:
    """In a serialized tree < and > stand for nothing but tags, and only void elements are not closed."""
    if "<!--" in written:
        written = _COMMENT.sub("", written)
    current = root = Element("")
    around: list[Element] = []
    for piece in written.split("<")[1:]:
        tag, _, text = piece.partition(">")
        if tag.startswith("/"):
            if tag[1:] == current.tag:
                parent = around.pop()
                _close(current, parent)
                current = parent
        else:
            name, space, attributes = tag.partition(" ")
            element = Element(name, space + attributes)
            if shows_hidden or not (_may_hide(tag) and _is_hidden(element)):
                current.children.append(element)
            if name == "iframe" and frames and element.has("srcdoc"):
                _frame(element, frames - 1)
            if name not in _VOID:
                around.append(current)
                current = element
        if text:
            length = len(text.strip())
            if length or not _is_between_blocks(current):
                current.characters += length
                current.children.append(html.unescape(text) if "&" in text else text)
    return next((child for child in root.children if isinstance(child, Element)), root)


def _is_between_blocks(element: Element) -> bool:
    """Whether white space that follows in an element is that of the source."""
    if element.tag in _BETWEEN:
        return True
    last = element.children[-1] if element.children else None
    return isinstance(last, Element) and last.tag in BLOCKS


def _may_hide(tag: str) -> bool:
    return "hidden" in tag or "none" in tag or "katex-html" in tag or tag.startswith(("svg", "dialog"))


def _close(element: Element, parent: Element) -> None:
    """An element counts for its parent unless it is hidden."""
    tag = element.tag
    if tag == "math":
        element.children = [_tex(element)]
        element.characters = len(element.text())
    elif tag == "a" and _leads_away(element):
        element.linked = element.characters
    if parent.children and parent.children[-1] is element:
        parent.characters += element.characters
        parent.linked += element.linked
        if element.has_structure or tag in _STRUCTURES:
            parent.has_structure = True


def _leads_away(link: Element) -> bool:
    """Links in the page and those that show their address are references, no ways through a site."""
    address = link.get("href")
    first = next((child for child in link.children if isinstance(child, str)), "")
    return bool(address) and address[0] != "#" and not first.lstrip().startswith(_ADDRESSES)


def _frame(element: Element, frames: int) -> None:
    """A page inside the page, written in an attribute."""
    from selectolax.lexbor import LexborHTMLParser

    inside = _body(LexborHTMLParser(element.get("srcdoc")), frames)
    inside.tag = "div"
    element.children = [inside]
    element.characters, element.linked = inside.characters, inside.linked
    element.has_structure = inside.has_structure


def _tex(math: Element) -> str:
    """A formula as TeX where the page has it, else its symbols."""
    elements = [node for node in math.nodes() if isinstance(node, Element)]
    notes = (node for node in elements if node.tag == "annotation" and node.get("encoding").lower() in _TEX)
    tex = next((note.text() for note in notes), math.get("alttext"))
    if tex:
        return _formula(tex, math.get("display") == "block")
    symbols = (node.text().strip() for node in elements if node.tag in ("mi", "mn", "mo", "mtext", "ms"))
    return " ".join(symbols) or math.text()


def _formula(tex: str, is_display: bool) -> str:
    mark = "$$" if is_display else "$"
    return f"{mark}{tex.strip()}{mark}"


def _is_hidden(element: Element) -> bool:
    if element.tag in _SHOWN_IF_OPEN:
        return not element.has("open")
    return element.tag != "body" and (
        (element.has("hidden") and element.get("hidden") != "until-found")
        or "katex-html" in element.get("class")
        or bool(_HIDING_STYLE.search(element.get("style")))
        or (element.tag == "input" and element.get("type") == "hidden")
    )


def _is_text(node: Element | str) -> bool:
    return isinstance(node, str) or node.tag == "br"
