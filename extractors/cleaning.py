"""Makes text safe to store and natural to read: no control characters, white space folded, lines joined."""

from __future__ import annotations

import re
from typing import Final

# Scripts written without spaces between words; Hangul is left out on purpose, Korean uses spaces.
WIDE: Final = "\u2e80-\u312f\u31a0-\u31ff\u3300-\u4dbf\u4e00-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff01-\uff9f"

# Controls, and what only says where a word may be broken: it would hide the word from a search.
_INVISIBLE: Final = "\x00-\x08\x0e-\x1f\x7f\xad\u200b\u2060\ufeff\ufffe\uffff"
_CONTROLS: Final = bytes((*range(0x09), *range(0x0E, 0x20), 0x7F))
"""Those of them in ASCII."""
_UNWANTED = re.compile(f"[{_INVISIBLE}\ud800-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNWANTED_INVISIBLE = re.compile(f"[{_INVISIBLE}]")
_WIDE_BREAK = re.compile(f"(?<=[{WIDE}])[ \t]*\n\\s*(?=[{WIDE}])")
_SPACES = re.compile(r"[ \t\n\r\f\v\xa0\u2028\u2029]+")
_ENDS_WIDE = re.compile(f"[{WIDE}]\\Z")
_STARTS_WIDE = re.compile(f"[{WIDE}]")
_BROKEN_WORD = re.compile(r"[^\W\d_]{2}[-\u2010\u00ad]\Z")


def clean(text: str) -> str:
    """`text` with line ends as "\\n", without control and invisible characters, encodable as UTF-8."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\f" in text or "\v" in text:
        text = text.replace("\f", "\n").replace("\v", "\n")
    # Several times faster than the expression, and most text is of this kind.
    if text.isascii() and len(text.encode().translate(None, _CONTROLS)) == len(text):
        return text
    if _UNWANTED.search(text) is None:
        return text
    return _UNWANTED_INVISIBLE.sub("", _SURROGATE.sub("\ufffd", text))


def fold(text: str) -> str:
    """One line: runs of white space become one space, and none where Chinese or Japanese lines meet."""
    if "\n" in text:
        text = _WIDE_BREAK.sub("", text)
    return _SPACES.sub(" ", text).strip()


def join(first: str, second: str) -> str:
    """Two lines of one paragraph as one: a word broken by a hyphen is mended, wide scripts get no space."""
    if not first or not second:
        return first or second
    if _BROKEN_WORD.search(first[-3:]) and second[0].islower():
        return first[:-1] + second
    if _ENDS_WIDE.search(first[-1]) and _STARTS_WIDE.match(second):
        return first + second
    return f"{first} {second}"
