"""Turns text into search terms: dictionary words and stems in one field, pairs of CJK characters in the other.

The text is folded, then cut into runs of Han characters, which a dictionary segments, and what lies between,
which is spelled out. What a knowledge base adds, its dictionary and synonyms, is loaded only where it has any.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache, cached_property
from itertools import chain, islice
from operator import add
from typing import TYPE_CHECKING, Final, NamedTuple

import Stemmer

from indexers.folding import fold
from indexers.segmenter import segment
from indexers.spelling import SpelledTerms, located_terms
from indexers.stop_words import CHINESE

if TYPE_CHECKING:
    from indexers.user_words import UserWords
    from indexers.vocabulary import Match, Phrases, Vocabulary

QUERY_TERMS: Final = 64

_VERSION: Final = "standard-4 rjieba-0.2"
"""Changes with any rule or table here. The installed rjieba, which this package requires to be 0.2, is not asked: it
finds what `words.txt` holds, and reading the metadata of packages takes milliseconds of every start."""

_HAN = r"\u2e80-\u2fdf\u3005\u3007\u3021-\u3029\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_HANGUL = r"\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"
_KANA = r"\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
_THAI_LAO_BURMESE_KHMER = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"

_UNSPACED = re.compile(f"[{_HAN}{_HANGUL}{_KANA}{_THAI_LAO_BURMESE_KHMER}]+")
_HAN_RUN = re.compile(f"([{_HAN}]+)|[{_KANA}{_THAI_LAO_BURMESE_KHMER}]+")
_SPELLING = re.compile(r"\S+")
_NUMBERED = re.compile(r"第(\d{1,6})([\u4e00-\u9fff])|年(?<=(?<!\d)(\d{4})年)(\d\d?)月(\d\d?)日")
"""Article 12 and a date: their pieces alone, 第 12 条, are everywhere."""


class Located(NamedTuple):
    """A term and the span of the folded text that it stands for."""

    term: str
    start: int
    end: int


class StandardAnalyzer:
    """The analyzer of Chinese, English and codes that also serves other languages.

    Words of `dictionary` are kept whole. The members of a group of `synonyms` find each other: documents get one
    term for the group beside their own words, a question has it in place of the member's. Raises `InputError`.
    """

    def __init__(self, *, dictionary: Iterable[str] = (), synonyms: Iterable[Iterable[str]] = ()) -> None:
        self._spelled = SpelledTerms()
        self._vocabulary: Vocabulary | None = None
        self._user_words: UserWords | None = None
        self._phrases: Phrases | None = None
        if dictionary or synonyms:
            self._learn(dictionary, synonyms)

    @cached_property
    def signature(self) -> str:
        """Changes with whatever terms depend on; folding depends on the version of Unicode."""
        own = f" vocabulary-{self._vocabulary.hash}" if self._vocabulary else ""
        return f"{_VERSION} pystemmer-{Stemmer.version()} unicode-{unicodedata.unidata_version}{own}"

    def document_terms(self, text: str) -> tuple[list[str], list[str]]:
        """(words, bigrams) with repetitions, in order. A lone CJK character stands for itself."""
        folded = fold(text)
        words = self._words(folded)
        if self._phrases:
            words = _with_phrases(words, self._phrases.matches(words))
        return words, [] if folded.isascii() else _bigrams(folded)

    def query_terms(self, text: str) -> tuple[dict[str, int], dict[str, int]]:
        """(words, bigrams): term → how often it occurs, in order of first occurrence, at most 64 in each."""
        if self._phrases:
            words, bigrams = self._terms_with_synonyms(fold(text), self._phrases)
        else:
            words, bigrams = self.document_terms(text)
        return _counts(words), _counts(bigrams)

    def highlights(self, text: str, query: str) -> list[tuple[int, int]]:
        """Spans of `text` in which the terms of `query` stand, in order, none touching another.

        (start, end) in characters of `text` as it is. What a folded character comes from is never parted.
        """
        from indexers.highlights import spans

        return spans(text, self.located_terms, self.query_terms(query))

    def located_terms(self, folded: str) -> tuple[list[Located], list[Located]]:
        """The terms of a folded document, each with its place; phrases come last."""
        words = list(self._located_words(folded))
        matches = self._phrases.matches([word.term for word in words]) if self._phrases else ()
        wholes = [Located(match.phrase.term, *_span(words, match)) for match in matches]
        return words + wholes, list(_located_bigrams(folded))

    def _learn(self, dictionary: Iterable[str], synonyms: Iterable[Iterable[str]]) -> None:
        from indexers.user_words import UserWords
        from indexers.vocabulary import phrases, vocabulary

        self._vocabulary = vocabulary(dictionary, synonyms)
        self._user_words = UserWords(filter(_wordless_runs().fullmatch, self._vocabulary.entries))
        self._phrases = phrases(self._vocabulary, self._user_words, self._words)

    def _words(self, text: str) -> list[str]:
        if text.isascii():
            return list(self._spaced_words(text))
        if not _NUMBERED.search(text):
            return self._unnumbered_words(text)
        words: list[str] = []
        done = 0
        for term, start, _ in _numbered(text):
            words += self._unnumbered_words(text[done:start])
            words.append(term)
            done = start
        return words + self._unnumbered_words(text[done:])

    def _unnumbered_words(self, text: str) -> list[str]:
        if not self._user_words:
            return self._plain_words(text)
        words: list[str] = []
        done = 0
        for start, end, cut in _user_runs(text, self._user_words):
            words += self._plain_words(text[done:start])
            words += filter(self._is_word, cut)
            done = end
        return words + self._plain_words(text[done:])

    def _plain_words(self, text: str) -> list[str]:
        pieces = _HAN_RUN.split(text)
        words = list(self._spaced_words(pieces[0]))
        for han_words, spaced in zip(_segment(pieces[1::2]), pieces[2::2], strict=True):
            words += han_words
            words += self._spaced_words(spaced)
        return words

    def _spaced_words(self, text: str) -> Iterator[str]:
        return chain.from_iterable(map(self._spelled.__getitem__, text.split()))

    def _is_word(self, segmented: str) -> bool:
        if self._user_words and segmented in self._user_words:
            return True
        run = _HAN_RUN.match(segmented)
        return segmented not in CHINESE and run is not None and run[1] is not None

    def _terms_with_synonyms(self, folded: str, phrases: Phrases) -> tuple[list[str], list[str]]:
        """A question's terms: synonyms in place of their words and of the bigrams that overlap these."""
        located = list(self._located_words(folded))
        words = [word.term for word in located]
        matches = list(phrases.leftmost_longest(words))
        replaced = [_span(located, match) for match in matches if match.phrase.replaces]
        bigrams = _terms_outside(replaced, _located_bigrams(folded))
        return _with_phrases(words, matches, in_place=True), list(bigrams)

    def _located_words(self, text: str) -> Iterator[Located]:
        done = 0
        for numbered in _numbered(text):
            yield from self._located_unnumbered(text[done : numbered.start], done)
            yield numbered
            done = numbered.start
        yield from self._located_unnumbered(text[done:], done)

    def _located_unnumbered(self, text: str, offset: int) -> Iterator[Located]:
        done = 0
        for start, end, cut in _user_runs(text, self._user_words) if self._user_words else ():
            yield from self._located_plain(text[done:start], offset + done)
            yield from _placed(cut, offset + start, self._is_word)
            done = end
        yield from self._located_plain(text[done:], offset + done)

    def _located_plain(self, text: str, offset: int) -> Iterator[Located]:
        done = 0
        for run in _HAN_RUN.finditer(text):
            yield from _located_spaced(text[done : run.start()], offset + done)
            if run[1]:
                yield from _placed(segment(run[1]), offset + run.start(), self._is_word)
            done = run.end()
        yield from _located_spaced(text[done:], offset + done)


@cache
def _wordless_runs() -> re.Pattern[str]:
    # Compiled when first needed: only words of a base's own need it.
    return re.compile(f"[{_HAN}{_KANA}{_THAI_LAO_BURMESE_KHMER}]+")


def _numbered(text: str) -> Iterator[Located]:
    """Articles and dates that are one thing: 第12条, and 2024-01-31 for 2024年1月31日."""
    for match in _NUMBERED.finditer(text):
        number, unit, year, month, day = match.groups()
        if number:
            yield Located(f"第{number}{unit}", match.start(), match.end())
        else:
            yield Located(f"{year}-{month:0>2}-{day:0>2}", match.start(3), match.end())


def _user_runs(text: str, user_words: UserWords) -> Iterator[tuple[int, int, list[str]]]:
    """(start, end, segments) of the runs that hold a word of the user's."""
    for run in _wordless_runs().finditer(text):
        if cut := user_words.cut(run[0]):
            yield run.start(), run.end(), cut


def _segment(runs: list[str | None]) -> list[list[str]]:
    """Dictionary words of each run of Han characters, function words out; none for None.

    Nothing is guessed: new words stay single characters, so documents and questions are cut alike.
    """
    if not any(runs):
        return [[] for _ in runs]
    of_run: list[str] = []
    of_runs = [of_run]
    for word in segment("\n".join([run or "" for run in runs])):
        if word == "\n":
            of_run = []
            of_runs.append(of_run)
        elif word not in CHINESE:
            of_run.append(word)
    return of_runs


def _bigrams(text: str) -> list[str]:
    pairs: list[str] = []
    for run in _UNSPACED.findall(text):
        pairs += map(add, run, run[1:]) if len(run) > 1 else run
    return pairs


def _located_bigrams(text: str) -> Iterator[Located]:
    for run in _UNSPACED.finditer(text):
        for start in range(run.start(), max(run.end() - 1, run.start() + 1)):
            end = min(start + 2, run.end())
            yield Located(text[start:end], start, end)


def _terms_outside(spans: Iterable[tuple[int, int]], located: Iterable[Located]) -> Iterator[str]:
    """Terms that overlap no span. The located are in order, so that both are walked once."""
    ahead = sorted(spans, reverse=True)
    covered_to = 0
    for term, start, end in located:
        while ahead and ahead[-1][0] < end:
            covered_to = max(covered_to, ahead.pop()[1])
        if covered_to <= start:
            yield term


def _located_spaced(text: str, offset: int) -> Iterator[Located]:
    for spelling in _SPELLING.finditer(text):
        for term, start, end in located_terms(spelling[0]):
            yield Located(term, offset + spelling.start() + start, offset + spelling.start() + end)


def _placed(segments: list[str], offset: int, is_word: Callable[[str], bool]) -> Iterator[Located]:
    for piece in segments:
        if is_word(piece):
            yield Located(piece, offset, offset + len(piece))
        offset += len(piece)


def _span(words: list[Located], match: Match) -> tuple[int, int]:
    matched = words[match.start : match.end]
    return min(word.start for word in matched), max(word.end for word in matched)


def _with_phrases(words: list[str], matches: Iterable[Match], in_place: bool = False) -> list[str]:
    """The words, each phrase before its own; `in_place` of them where it may replace them."""
    terms: list[str] = []
    done = 0
    for start, end, phrase in matches:
        terms += words[done:start]
        terms.append(phrase.term)
        done = end if in_place and phrase.replaces else max(done, start)
    return terms + words[done:]


def _counts(terms: list[str]) -> dict[str, int]:
    return dict(islice(Counter(terms).items(), QUERY_TERMS))
