"""Writes the web addresses that parts of a PDF page lead to behind their text, as Markdown links."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import cos, sin
from typing import Final

from extractors.images import link_text

_MIDDLE: Final = 0.3
"""In sizes above the base line: where small letters have their middle."""
_LEAST_PART: Final = 4
"""Characters of an address that spell it themselves, when it is broken over lines."""
_NOISE = re.compile(r"\A(?:https?://|mailto:)?(?:www\.)?|[\s/.,;]+\Z|\s+", re.IGNORECASE)
_IS_ADDRESS = re.compile(r"[/.@]")
_CONTINUED = re.compile(r"\]\((<?[^()\s]+>?)\)(-?\s?)\[([^\[\]]*)\]\(\1\)")
_UNSAFE: Final = {ord("("): "%28", ord(")"): "%29", ord(" "): "%20", ord("<"): "%3C", ord(">"): "%3E"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A box on the page, in points, and where it leads."""

    left: float
    bottom: float
    right: float
    top: float
    url: str


def at_height(links: Sequence[Link], base: float, size: float) -> list[Link]:
    """Those beside a line that runs level."""
    y = base + _MIDDLE * size
    return [link for link in links if link.bottom <= y <= link.top]


def link_at(links: Sequence[Link], x: float, base: float, size: float, angle: float) -> str:
    """Where a word leads, by its middle on the page turned by `angle`; "" when nowhere."""
    y = base + _MIDDLE * size
    if angle:
        x, y = x * cos(angle) - y * sin(angle), x * sin(angle) + y * cos(angle)
    return next(
        (link.url for link in links if link.left <= x <= link.right and link.bottom <= y <= link.top), ""
    )


def linked(words: Sequence[str], urls: Sequence[str]) -> str:
    """The words with a space between, those that lead somewhere as links."""
    pieces, position = [], 0
    for url, group in groupby(urls):
        count = len(list(group))
        text = " ".join(words[position : position + count])
        pieces.append(_link(text, url) if url and not _says(text, url) else text)
        position += count
    return " ".join(pieces)


def whole(text: str) -> str:
    """`text` with links that were broken over lines as one."""
    while "](" in text:
        text, count = _CONTINUED.subn(_as_one, text)
        if not count:
            break
    return text


def _as_one(match: re.Match[str]) -> str:
    url, gap, rest = match.groups()
    return f"{gap}{rest}]({url})"


def _link(text: str, url: str) -> str:
    return f"[{link_text(text)}]({url.translate(_UNSAFE)})"


def _says(text: str, url: str) -> bool:
    """Whether the text spells the address, or a part of it that stands on one line."""
    said, meant = _NOISE.sub("", text).lower(), _NOISE.sub("", url).lower()
    if meant in said:
        return True
    return len(said) >= _LEAST_PART and said in meant and _IS_ADDRESS.search(text) is not None
