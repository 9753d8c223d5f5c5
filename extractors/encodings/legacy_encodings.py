"""Guesses the legacy encoding of bytes: the one in which they read most like a language written with it.

Each candidate is scored by the likelihood of its text: how frequent its letters are in the language, and what
follows what. Letters of two scripts, a capital after a small letter, or a sign between letters hardly ever do.
"""

from __future__ import annotations

import codecs
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Final

from extractors.encodings import frequencies as known

SAMPLE_BYTES: Final = 4096
_CERTAIN_LEAD: Final = 3.0
"""Lead of the best over the next reading of the bytes, as a logarithm, from which a guess is not called uncertain."""
_DECLARED_LEAD: Final = 4.0
_DECLARED_LEAD_PER_BYTE: Final = 0.5
_WORD_FROM_FIRST_LETTER = re.compile(rb"[\x80-\xff][^\x00-\x20]*")
_WORDS_BEFORE = re.compile(rb"(?:[A-Za-z]+[ .,\n]+){0,4}[^\x00-\x20]*\Z")
_WORDS_AFTER = re.compile(rb"(?:[ .,\n]+[A-Za-z]++(?![^\x00-\x20])){0,4}")
_NEIGHBOURHOOD: Final = 60
"""Bytes before and after a word with letters above ASCII: up to four words there tell something of the language."""

_ASCII_SIGN: Final = math.log(0.02)
_TYPOGRAPHIC: Final = math.log(0.01)
_STRANGE: Final = math.log(0.0003)
"""Of a letter that the language does not have, or a rare sign."""
_CAPITAL: Final = -0.5
_IMPOSSIBLE: Final = -15.0
_STRANGE_JUNCTION: Final = -5.0
_SIGN_AT_LETTER: Final = -2.0
_WIDE_AT_LATIN: Final = -1.5
_FAMILIAR_SHARE: Final = 0.6
_EVERYDAY_SHARE: Final = 0.35
_CELLS_IN_ROW: Final = 94
_AMONG_OTHER_SCRIPTS: Final = "English"
"""The language of Latin letters in a text of another script."""
_FOREIGN_SHARE: Final = 0.5
_RARE_CHARACTER: Final = math.log(0.05 / 20_000)


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


_CANDIDATES: Final = (
    Candidate(encoding="gb18030", familiar=known.SIMPLIFIED, rows="gb2312"),
    Candidate(encoding="cp950", familiar=known.TRADITIONAL, rows="big5"),
    Candidate(encoding="big5hkscs", familiar=known.TRADITIONAL, rows="big5", rarity=1.0),
    Candidate(encoding="cp932", familiar=known.JAPANESE, rows="cp932"),
    Candidate(encoding="euc_jp", familiar=known.JAPANESE, rows="euc_jp"),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    encoding: str
    is_certain: bool


def guess(data: bytes, declared: str | None = None) -> Guess:
    """The encoding in which `data` reads best. A `declared` one wins unless the bytes speak against it."""
    sample = _sample(data)
    wanted = canonical(declared)
    texts = {candidate.encoding: sample.decode(candidate.encoding, "replace") for candidate in _CANDIDATES}
    scores = {candidate.encoding: _score(texts[candidate.encoding], candidate) for candidate in _CANDIDATES}
    if wanted in scores:
        high_bytes = len(sample) - len(sample.translate(None, bytes(range(128, 256))))
        scores[wanted] += _DECLARED_LEAD + _DECLARED_LEAD_PER_BYTE * high_bytes
    elif wanted is not None and _decodes(sample, wanted):
        return Guess(encoding=wanted, is_certain=True)
    best = max(scores, key=lambda encoding: scores[encoding])
    others = (score for encoding, score in scores.items() if texts[encoding] != texts[best])
    lead = scores[best] - max(others, default=-math.inf)
    return Guess(encoding=best, is_certain=lead >= _CERTAIN_LEAD)


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


def _sample(data: bytes) -> bytes:
    """The first words that hold bytes above ASCII, with the words around."""
    pieces: list[bytes] = []
    size = taken = 0
    for found in _WORD_FROM_FIRST_LETTER.finditer(data):
        around = data[max(taken, found.start() - _NEIGHBOURHOOD) : found.start()]
        before = _WORDS_BEFORE.search(around)
        after = _WORDS_AFTER.match(data, found.end(), found.end() + _NEIGHBOURHOOD)
        start = found.start() - len(before.group() if before else b"")
        taken = after.end() if after else found.end()
        pieces.append(data[start : min(taken, start + SAMPLE_BYTES)])
        size += len(pieces[-1]) + 1
        if size >= SAMPLE_BYTES:
            break
    return b" ".join(pieces)


def _decodes(sample: bytes, encoding: str) -> bool:
    try:
        return sample.decode(encoding, errors="replace").count("\ufffd") <= len(sample) / 100
    except (LookupError, ValueError, TypeError):
        return False


def _score(text: str, candidate: Candidate) -> float:
    """Logarithm of the likelihood of `text`, up to what is the same for all candidates."""
    counts = Counter(text)
    if candidate.rows:
        letters = sum(count * _wide_likelihood(character, candidate) for character, count in counts.items())
    else:
        letters = max(_letters_score(counts, language) for language in candidate.languages)
    return letters + _junctions_score(text) - candidate.rarity


def _letters_score(counts: Counter[str], language: str) -> float:
    likelihoods = _likelihoods(language)
    return sum(count * _likelihood(character, likelihoods) for character, count in counts.items())


@cache
def _likelihoods(language: str) -> Mapping[str, float]:
    shares = dict(known.letter_shares(language))
    if "e" not in shares:
        foreign = known.letter_shares(_AMONG_OTHER_SCRIPTS)
        shares |= {letter: share * _FOREIGN_SHARE for letter, share in foreign.items()}
    return {letter: math.log(share) for letter, share in shares.items()}


def _likelihood(character: str, letters: Mapping[str, float]) -> float:
    found = letters.get(character)
    if found is not None:
        return found
    found = letters.get(character.lower())
    if found is not None:
        return found + _CAPITAL
    if character in known.TYPOGRAPHY:
        return _TYPOGRAPHIC
    if _is_impossible(character):
        return _IMPOSSIBLE
    return _STRANGE if character > "\x7f" or character.isalpha() else _ASCII_SIGN


def _wide_likelihood(character: str, candidate: Candidate) -> float:
    if character in candidate.familiar:
        return math.log(_FAMILIAR_SHARE / len(candidate.familiar))
    if character <= "\x7f":
        return _likelihood(character, _likelihoods(_AMONG_OTHER_SCRIPTS))
    if _is_impossible(character):
        return _IMPOSSIBLE
    encoded = character.encode(candidate.rows, errors="ignore")
    if len(encoded) == 1:
        return _STRANGE
    rows = known.EVERYDAY_ROWS[candidate.rows]
    if len(encoded) == 2 and encoded[0] in rows:
        return math.log(_EVERYDAY_SHARE / (len(rows) * _CELLS_IN_ROW))
    return _RARE_CHARACTER


def _is_impossible(character: str) -> bool:
    return character == "\ufffd" or "\x80" <= character < "\xa0" or "\ue000" <= character < "\uf900"


class _Classes(dict[int, str]):
    """Code point → one letter for what it is; case tells small from capital letters, script one from another."""

    def __missing__(self, code: int) -> str:
        self[code] = found = _class_of(chr(code))
        return found


def _class_of(character: str) -> str:
    if not character.isalpha() or character in "ªº":
        if character in known.TYPOGRAPHY:
            return "-" if character in "–—‚„†‡°§”…\xa0" else " "
        return " " if character < "\x80" or _is_mark(character) else "#"
    script = next((name for last, name in _SCRIPTS if ord(character) <= last), "w")
    return script.upper() if character.isupper() else script


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] in "MN" or character == "·"


_SCRIPTS: Final = (
    (0x24F, "l"),
    (0x36F, "w"),
    (0x3FF, "g"),
    (0x52F, "c"),
    (0x5FF, "h"),
    (0x6FF, "a"),
    (0xDFF, "w"),
    (0xE7F, "t"),
)
_CLASSES: Final = _Classes()
_SMALL_THEN_CAPITAL: Final = ("lL", "gG", "cC")
_SIGN_AFTER_LETTER = re.compile(r"(?<=[a-zA-Z])[#-]")
_SIGN_BEFORE_LETTER = re.compile(r"(?<=[a-zA-Z])-(?=[a-zA-Z])|#(?=[a-zA-Z])")
_LETTERS: Final = "lLgGcChat"


def _junctions_score(text: str) -> float:
    classes = text.translate(_CLASSES)
    pairs = Counter(pairwise(classes))
    strange = sum(count for pair, count in pairs.items() if _is_strange(*pair))
    mixed = sum(count for pair, count in pairs.items() if "w" in pair and ("l" in pair or "L" in pair))
    signs = len(_SIGN_AFTER_LETTER.findall(classes)) + len(_SIGN_BEFORE_LETTER.findall(classes))
    return _STRANGE_JUNCTION * strange + _SIGN_AT_LETTER * signs + _WIDE_AT_LATIN * mixed


def _is_strange(first: str, second: str) -> bool:
    if first not in _LETTERS or second not in _LETTERS:
        return False
    return first + second in _SMALL_THEN_CAPITAL or first.lower() != second.lower()
