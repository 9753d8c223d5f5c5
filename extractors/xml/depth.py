"""Takes those tags out of XML that are nested deeper than parsers go, and keeps the text in them."""

from __future__ import annotations

import re
from typing import Final

_DEEPEST: Final = 200
_MARK = re.compile(
    r"<(?P<mark>!--|!\[CDATA\[|[?!])|<(?P<closing>/?)[^\s<>/!?](?:[^<>\"']|\"[^\"]*\"|'[^']*')*?(?P<empty>/?)>"
)
_ENDS: Final = {"!--": "-->", "![CDATA[": "]]>", "?": ">", "!": ">"}


def shallow(xml: str) -> str:
    """`xml` without the tags of elements that are inside of more than 200 others."""
    depth = done = 0
    pieces = []
    last = {end: xml.rfind(end) for end in _ENDS.values()}
    while found := _MARK.search(xml, done):
        pieces.append(xml[done : found.start()])
        done, inside = found.end(), depth
        if mark := found["mark"]:
            end = _ENDS[mark]
            # Asked first, as looking for an end that is missing takes the whole text each time.
            if done <= last[end]:
                done = xml.index(end, done) + len(end)
            inside = 0
        elif found["closing"]:
            inside = depth = max(0, depth - 1)
        elif not found["empty"]:
            depth += 1
        pieces.append(xml[found.start() : done] if inside < _DEEPEST else " ")
    return "".join((*pieces, xml[done:]))
