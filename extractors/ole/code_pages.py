"""Names the encodings that old Office files give by the numbers of code pages."""

from __future__ import annotations

import codecs
from typing import Final

_ENCODINGS: Final = {367: "ascii", 10000: "mac_roman", 32768: "mac_roman", 32769: "cp1252"}


def encoding_of(code_page: int) -> str:
    """What Python calls it; that of Western Europe where it knows none."""
    name = _ENCODINGS.get(code_page, f"cp{code_page}")
    try:
        return codecs.lookup(name).name
    except LookupError:
        return "cp1252"
