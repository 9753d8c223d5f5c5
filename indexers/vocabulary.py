"""The words of one knowledge base: its dictionary and its synonyms, checked, folded and made findable.

Entries are compared as they are searched: folded, so that 年假 and 年假 in full width or Year and year are one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple

from indexers.folding import fold
from knowledge.errors import InputError

ENTRIES: Final = 10_000
"""Of the dictionary, and of all synonyms together."""
ENTRY_CHARACTERS: Final = 64

_MARK: Final = "="
"""Begins the terms made here; no term of a text does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """Folded entries, in an order that does not depend on how they were given."""

    dictionary: tuple[str, ...] = ()
    synonyms: tuple[tuple[str, ...], ...] = ()

    @property
    def hash(self) -> str:
        """Twelve hexadecimal digits that change with any entry."""
        return sha256(json.dumps([self.dictionary, self.synonyms]).encode()).hexdigest()[:12]

    @property
    def entries(self) -> list[str]:
        return [*self.dictionary, *(member for group in self.synonyms for member in group)]


def vocabulary(dictionary: Iterable[str], synonyms: Iterable[Iterable[str]]) -> Vocabulary:
    """The checked entries. Raises `InputError` naming the first that cannot be taken."""
    words = sorted({_folded_entry("dictionary", word) for word in _several("dictionary", dictionary)})
    groups = sorted(_group(group) for group in _several("synonyms", synonyms))
    _check_number("dictionary", len(words))
    _check_number("synonyms", sum(map(len, groups)))
    return Vocabulary(dictionary=tuple(words), synonyms=tuple(groups))


class Phrase(NamedTuple):
    """What stands for a sequence of words."""

    term: str
    replaces: bool
    """In a question: a synonym stands for its words, a dictionary entry beside them."""


class Match(NamedTuple):
    start: int
    end: int
    phrase: Phrase


class Phrases:
    """Finds the sequences of words that a vocabulary names."""

    def __init__(self, phrases: Mapping[tuple[str, ...], Phrase]) -> None:
        self._phrases = phrases
        self._lengths: dict[str, list[int]] = {}
        for words in sorted(phrases, key=len, reverse=True):
            lengths = self._lengths.setdefault(words[0], [])
            if len(words) not in lengths:
                lengths.append(len(words))

    def matches(self, words: Sequence[str]) -> Iterator[Match]:
        """Every occurrence, in order of start, longer ones first."""
        for start, word in enumerate(words):
            for length in self._lengths.get(word, ()):
                phrase = self._phrases.get(tuple(words[start : start + length]))
                if phrase:
                    yield Match(start, start + length, phrase)

    def leftmost_longest(self, words: Sequence[str]) -> Iterator[Match]:
        """Occurrences that do not overlap."""
        free_from = 0
        for match in self.matches(words):
            if match.start >= free_from:
                free_from = match.end
                yield match


def phrases(
    entries: Vocabulary, user_words: Container[str], words_of: Callable[[str], Sequence[str]]
) -> Phrases:
    """Raises `InputError` for an entry without words and for one that is in two groups of synonyms."""
    found: dict[tuple[str, ...], Phrase] = {}
    for group in entries.synonyms:
        phrase = Phrase(_term(group[0]), replaces=True)
        for member in group:
            words = (member,) if member in user_words else _words("synonym", member, words_of)
            if found.setdefault(words, phrase) != phrase:
                raise InputError(
                    f"the synonym {member!r} is in two groups; put all that mean the same in one"
                )
    for entry in entries.dictionary:
        words = (entry,) if entry in user_words else _words("dictionary entry", entry, words_of)
        if entry not in words:
            found.setdefault(words, Phrase(_term(entry), replaces=False))
    return Phrases(found)


def _several(name: str, entries: Iterable[object]) -> list[object]:
    if isinstance(entries, str):
        raise InputError(f"{name} {entries!r} is a text; give a list of them")
    return list(entries)


def _group(group: object) -> tuple[str, ...]:
    if not isinstance(group, Iterable):
        raise InputError(f"{group!r} is no group of synonyms; give a list of words that mean the same")
    members = sorted({_folded_entry("synonyms", member) for member in _several("synonyms", group)})
    if len(members) < 2:
        raise InputError(f"the group of synonyms {members} needs two different words or more")
    return tuple(members)


def _folded_entry(name: str, entry: object) -> str:
    if not isinstance(entry, str):
        raise InputError(
            f"{name}: {entry!r} is no text; entries are words of 1 to {ENTRY_CHARACTERS} characters"
        )
    folded = " ".join(fold(entry).split())
    if not 0 < len(folded) <= ENTRY_CHARACTERS:
        raise InputError(
            f"{name}: {entry[:ENTRY_CHARACTERS]!r} has {len(folded)} characters; 1 to {ENTRY_CHARACTERS} are allowed"
        )
    return folded


def _check_number(name: str, number: int) -> None:
    if number > ENTRIES:
        raise InputError(f"{name}: {number} entries; at most {ENTRIES} are allowed")


def _words(name: str, entry: str, words_of: Callable[[str], Sequence[str]]) -> tuple[str, ...]:
    words = tuple(words_of(entry))
    if not words:
        raise InputError(f"the {name} {entry!r} holds nothing to search for: only function words or signs")
    return words


def _term(entry: str) -> str:
    return _MARK + entry.replace(" ", _MARK)
