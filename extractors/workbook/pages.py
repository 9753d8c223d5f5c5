"""Page headers and footers of sheets: their words without the codes for page numbers, dates and fonts."""

from __future__ import annotations

import re
from typing import Final

_CODE = re.compile(r'&(?:"[^"]*"|\d+|K[0-9A-Fa-f]{6}|K\d\d[+-]\d{3}|[A-Za-z&])')
_SECTION = re.compile(r"&[LCR](?![a-z])")
_PAGE = re.compile(r"&[PN]")
_LONGEST_PAGE_WORDS: Final = 12
"""Characters around a page number up to which they say no more than Page … of …."""


def page_words(text: str) -> str:
    """The words of a header written with codes such as &P; "" when it is about the page number alone."""
    shown = []
    for section in _SECTION.split(text):
        words = " ".join(_CODE.sub(lambda code: "&" if code[0] == "&&" else " ", section).split())
        if words and not (_PAGE.search(section) and len(words) <= _LONGEST_PAGE_WORDS):
            shown.append(words)
    return " ".join(shown)
