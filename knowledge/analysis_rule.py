"""What shapes the search terms of one knowledge base beyond its language: words of its own, and how many count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from indexers import StandardAnalyzer
from knowledge.configuration import setting
from knowledge.errors import InputError
from knowledge.types import Indexing

if TYPE_CHECKING:
    from knowledge.protocols import Analyzer

NAMES: Final = ("dictionary", "synonyms", "keyword_number")
"""Where the settings of a knowledge base hold it. Only a rebuild changes them."""

KEYWORDS: Final = 50
KEYWORD_CHARACTERS: Final = 64

Terms = tuple[list[str], list[str]]
"""(words, bigrams) with repetitions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisRule:
    dictionary: tuple[str, ...] = ()
    """Words that are kept whole."""
    synonyms: tuple[tuple[str, ...], ...] = ()
    """Groups of words that mean the same."""
    keyword_number: int | None = None
    """How many keywords of a chunk are indexed; None: every term."""

    @staticmethod
    def chosen(
        indexing: Indexing,
        *,
        dictionary: Iterable[str] = (),
        synonyms: Iterable[Iterable[str]] = (),
        keyword_number: int | None = None,
    ) -> AnalysisRule:
        """The rule of these options. Raises `InputError` for entries that cannot be taken."""
        if keyword_number and indexing != "economy":
            raise InputError(
                f"keyword_number is for economy indexing, this is {indexing}, which indexes every term; leave it out"
            )
        number = setting("keyword_number", keyword_number) if indexing == "economy" else None
        rule = AnalysisRule(
            dictionary=tuple(dictionary), synonyms=tuple(map(tuple, synonyms)), keyword_number=number or None
        )
        rule.analyzer()
        return rule

    def changed(
        self,
        indexing: Indexing,
        *,
        dictionary: Iterable[str] | None,
        synonyms: Iterable[Iterable[str]] | None,
        keyword_number: int | None,
    ) -> AnalysisRule:
        """The rule with what is not None in place of its own; a `keyword_number` of 0 is every term."""
        number = (self.keyword_number or 0) if keyword_number is None else keyword_number
        return AnalysisRule.chosen(
            indexing,
            dictionary=self.dictionary if dictionary is None else dictionary,
            synonyms=self.synonyms if synonyms is None else synonyms,
            keyword_number=number,
        )

    @staticmethod
    def from_settings(settings: Mapping[str, Any]) -> AnalysisRule:
        """The rule stored by `as_settings`."""
        return AnalysisRule(
            dictionary=tuple(settings.get("dictionary", ())),
            synonyms=tuple(map(tuple, settings.get("synonyms", ()))),
            keyword_number=settings.get("keyword_number"),
        )

    def as_settings(self) -> dict[str, Any]:
        """What differs from the default, as JSON holds it."""
        return {name: value for name in NAMES if (value := getattr(self, name))}

    def analyzer(self) -> StandardAnalyzer:
        """Raises `InputError` naming a word that cannot be taken."""
        return StandardAnalyzer(dictionary=self.dictionary, synonyms=self.synonyms)

    def keywords(self, analyzer: Analyzer, text: str) -> tuple[str, ...]:
        """The words that stand for a chunk, heaviest first; none when every term counts."""
        if self.keyword_number is None:
            return ()
        from indexers.keywords import keywords

        return keywords(analyzer, text, self.keyword_number)

    def terms(self, analyzer: Analyzer, text: str, edited: Sequence[str] | None) -> Terms:
        """The terms to index of a chunk; `edited` are the keywords that a person gave it, None where none did.

        They take the place of those found in the text, or, where every term counts, come on top.
        """
        if self.keyword_number is None:
            return analyzer.document_terms("\n".join([text, *edited]) if edited else text)
        from indexers.keywords import keyword_terms

        chosen = self.keywords(analyzer, text) if edited is None else edited
        return keyword_terms(analyzer, text, chosen)


def checked_keywords(words: Iterable[str]) -> tuple[str, ...]:
    """Keywords that a person gives a chunk, without repetitions. Raises `InputError` for what cannot be one."""
    chosen = tuple(dict.fromkeys(word.strip() for word in words))
    for word in chosen:
        if not 0 < len(word) <= KEYWORD_CHARACTERS:
            raise InputError(f"{word!r} is not a keyword; allowed: 1 to {KEYWORD_CHARACTERS} characters")
    if len(chosen) > KEYWORDS:
        raise InputError(f"{len(chosen)} keywords are too many for one chunk; allowed: up to {KEYWORDS}")
    return chosen
