"""The legacy encodings that are told apart, and what is written in each."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Final

from extractors.encodings import frequencies as known


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A legacy encoding and what is written in it: languages with an alphabet, or a set of everyday characters."""

    encoding: str
    languages: tuple[str, ...] = ()
    familiar: frozenset[str] = frozenset()
    rows: str = ""
    """For double-byte sets: the codec whose lead byte says how everyday a character is."""
    rarity: float = 0.0
    """By how much, as a logarithm, another encoding is more likely before the bytes are looked at."""


_ALL: Final = (
    Candidate(encoding="gb18030", familiar=known.SIMPLIFIED, rows="gb2312"),
    Candidate(encoding="cp950", familiar=known.TRADITIONAL, rows="big5"),
    Candidate(encoding="big5hkscs", familiar=known.TRADITIONAL, rows="big5", rarity=1.0),
    Candidate(encoding="cp932", familiar=known.JAPANESE, rows="cp932"),
    Candidate(encoding="euc_jp", familiar=known.JAPANESE, rows="euc_jp", rarity=1.0),
    Candidate(encoding="cp949", familiar=known.KOREAN, rows="cp949"),
    Candidate(encoding="cp1252", languages=known.WESTERN),
    Candidate(encoding="cp1251", languages=known.CYRILLIC),
    Candidate(encoding="koi8_r", languages=("Russian",), rarity=0.5),
    Candidate(encoding="koi8_u", languages=("Ukrainian",), rarity=1.0),
    Candidate(encoding="cp866", languages=("Russian", "Ukrainian", "Belarusian"), rarity=1.0),
    Candidate(encoding="iso8859_5", languages=known.CYRILLIC, rarity=2.0),
    Candidate(encoding="mac_cyrillic", languages=known.CYRILLIC, rarity=2.0),
    Candidate(encoding="cp1250", languages=known.CENTRAL, rarity=0.5),
    Candidate(encoding="iso8859_2", languages=known.CENTRAL, rarity=1.0),
    Candidate(encoding="cp1253", languages=("Greek",)),
    Candidate(encoding="iso8859_7", languages=("Greek",), rarity=0.5),
    Candidate(encoding="cp1254", languages=("Turkish",), rarity=0.5),
    Candidate(encoding="cp1255", languages=("Hebrew",)),
    Candidate(encoding="cp1256", languages=("Arabic",)),
    Candidate(encoding="iso8859_6", languages=("Arabic",), rarity=1.0),
    Candidate(encoding="cp1257", languages=known.BALTIC, rarity=2.0),
    Candidate(encoding="cp874", languages=("Thai",)),
    Candidate(encoding="iso8859_15", languages=known.WESTERN, rarity=2.0),
    Candidate(encoding="mac_roman", languages=known.WESTERN, rarity=2.0),
    Candidate(encoding="cp850", languages=known.WESTERN, rarity=2.0),
)
CANDIDATES: Final = {candidate.encoding: candidate for candidate in _ALL}
_SUPERSETS: Final = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-8": "cp1255",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "hz": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "cp950",
}


def canonical(declared: str | None) -> str | None:
    """The codec to use for a declared name: browsers read the old names as their supersets."""
    if not declared:
        return None
    try:
        name = codecs.lookup(declared).name
    except (LookupError, ValueError):
        return None
    if name.startswith("utf"):
        return None
    return _SUPERSETS.get(name, name).replace("-", "_")
