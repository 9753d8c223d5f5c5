"""Puts the running text of one block together: links, pictures, line breaks, exponents."""

from __future__ import annotations

import re
from typing import Final

from extractors.cleaning import fold
from extractors.html.address import readable
from extractors.html.pictures import Pictures
from extractors.html.tree import Element
from extractors.images import link_text

_LINE_BREAK: Final = "\x00"
"""Stands for <br> until white space is folded; it cannot occur in clean text."""
_FIRST_WIDE: Final = "\u2000"
"""Below, white space is all alike, and no script is written without it."""
_EXPONENT = re.compile(r"\s*[-+\u2212]?\d+\s*")
_PERMALINK_SIGNS: Final = frozenset(("#", "\u00b6", "\u00a7", "\U0001f517"))
"""Beside headings, to copy their address."""
_VALUED: Final = frozenset(
    ("", "text", "email", "tel", "url", "number", "date", "time", "month", "week", "datetime-local")
)
"""Types of form fields that show what was filled in."""


class InlineText:
    """Collects text and inline elements until `take`."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures
        self.pieces: list[str] = []
        self._links: list[tuple[str, str]] = []
        """Words and address."""
        self._open: tuple[int, str] | None = None
        """Where the words of the current link begin, and its address."""

    def enter(self, element: Element) -> None:
        """Begins an inline element; others add nothing."""
        tag = element.tag
        if tag == "a":
            self._open = (len(self.pieces), element.get("href"))
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

    def leave(self, element: Element) -> None:
        if element.tag == "a":
            self._end_link()
            self._open = None
        elif element.tag == "q":
            self.pieces.append("\u201d")

    def take(self) -> tuple[str, str]:
        """The collected text, folded, and where it leads when it is nothing but a link.

        Line breaks that the author set are kept. A link may go on in the next block.
        """
        self._end_link()
        text = "".join(self.pieces)
        address = self._only_address(text.strip()) if self._links else ""
        self._links.clear()
        self.pieces.clear()
        if self._open is not None:
            self._open = (0, self._open[1])
        return _folded(text), address

    def take_linked(self) -> str:
        """The collected text; one that is nothing but a link with its address.

        In running text addresses are left out: they hide the words from readers and from search.
        """
        text, address = self.take()
        if not address or not text or "](" in text or address.rstrip("/") == text.rstrip("/"):
            return text
        return f"[{link_text(text)}]({address})"

    def _end_link(self) -> None:
        if self._open is None:
            return
        start, address = self._open
        text = "".join(self.pieces[start:]).strip()
        if address.startswith("#") and text in _PERMALINK_SIGNS:
            del self.pieces[start:]
        elif text:
            self._links.append((text, address))

    def _only_address(self, text: str) -> str:
        address = next((address for words, address in self._links if words == text), "")
        return readable(address, self._pictures.base)

    def _is_exponent(self, element: Element) -> bool:
        """Raised digits after a digit: without a sign the number would be another."""
        before = self.pieces[-1] if self.pieces else ""
        content = element.children[0] if len(element.children) == 1 else ""
        return before[-1:].isdigit() and isinstance(content, str) and bool(_EXPONENT.fullmatch(content))


def _folded(text: str) -> str:
    if not text or text.isspace():
        return ""
    if _LINE_BREAK not in text:
        is_plain = text.isascii() or max(text) < _FIRST_WIDE
        return " ".join(text.split()) if is_plain else fold(text)
    return "\n".join(filter(None, map(fold, text.split(_LINE_BREAK))))


def _shown_value(field: Element) -> str:
    """What a form's field shows: what was filled in, or its tick."""
    kind = field.get("type").lower()
    if kind in ("checkbox", "radio"):
        return "[x] " if field.has("checked") else "[ ] "
    return f" {field.get('value')} " if kind in _VALUED else ""
