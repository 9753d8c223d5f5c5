"""Turns bytes of an unknown encoding into text: marks first, then UTF-8, then the best-scoring legacy set."""

from __future__ import annotations

import codecs
import io
import re
from collections import Counter
from dataclasses import dataclass
from typing import Final

from extractors import frequencies as known
from extractors.cleaning import clean

SAMPLE_BYTES: Final = 16_384
_MOSTLY_UTF8: Final = 9
"""Good multi-byte characters per bad byte from which damaged UTF-8 is still taken for UTF-8."""
_DECLARED_BONUS: Final = 0.3
_UNCERTAIN_SCORE: Final = 0.25
_CORE_CHANCE: Final = 0.2
_MIXED_WEIGHT: Final = 0.7
_LETTERS: Final = bytes(range(0xC0, 0x100))
"""Where most single-byte sets keep letters; below stand signs, which touch anything."""
_AMONG_ASCII = re.compile(
    rb"(?<=[A-Za-z])[\xc0-\xff]|[\xc0-\xff](?=[A-Za-z])|(?<![\x80-\xff])[\xc0-\xff](?![\x80-\xff])"
)

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_SUPERSETS: Final = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "hz": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A legacy encoding and what its readers' everyday text is made of."""

    encoding: str
    familiar: frozenset[str]
    core: frozenset[str] = frozenset()
    """For alphabets that share their bytes with others: the few letters that make up half of a text."""
    handicap: float = 0.0
    """Of rare encodings: what their score must exceed the others' by."""
    rows: str = ""
    """For double-byte sets: the codec whose lead byte says how everyday a character is."""


_CANDIDATES: Final = (
    Candidate(encoding="gb18030", familiar=known.SIMPLIFIED, rows="gb2312"),
    Candidate(encoding="cp950", familiar=known.TRADITIONAL, rows="big5"),
    Candidate(encoding="big5hkscs", familiar=known.TRADITIONAL, rows="big5"),
    Candidate(encoding="cp932", familiar=known.JAPANESE, rows="cp932"),
    Candidate(encoding="euc_jp", familiar=known.JAPANESE, rows="euc_jp"),
    Candidate(encoding="cp949", familiar=known.KOREAN, rows="cp949"),
    Candidate(encoding="cp1252", familiar=known.WESTERN),
    Candidate(encoding="cp1251", familiar=known.CYRILLIC, core=known.CYRILLIC_CORE),
    Candidate(encoding="koi8_r", familiar=known.CYRILLIC, core=known.CYRILLIC_CORE),
    Candidate(encoding="cp866", familiar=known.CYRILLIC, core=known.CYRILLIC_CORE),
    Candidate(encoding="cp1250", familiar=known.CENTRAL),
    Candidate(encoding="iso8859_2", familiar=known.CENTRAL),
    Candidate(encoding="cp1253", familiar=known.GREEK, core=known.GREEK_CORE, handicap=0.1),
    Candidate(encoding="cp1254", familiar=known.TURKISH),
    Candidate(encoding="cp1255", familiar=known.HEBREW, core=known.HEBREW_CORE, handicap=0.1),
    Candidate(encoding="cp1256", familiar=known.ARABIC, core=known.ARABIC_CORE),
    Candidate(encoding="mac_roman", familiar=known.WESTERN, handicap=0.1),
)


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
    if "\x00" in text and (wide := wide_encoding(data)):
        return _decoded(data, wide)
    if "\x1b$" in text:
        return _decode_escaped(data, text)
    return Decoded(text=clean(text), encoding="utf-8")


def wide_encoding(data: bytes) -> str | None:
    """UTF-32 or UTF-16 without a mark, told by its zero bytes; None when `data` is neither."""
    sample = data[: SAMPLE_BYTES - SAMPLE_BYTES % 4]
    sample = sample[: len(sample) - len(sample) % 4] or sample
    if b"\x00" not in sample:
        return None
    shares = {encoding: _readable_share(sample, encoding) for encoding in ("utf-32-le", "utf-32-be")}
    shares |= {encoding: _readable_share(sample, encoding) for encoding in ("utf-16-le", "utf-16-be")}
    best = max(shares, key=lambda encoding: shares[encoding])
    return best if shares[best] > 0.9 else None


def _readable_share(sample: bytes, encoding: str) -> float:
    text = sample.decode(encoding, errors="replace")
    return sum(map(_is_everyday, text)) / len(text) if text else 0.0


def _is_everyday(character: str) -> bool:
    """Whether a character is likely where UTF-16 is guessed: Latin to Arabic, CJK, kana, Hangul."""
    code = ord(character)
    if code < 0x700:
        return code >= 0x20 or character in "\t\n\r\f"
    return (
        0x2010 <= code < 0x2040
        or 0x3000 <= code < 0xA000
        or 0xAC00 <= code < 0xD7A4
        or 0xFF00 < code < 0xFFEF
    )


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
    sample = _sample(data)
    if _is_mostly_utf8(sample):
        return _decoded(data, "utf-8")
    wanted = _canonical(declared)
    mixed = _mixed_share(sample)
    scores = {candidate.encoding: _score(sample, candidate, mixed) for candidate in _CANDIDATES}
    if wanted in scores:
        scores[wanted] += _DECLARED_BONUS
    best = max(scores, key=lambda encoding: scores[encoding])
    if wanted is not None and wanted not in scores and _decodes(sample, wanted):
        best = wanted
    doubt = (
        (f"the encoding is uncertain; it was read as {best}",)
        if scores.get(best, 1) < _UNCERTAIN_SCORE
        else ()
    )
    return _decoded(data, best, doubt)


def _decoded(data: bytes, encoding: str, warnings: tuple[str, ...] = ()) -> Decoded:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode(encoding, errors="replace")
        replaced = text.count("\ufffd")
        warnings += (f"{replaced} places could not be decoded as {encoding} and were replaced by U+FFFD",)
    return Decoded(text=clean(text.removeprefix("\ufeff")), encoding=encoding, warnings=warnings)


def _sample(data: bytes) -> bytes:
    """The first lines that hold bytes above ASCII: the others say nothing about the encoding."""
    pieces: list[bytes] = []
    size = 0
    for line in io.BytesIO(data):
        if not line.isascii():
            pieces.append(line[:SAMPLE_BYTES])
            size += len(pieces[-1])
        if size >= SAMPLE_BYTES:
            break
    return b"".join(pieces)


def _is_mostly_utf8(sample: bytes) -> bool:
    text = sample.decode("utf-8", errors="replace")
    bad = text.count("\ufffd")
    good = sum(character > "\x7f" for character in text) - bad
    return good >= _MOSTLY_UTF8 * bad


def _canonical(declared: str | None) -> str | None:
    """The codec to use for a declared name: browsers read the old names as their supersets."""
    if not declared:
        return None
    try:
        name = codecs.lookup(declared).name
    except (LookupError, ValueError):
        return None
    if name.startswith(("utf", "big5")):
        return "cp950" if name == "big5" else None
    return _SUPERSETS.get(name, name).replace("-", "_").replace("iso8859_8", "cp1255")


def _decodes(sample: bytes, encoding: str) -> bool:
    try:
        return sample.decode(encoding, errors="replace").count("\ufffd") <= len(sample) / 100
    except (LookupError, ValueError, TypeError):
        return False


def _score(sample: bytes, candidate: Candidate, mixed: float) -> float:
    """How far the sample's characters are from chance: 1 is everyday text, 0 is noise."""
    counts = Counter(sample.decode(candidate.encoding, errors="replace"))
    counts = Counter({character: count for character, count in counts.items() if character > "\x7f"})
    total = counts.total()
    if not total:
        return 0.0
    bad = sum(count for character, count in counts.items() if _is_implausible(character))
    chance = len(candidate.familiar) / (7000 if candidate.rows else 128)
    score = _lift(_share(counts, candidate.familiar), chance)
    if candidate.rows:
        score = (score + _everyday_rows_lift(counts, total, candidate.rows)) / 2
    elif candidate.core:
        score = (score + _lift(_share(counts, candidate.core), _CORE_CHANCE)) / 2 - _MIXED_WEIGHT * mixed
    else:
        score -= _MIXED_WEIGHT * (1 - mixed)
    return score - candidate.handicap - 4 * bad / total


def _mixed_share(sample: bytes) -> float:
    """Share of the letters above ASCII that touch an ASCII one or stand alone: most in Latin scripts only."""
    letters = len(sample) - len(sample.translate(None, _LETTERS))
    return len(_AMONG_ASCII.findall(sample)) / letters if letters else 1.0


def _share(counts: Counter[str], characters: frozenset[str]) -> float:
    return sum(count for character, count in counts.items() if character in characters) / counts.total()


def _is_implausible(character: str) -> bool:
    return character == "\ufffd" or "\x80" <= character < "\xa0" or "\ue000" <= character < "\uf900"


def _everyday_rows_lift(counts: Counter[str], total: int, rows: str) -> float:
    everyday = known.EVERYDAY_ROWS[rows]
    hits = 0
    for character, count in counts.items():
        encoded = character.encode(rows, errors="ignore")
        if len(encoded) == 2 and encoded[0] in everyday:
            hits += count
    return _lift(hits / total, len(everyday) / 94)


def _lift(share: float, chance: float) -> float:
    return (share - chance) / (1 - chance)
