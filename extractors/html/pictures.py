"""Writes the pictures of a page: those it carries are kept, those elsewhere are named by what they show."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote, unquote_to_bytes

from extractors.html.address import readable
from extractors.html.element import Element
from extractors.images import link_text
from extractors.writer import DocumentWriter

_SMALLEST: Final = 100
"""Bytes. A picture of fewer is a blank pixel that counts visits or holds a place."""
_FORMULA = re.compile(r"\b(?:tex|latex|math|mwe-math\S*|katex|equation)\b", re.IGNORECASE)


class Pictures:
    """Turns `img` elements into text. `parts` are the files that came with the page at `base`, by address."""

    def __init__(
        self, writer: DocumentWriter, parts: Mapping[str, bytes], *, are_kept: bool, base: str = ""
    ) -> None:
        self._writer = writer
        self._parts = parts
        self._are_kept = are_kept
        self.base = base
        self.used: set[str] = set()
        """Addresses of the parts that the page shows."""

    def text(self, image: Element) -> str:
        """Markdown for a picture; "" for one that says nothing and cannot be kept."""
        alt = " ".join(image.get("alt").split())
        if alt and _FORMULA.search(image.get("class")):
            return f"${alt}$"
        source = (image.get("data-src") or image.get("src")).strip()
        data = self._data(source)
        if data is not None:
            link = self._writer.image_link(data, alt) if self._are_kept and len(data) >= _SMALLEST else ""
            return link or alt
        address = readable(source, self.base) if alt else ""
        return f"![{link_text(alt)}]({address})" if address else alt

    def _data(self, source: str) -> bytes | None:
        if source[:5].lower() == "data:":
            return _data_of(source)
        for address in (source, unquote(source)):
            if address in self._parts:
                self.used.add(address)
                return self._parts[address]
        return None


def _data_of(source: str) -> bytes:
    """What a `data:` address carries; nothing when it is damaged (RFC 2397)."""
    head, _, body = source.partition(",")
    if not head.lower().endswith(";base64"):
        return unquote_to_bytes(body)
    try:
        return base64.b64decode(unquote(body) + "==")
    except (binascii.Error, ValueError):
        return b""
