"""Turns text into search terms: dictionary words and stems in one field, pairs of CJK characters in the other.

The text is folded (width, case), then cut into runs of Han characters, which a dictionary segments, and what
lies between. There, what stands between white space is looked up in a cache: languages repeat themselves, so
the rules below run once for each spelling, not once for each word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import cache, cached_property
from itertools import chain
from operator import add
from typing import Final

import Stemmer

from indexers.dictionary import Dictionary
from indexers.stop_words import CHINESE, ENGLISH

QUERY_TERMS: Final = 64
TERM_CHARACTERS: Final = 100
"""Longer terms are cut, in documents and queries alike."""

_VERSION: Final = "standard-2"
_CACHED_SPELLINGS: Final = 100_000
_CACHED_CHARACTERS: Final = 64
_LOOKED_UP_CHARACTERS: Final = 1_000
"""Looking up as many costs a fifth of what loading the dictionary does."""
_CODE_PARTS: Final = 8
"""A code with more alternations of letters and digits is a hash or an id: its pieces would be noise."""

_HAN = r"\u2e80-\u2fdf\u3005\u3007\u3021-\u3029\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_HANGUL = r"\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"
_KANA = r"\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
_THAI_LAO_BURMESE_KHMER = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_MARKS = (
    r"\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
    r"\u0900-\u0963\u0966-\u0dff"
)
"""Accents and vowel signs, which `\\w` leaves out and without which words of many scripts fall apart."""
_LETTER = rf"(?:(?![{_HANGUL}])[\w{_MARKS}])"

_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]+")
_FULL_WIDTH_PUNCTUATION = re.compile("[！（），：；？]+")
_ALREADY_FOLDED = re.compile("[\x00-\x7f\u3000-\u3017\u4e00-\u9fff！（），：；？‘’“”…—·]*+")
_UNSPACED = re.compile(f"[{_HAN}{_HANGUL}{_KANA}{_THAI_LAO_BURMESE_KHMER}]+")
_HAN_RUN = re.compile(f"([{_HAN}]+)|[{_KANA}{_THAI_LAO_BURMESE_KHMER}]+")
_GROUPED_NUMBER = r"\d{1,3}(?:,\d{3}){1,6}+(?:\.\d++)?(?![,\d])"
_PUNCTUATION = ".,;:!?()[]\"'"
_CONTRACTION = re.compile(r"(\w+)'(?:s|ll|ve|re|d|m)")
_SEPARATOR = re.compile(r"[\W_]+")
_WORD_JOINERS = frozenset("-.'")
_CODE_SIGN = re.compile(r"[\d@_+#&]|://")


@cache
def _tokens() -> re.Pattern[str]:
    # Compiled when first needed: it takes milliseconds, which plain English and Chinese questions do without.
    return re.compile(
        rf"{_GROUPED_NUMBER}|[{_HANGUL}]+"
        rf"|{_LETTER}+(?:(?:://|[-./@:&'’]){_LETTER}+)*(?:\+\+|[+#](?!{_LETTER}))?"
    )


@cache
def _parts() -> re.Pattern[str]:
    return re.compile(rf"\d++(?:\.\d++){{1,5}}+|\d+|(?:(?![\d_]){_LETTER})+")


class StandardAnalyzer:
    """The analyzer of Chinese, English and codes that also serves other languages."""

    def __init__(self) -> None:
        self._spelled = _SpelledTerms()

    @cached_property
    def signature(self) -> str:
        from importlib.metadata import version

        return f"{_VERSION} rjieba-{version('rjieba')} pystemmer-{version('PyStemmer')}"

    def document_terms(self, text: str) -> tuple[list[str], list[str]]:
        """(words, bigrams) with repetitions, in order. A lone CJK character stands for itself."""
        folded = _fold(text)
        if folded.isascii():
            return list(self._spaced_words(folded)), []
        return self._words(folded), _bigrams(folded)

    def query_terms(self, text: str) -> tuple[list[str], list[str]]:
        """(words, bigrams), distinct, in order, at most 64 in each."""
        words, bigrams = self.document_terms(text)
        return list(dict.fromkeys(words))[:QUERY_TERMS], list(dict.fromkeys(bigrams))[:QUERY_TERMS]

    def _words(self, text: str) -> list[str]:
        pieces = _HAN_RUN.split(text)
        words = list(self._spaced_words(pieces[0]))
        for han_words, spaced in zip(_segment(pieces[1::2]), pieces[2::2], strict=True):
            words += han_words
            words += self._spaced_words(spaced)
        return words

    def _spaced_words(self, text: str) -> Iterator[str]:
        return chain.from_iterable(map(self._spelled.__getitem__, text.split()))


class _SpelledTerms(dict[str, tuple[str, ...]]):
    """What stands between white space → its terms. Fills itself and stays small."""

    def __missing__(self, spelling: str) -> tuple[str, ...]:
        bare = spelling.strip(_PUNCTUATION)
        terms = _spelled_terms(bare) if bare == spelling else self[bare]
        if len(self) >= _CACHED_SPELLINGS:
            self.clear()
        if len(spelling) <= _CACHED_CHARACTERS:
            self[spelling] = terms
        return terms


def _fold(text: str) -> str:
    """One spelling for full and half width, ligatures, upper and lower case; invisible characters gone."""
    if _ALREADY_FOLDED.fullmatch(text):
        return text.lower()
    # As their narrow twins these would join what they separate: 3，400 is two numbers.
    separated = _FULL_WIDTH_PUNCTUATION.sub(" ", _INVISIBLE.sub("", text))
    # NFKC makes the hyphen that forbids a line break this one, and leaves it there.
    return unicodedata.normalize("NFKC", separated).replace("\u2010", "-").casefold()


def _bigrams(text: str) -> list[str]:
    pairs: list[str] = []
    for run in _UNSPACED.findall(text):
        pairs += map(add, run, run[1:]) if len(run) > 1 else run
    return pairs


def _segment(runs: list[str | None]) -> list[list[str]]:
    """Dictionary words of each run of Han characters, function words out; none for None.

    Nothing is guessed: new words stay single characters, so documents and questions are cut alike.
    """
    if not any(runs):
        return [[] for _ in runs]
    words: list[list[str]] = [[]]
    for word in _cut("\n".join(run or "" for run in runs)):
        if word == "\n":
            words.append([])
        elif word not in CHINESE:
            words[-1].append(word)
    return words


class _Segmenter:
    """Chinese words by rjieba, which takes a tenth of a second to load: a process that asks one question and
    ends looks its words up instead, and finds the same."""

    def __init__(self) -> None:
        self._dictionary = Dictionary()
        self._patience = _LOOKED_UP_CHARACTERS
        self._cut: Callable[[str, bool], list[str]] | None = None

    def __call__(self, text: str) -> list[str]:
        self._patience -= len(text)
        if self._cut is None:
            if self._patience >= 0:
                return self._dictionary.cut(text)
            from rjieba import cut

            self._cut = cut
        return self._cut(text, False)


_cut: Final = _Segmenter()


def _spelled_terms(spelling: str) -> tuple[str, ...]:
    if spelling.isascii() and spelling.isalpha():
        return tuple(_word_terms(spelling))
    return tuple(chain.from_iterable(map(_token_terms, _tokens().findall(spelling))))


def _token_terms(token: str) -> Iterable[str]:
    if token.isalpha() or token.isdecimal():
        return _word_terms(token)
    if "," in token:
        return (token.replace(",", ""),)
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
