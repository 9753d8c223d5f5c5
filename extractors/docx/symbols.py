"""Characters of symbol fonts, which only the font tells from others: Greek letters, arrows, ticks."""

from __future__ import annotations

from typing import Final

_PRIVATE: Final = 0xF000
"""Symbol fonts are addressed from here."""
_SYMBOL_CAPITALS: Final = "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ"
_SYMBOL_SMALL: Final = "αβχδεφγηιϕκλμνοπθρστυϖωξψζ"
_SYMBOL_CODES: Final = bytes.fromhex(
    "A3A5ABACADAEAFB0B1B3B4B6B7B8B9BABBBCC5C6C7C8CECFD0D1D2D3D4D5D6DBDCDEE5F2"
)
_SYMBOL_SIGNS: Final = "≤∞↔←↑→↓°±≥×∂•÷≠≡≈…⊕∅∩∪∈∉∠∇®©™∏√⇔⇐⇒∑∫"
_SYMBOL: Final = {
    **dict(enumerate(_SYMBOL_CAPITALS, 0x41)),
    **dict(enumerate(_SYMBOL_SMALL, 0x61)),
    **dict(zip(_SYMBOL_CODES, _SYMBOL_SIGNS, strict=True)),
}
_WINGDINGS_CODES: Final = bytes.fromhex("4A6C6E6F7176A7A8D8DFE0E1E2E8FBFCFDFE")
_WINGDINGS: Final = dict(zip(_WINGDINGS_CODES, "☺●■□❑❖▪☐➢←→↑↓➔✗✓☒☑", strict=True))
_FONTS: Final = {"symbol": _SYMBOL, "wingdings": _WINGDINGS}


def symbol(font: str, code: int) -> str:
    """The character at `code` of a font; "" where only the font knows what it looks like."""
    known = _FONTS.get(font.strip().lower())
    if known is not None:
        return known.get(code & 0xFF, "")
    if _PRIVATE <= code < _PRIVATE + 0x100:
        return ""
    return chr(code) if 0x20 <= code < 0xD800 or 0xE000 <= code <= 0x10FFFF else ""
