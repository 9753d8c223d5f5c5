"""Takes those tags out of XML that are nested deeper than parsers go, and keeps the text in them."""

from __future__ import annotations

import re
from typing import Final

_DEEPEST: Final = 200
_TAG = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<[?!][^>]*>|<(/?)[^\s<>/!?](?:[^<>\"']|\"[^\"]*\"|'[^']*')*?(/?)>",
    re.DOTALL,
)


def shallow(xml: str) -> str:
    """`xml` without the tags of elements that are inside of more than 200 others."""
    depth = 0

    def kept(found: re.Match[str]) -> str:
        nonlocal depth
        tag, closing, empty = found[0], found[1], found[2]
        if closing is None:
            return tag
        inside = depth
        if closing:
            inside = depth = max(0, depth - 1)
        elif not empty:
            depth += 1
        return tag if inside < _DEEPEST else " "

    return _TAG.sub(kept, xml)
