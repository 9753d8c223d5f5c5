"""Turns bytes of an unknown encoding into text: marks first, then UTF-8, then the likeliest legacy set."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Final

from extractors.cleaning import clean
from extractors.encodings.legacy_encodings import guess
from extractors.encodings.wide_text import or_wide

SAMPLE_BYTES: Final = 16_384
_MOSTLY_UTF8: Final = 9
"""Good multi-byte characters per bad byte from which damaged UTF-8 is still taken for UTF-8."""
_WIDE_SHARE: Final = 0.9
_ASCII_TO_SPACE: Final = b" " * 0x80 + bytes(range(0x80, 0x100))

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_CONTROLS: Final = bytes((*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F))
_INVISIBLE: Final = "\xad\u200b\u2060\ufeff\ufffe\uffff"
_WIDE: Final = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    text: str
    """Without byte-order mark, clean, lines ended by "\\n"."""
    encoding: str
    warnings: tuple[str, ...] = ()


def decode(data: bytes, declared: str | None = None) -> Decoded:
    """The text of `data`. A `declared` encoding wins unless the bytes speak against it."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decoded(data[len(mark) :], encoding)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_legacy(data, declared)
    if len(data.translate(None, _CONTROLS)) == len(data):
        return Decoded(text=_with_plain_line_ends(text), encoding="utf-8")
    if "\x00" in text and (wide := wide_encoding(data)):
        return _decoded(data, wide)
    if "\x1b$" in text:
        return _decode_escaped(data, text)
    return Decoded(text=clean(text), encoding="utf-8")


def _with_plain_line_ends(text: str) -> str:
    """What `clean` makes of text without control characters, in a fraction of the time."""
    if not text.isascii() and any(map(text.__contains__, _INVISIBLE)):
        return clean(text)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def wide_encoding(data: bytes) -> str | None:
    """UTF-32 or UTF-16 without a mark, told by its zero bytes; None when `data` is neither."""
    sample = data[: SAMPLE_BYTES - SAMPLE_BYTES % 4]
    sample = sample[: len(sample) - len(sample) % 4] or sample
    if b"\x00" not in sample:
        return None
    texts = {encoding: sample.decode(encoding, errors="replace") for encoding in _WIDE}
    readable = [encoding for encoding, text in texts.items() if _readable_share(text) > _WIDE_SHARE]
    return min(readable, key=lambda encoding: _pages(texts[encoding]), default=None)


def _readable_share(text: str) -> float:
    return sum(map(_is_everyday, text)) / len(text) if text else 0.0


def _is_everyday(character: str) -> bool:
    """Whether a character is likely where UTF-16 is guessed: the alphabets, CJK, kana, Hangul."""
    code = ord(character)
    if code < 0x20:
        return character in "\t\n\r\f"
    return (
        code < 0x1100
        or 0x1E00 <= code < 0x2040
        or 0x3000 <= code < 0xA000
        or 0xAC00 <= code < 0xD7A4
        or 0xFF00 < code < 0xFFEF
    )


def _pages(text: str) -> int:
    """How many ranges of 256 characters a text uses: read in the wrong order of bytes it uses many more."""
    return len({ord(character) >> 8 for character in text})


def _decode_escaped(data: bytes, text: str) -> Decoded:
    """ISO-2022-JP is pure ASCII with escapes; text that merely holds an escape stays as it is."""
    try:
        return Decoded(text=clean(data.decode("iso2022_jp_ext")), encoding="iso2022_jp_ext")
    except UnicodeDecodeError:
        return Decoded(text=clean(text), encoding="utf-8")


def _decode_legacy(data: bytes, declared: str | None) -> Decoded:
    wide = wide_encoding(data)
    if wide is not None:
        return _decoded(data, wide)
    if _is_mostly_utf8(_sample(data)):
        return _decoded(data, "utf-8")
    found = guess(data, declared)
    if declared is None:
        found = or_wide(data, found)
    doubt = () if found.is_certain else (f"the encoding is uncertain; it was read as {found.encoding}",)
    return _decoded(data, found.encoding, doubt)


def _decoded(data: bytes, encoding: str, warnings: tuple[str, ...] = ()) -> Decoded:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode(encoding, errors="replace")
        replaced = text.count("\ufffd")
        line = text.count("\n", 0, text.index("\ufffd")) + 1
        warnings += (
            f"{replaced} places could not be decoded as {encoding} and were replaced by U+FFFD; "
            f"the first is on line {line}",
        )
    return Decoded(text=clean(text.removeprefix("\ufeff")), encoding=encoding, warnings=warnings)


def _sample(data: bytes) -> bytes:
    """The first bytes above ASCII, apart by a space: the others say nothing about the encoding."""
    return b" ".join(data.translate(_ASCII_TO_SPACE).split())[:SAMPLE_BYTES]


def _is_mostly_utf8(sample: bytes) -> bool:
    text = sample.decode("utf-8", errors="replace")
    bad = text.count("\ufffd")
    good = len(text) - text.count(" ") - bad
    return good >= _MOSTLY_UTF8 * bad
