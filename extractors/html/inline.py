"""Puts the running text of one block together: links, pictures, line breaks, exponents."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from extractors.cleaning import fold
from extractors.html.address import readable
from extractors.html.element import Element
from extractors.html.pictures import Pictures
from extractors.images import link_text

_LINE_BREAK: Final = "\x00"
"""Stands for <br> until white space is folded; it cannot occur in clean text."""
_SPECIAL = re.compile("[\u2000-\u200a\u202f\u205f\u2e80-\uffff]")
"""Spaces of a certain width, and the scripts that are written without any: elsewhere white space is all alike."""
_EXPONENT = re.compile(r"\s*[-+\u2212]?\d+\s*")
_PERMALINK_SIGNS: Final = frozenset(("#", "\u00b6", "\u00a7", "\U0001f517"))
"""Beside headings, to copy their address."""
_VALUED: Final = frozenset(
    ("", "text", "email", "tel", "url", "number", "date", "time", "month", "week", "datetime-local")
)
"""Types of form fields that show what was filled in."""


class Link(NamedTuple):
    """Where a link leads, and what is shown when one points at it."""

    address: str
    title: str


_NO_LINK: Final = Link("", "")


class InlineText:
    """Collects text and inline elements until `take`."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures
        self.pieces: list[str] = []
        self._open: tuple[int, Element] | None = None
        """The current link, and where its words begin."""
        self._first: tuple[int, int, Element] | None = None
        """The first link that has words, and where these begin and end. Only it can be all that a block says."""

    def enter(self, element: Element) -> None:
        """Begins an inline element; others add nothing."""
        tag = element.tag
        if tag == "a":
            self._open = (len(self.pieces), element)
        elif tag == "br":
            self.pieces.append(_LINE_BREAK)
        elif tag == "img":
            self.pieces.append(self._pictures.text(element))
        elif tag == "wbr":
            self.pieces.append("\u200b")
        elif tag == "q":
            self.pieces.append("\u201c")
        elif tag == "sup" and self._is_exponent(element):
            self.pieces.append("^")
        elif tag == "input":
            self.pieces.append(_shown_value(element))

    def leave(self, tag: str) -> None:
        if tag == "a":
            self._end_link()
            self._open = None
        elif tag == "q":
            self.pieces.append("\u201d")

    def take(self) -> tuple[str, Link]:
        """The collected text, folded, and the link when it is nothing but that.

        Line breaks that the author set are kept. A link may go on in the next block.
        """
        if self._open is not None:
            self._end_link()
        text = "".join(self.pieces)
        link = _NO_LINK
        if self._first is not None:
            link = self._only_link(*self._first)
            self._first = None
        self.pieces.clear()
        if self._open is not None:
            self._open = (0, self._open[1])
        return _folded(text), link

    def take_linked(self) -> str:
        """The collected text; one that is nothing but a link with its address, and its title if that says more.

        In running text addresses are left out: they hide the words from readers and from search.
        """
        text, link = self.take()
        if not link.address or not text or "](" in text or link.address.rstrip("/") == text.rstrip("/"):
            return text
        title = f' "{link.title}"' if link.title and _says_more(link.title, text) else ""
        return f"[{link_text(text)}]({link.address}{title})"

    def _end_link(self) -> None:
        if self._open is None:
            return
        start, link = self._open
        words = "".join(self.pieces[start:]).strip()
        if words in _PERMALINK_SIGNS and link.get("href").startswith("#"):
            del self.pieces[start:]
        elif words and self._first is None:
            self._first = (start, len(self.pieces), link)

    def _only_link(self, start: int, end: int, link: Element) -> Link:
        if "".join(self.pieces[:start]).strip() or "".join(self.pieces[end:]).strip():
            return _NO_LINK
        address = readable(link.get("href"), self._pictures.base)
        if not address:
            return _NO_LINK
        return Link(address, " ".join(link.get("title").split()).replace('"', "'"))

    def _is_exponent(self, element: Element) -> bool:
        """Raised digits after a digit: without a sign the number would be another."""
        before = self.pieces[-1] if self.pieces else ""
        content = element.children[0] if len(element.children) == 1 else ""
        return before[-1:].isdigit() and isinstance(content, str) and bool(_EXPONENT.fullmatch(content))


def _says_more(title: str, text: str) -> bool:
    """Most titles of links repeat their words, or put a few around them."""
    shown, hidden = text.casefold(), title.casefold()
    return shown not in hidden and hidden not in shown


def _folded(text: str) -> str:
    if _LINE_BREAK in text:
        return "\n".join(filter(None, map(fold, text.split(_LINE_BREAK))))
    is_plain = text.isascii() or _SPECIAL.search(text) is None
    return " ".join(text.split()) if is_plain else fold(text)


def _shown_value(field: Element) -> str:
    """What a form's field shows: what was filled in, or its tick."""
    kind = field.get("type").lower()
    if kind in ("checkbox", "radio"):
        return "[x] " if field.has("checked") else "[ ] "
    return f" {field.get('value')} " if kind in _VALUED else ""
