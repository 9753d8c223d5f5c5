"""One spelling for what is written in several: width, case, ligatures, traditional and simplified characters.

Traditional characters become simplified ones one by one, whatever stands around them. That is less than a good
conversion, which tells 乾燥 from 乾隆, and right for search: the same character always becomes the same, so that
no context can part a question from its passage, and positions stay what they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Final

TABLE: Final = Path(__file__).with_name("traditional.txt")
"""Two lines of equal length: traditional characters, and the simplified ones that they become."""

_LOOKED_UP_CHARACTERS: Final = 1_000
"""Looking up as many costs a tenth of compiling the pattern that finds traditional characters in long texts."""
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]+")
_FULL_WIDTH_PUNCTUATION = re.compile("[！（），：；？]")
_ALREADY_FOLDED = re.compile("[\x00-\x7f\u3000-\u3017\u4e00-\u9fff！（），：；？‘’“”…—·]*+")


def fold(text: str) -> str:
    """`text` in its one spelling; invisible characters gone."""
    if text.isascii():
        return text.lower()
    if _ALREADY_FOLDED.fullmatch(text):
        return simplified(text.lower())
    # As their narrow twins these would join what they separate: 3，400 is two numbers.
    separated = _FULL_WIDTH_PUNCTUATION.sub(" ", _INVISIBLE.sub("", text))
    # NFKC makes the hyphen that forbids a line break this one, and leaves it there.
    return simplified(unicodedata.normalize("NFKC", separated).replace("\u2010", "-").casefold())


def fold_with_spans(text: str) -> tuple[str, list[tuple[int, int]]]:
    """`text` folded, and for each character of that the span of `text` that it stands for."""
    folded: list[str] = []
    spans: list[tuple[int, int]] = []
    for start, end in _clusters(text):
        cluster = fold(text[start:end])
        folded.append(cluster)
        spans += [(start, end)] * len(cluster)
    return "".join(folded), spans


class _Simplified:
    """Simplified characters for traditional ones; the table is read when text that is not ASCII comes."""

    def __init__(self) -> None:
        self._patience = _LOOKED_UP_CHARACTERS

    def __call__(self, text: str) -> str:
        return text.translate(self._table) if self._is_needed(text) else text

    def _is_needed(self, text: str) -> bool:
        self._patience -= len(text)
        if self._patience >= 0:
            return any(character in self._lines[0] for character in text)
        return self._pattern.search(text) is not None

    @cached_property
    def _lines(self) -> list[str]:
        return TABLE.read_text(encoding="utf-8").splitlines()

    @cached_property
    def _table(self) -> dict[int, int]:
        return str.maketrans(*self._lines)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(f"[{self._lines[0]}]")


simplified: Final = _Simplified()


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """Spans that fold alone as they fold within `text`: a letter and its accents, the parts of a syllable."""
    start, cluster = 0, ""
    for at, character in enumerate(text):
        if cluster and _starts_anew(cluster, character):
            yield start, at
            start, cluster = at, ""
        cluster += _INVISIBLE.sub("", character)
    if text:
        yield start, len(text)


def _starts_anew(cluster: str, character: str) -> bool:
    if character.isascii() or "\u4e00" <= character <= "\u9fff":
        return True
    if _INVISIBLE.match(character):
        return False
    alone = unicodedata.normalize("NFKC", character)
    if unicodedata.combining(alone[0]):
        return False
    return (
        unicodedata.normalize("NFKC", cluster + character) == unicodedata.normalize("NFKC", cluster) + alone
    )
