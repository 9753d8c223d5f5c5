"""Terms of what stands between white space: stems of words, codes whole and in parts.

Texts repeat themselves, so what was spelled once is looked up: the rules run once for each spelling, not once for
each word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import chain
from typing import Final

import Stemmer

from indexers.stop_words import ENGLISH

TERM_CHARACTERS: Final = 100
"""Longer terms are cut, in documents and queries alike."""

_CACHED_SPELLINGS: Final = 100_000
_CACHED_CHARACTERS: Final = 64
_CODE_PARTS: Final = 8
"""A code with more alternations of letters and digits is a hash or an id: its pieces would be noise."""

_HANGUL = r"\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"
_MARKS = (
    r"\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
    r"\u0900-\u0963\u0966-\u0dff"
)
"""Accents and vowel signs, which `\\w` leaves out and without which words of many scripts fall apart."""
_LETTER = rf"(?:(?![{_HANGUL}])[\w{_MARKS}])"

_GROUPED_NUMBER = r"\d{1,3}(?:,\d{3}){1,6}+(?:\.\d++)?(?![,\d])"
_PUNCTUATION = ".,;:!?()[]\"'"
_BEFORE_DOT = "\"'“‘„‚«‹「『([{《〈【〔〖、。（），：；！？"
"""What may stand before the dot of `.net`: opening quotes and brackets, and Chinese punctuation, which no space
follows and some of which folding may have made one."""
_CONTRACTION = re.compile(r"(\w+)'(?:s|ll|ve|re|d|m)")
_SEPARATOR = re.compile(r"[\W_]+")
_WORD_JOINERS = frozenset("-.'")
_CODE_SIGN = re.compile(r"^\.|[\d@_+#&]|://")


class SpelledTerms(dict[str, tuple[str, ...]]):
    """What stands between white space → its terms. Fills itself and stays small."""

    def __missing__(self, spelling: str) -> tuple[str, ...]:
        bare = _bare(spelling)
        terms = _spelled_terms(bare) if bare == spelling else self[bare]
        if len(self) >= _CACHED_SPELLINGS:
            self.clear()
        if len(spelling) <= _CACHED_CHARACTERS:
            self[spelling] = terms
        return terms


def located_terms(spelling: str) -> Iterator[tuple[str, int, int]]:
    """(term, start, end) of the terms of a spelling, in order: a part stands in its own place, a whole in all."""
    bare = _bare(spelling)
    offset = spelling.index(bare)
    for token in _tokens().finditer(bare):
        yield from _located_in_token(token[0], offset + token.start())


@cache
def _tokens() -> re.Pattern[str]:
    # Compiled when first needed: it takes milliseconds, which plain English and Chinese questions do without.
    return re.compile(
        rf"{_GROUPED_NUMBER}|[{_HANGUL}]+"
        rf"|(?:(?<![^{re.escape(_BEFORE_DOT)}])\.(?=[^\W\d_]))?{_LETTER}+(?:(?:://|[-./@:&'’]){_LETTER}+)*(?:\+\+|[+#](?!{_LETTER}))?"
    )


@cache
def _parts() -> re.Pattern[str]:
    return re.compile(rf"\d++(?:\.\d++){{1,5}}+|\d+|(?:(?![\d_]){_LETTER})+")


def _bare(spelling: str) -> str:
    """Without the punctuation around it; a dot before a letter stays: `.net` is not net."""
    bare = spelling.strip(_PUNCTUATION)
    before = spelling[: spelling.index(bare)]
    is_dotted = before.endswith(".") and bare[:1].isalpha() and before[-2:-1] in _BEFORE_DOT
    return f".{bare}" if is_dotted else bare


def _spelled_terms(spelling: str) -> tuple[str, ...]:
    if spelling.isascii() and spelling.isalpha():
        return tuple(_word_terms(spelling))
    return tuple(chain.from_iterable(map(_token_terms, _tokens().findall(spelling))))


def _located_in_token(token: str, offset: int) -> Iterator[tuple[str, int, int]]:
    whole = offset, offset + len(token)
    parts = [
        (term, offset + part.start(), offset + part.end())
        for part in _parts().finditer(token)
        for term in _word_terms(part[0])
    ]
    parts.reverse()
    for term in _token_terms(token):
        yield parts.pop() if parts and parts[-1][0] == term else (term, *whole)


def _token_terms(token: str) -> Iterable[str]:
    if token.isalpha() or token.isdecimal():
        return _word_terms(token)
    if "," in token:
        return (token.replace(",", "")[:TERM_CHARACTERS],)
    if "'" in token or "’" in token:
        return _apostrophe_terms(token.replace("’", "'"))
    return _joined_terms(token)


def _word_terms(word: str) -> Iterable[str]:
    if word in ENGLISH:
        return ()
    return (_stem(word[:TERM_CHARACTERS]) if word.isascii() else word[:TERM_CHARACTERS],)


_stem: Callable[[str], str] = Stemmer.Stemmer("english", 0).stemWord


def _apostrophe_terms(token: str) -> Iterable[str]:
    if token.endswith("n't"):
        return ("not",)
    contraction = _CONTRACTION.fullmatch(token)
    return _token_terms(contraction[1]) if contraction else _joined_terms(token)


def _joined_terms(token: str) -> Iterator[str]:
    """The whole, then its parts: `gpt-3.5-turbo` gpt 3.5 turbo, and `wifi` wi fi for wi-fi."""
    parts = _parts().findall(token)
    if len(parts) > _CODE_PARTS:
        parts = [part for part in _SEPARATOR.split(token) if part]
    if _CODE_SIGN.search(token):
        if parts and parts != [token]:
            yield token[:TERM_CHARACTERS]
    elif _WORD_JOINERS.issuperset(_SEPARATOR.findall(token)) and len(parts) > 1:
        yield from _word_terms(_SEPARATOR.sub("", token))
    for part in parts:
        yield from _word_terms(part)
