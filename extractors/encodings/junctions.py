"""What stands next to what in a text: two scripts in a word, or a sign between letters, hardly ever do."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

from extractors.encodings import frequencies as known
from extractors.encodings.candidates import Candidate

_STRANGE_JUNCTION: Final = -5.0
_SIGN_AT_LETTER: Final = -2.0
_WIDE_AT_LATIN: Final = -1.5
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
_LETTERS: Final = "lLgGcChat"
_STRANGE_PAIRS: Final = tuple(
    first + second
    for first in _LETTERS
    for second in _LETTERS
    if first.lower() != second.lower() or (first.islower() and second.isupper())
)
"""Two scripts, or a small letter before a capital."""
_MIXED_PAIRS: Final = ("wl", "wL", "lw", "Lw")
_SIGNS_AT_LETTERS: Final = tuple(
    re.compile(pattern)
    for pattern in ("#(?<=[a-zA-Z]#)", "#(?=[a-zA-Z])", "-(?<=[a-zA-Z]-)", "-(?<=[a-zA-Z]-)(?=[a-zA-Z])")
)
"""Rare signs on either side, typographic ones behind and on both sides. Patterns that begin with a sign are fast."""


def junctions(sample: bytes, candidate: Candidate) -> float:
    """What strange neighbours take from the likelihood of `sample`, read as `candidate`."""
    classes = _classes(sample, candidate)
    present = set(classes)
    strange = sum(classes.count(pair) for pair in _STRANGE_PAIRS if present.issuperset(pair))
    mixed = sum(classes.count(pair) for pair in _MIXED_PAIRS if present.issuperset(pair))
    signs = sum(len(pattern.findall(classes)) for pattern in _SIGNS_AT_LETTERS)
    return _STRANGE_JUNCTION * strange + _SIGN_AT_LETTER * signs + _WIDE_AT_LATIN * mixed


def _classes(sample: bytes, candidate: Candidate) -> str:
    """One letter for what each character is; case tells small from capital letters, script one from another."""
    if candidate.rows:
        return sample.decode(candidate.encoding, "replace").translate(_CLASSES)
    return sample.translate(_classes_of_bytes(candidate.encoding)).decode("ascii")


@cache
def _classes_of_bytes(encoding: str) -> bytes:
    return bytes(range(256)).decode(encoding, "replace").translate(_CLASSES).encode("ascii")


class _Classes(dict[int, str]):
    """Code point → its class."""

    def __missing__(self, code: int) -> str:
        self[code] = found = _class_of(chr(code))
        return found


_CLASSES: Final = _Classes()


def _class_of(character: str) -> str:
    if not character.isalpha() or character in "ªº":
        if character in known.TYPOGRAPHY:
            return "-" if character in "–—‚„†‡°§”…\xa0" else " "
        return " " if character < "\x80" or _is_mark(character) else "#"
    script = next((name for last, name in _SCRIPTS if ord(character) <= last), "w")
    return script.upper() if character.isupper() else script


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] in "MN" or character == "·"
