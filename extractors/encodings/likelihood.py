"""How likely the characters of a text are in a language, as logarithms: what tells one encoding from another."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache
from operator import mul
from typing import Final

from extractors.encodings import frequencies as known
from extractors.encodings.candidates import Candidate

_ASCII_SIGN: Final = math.log(0.02)
_TYPOGRAPHIC: Final = math.log(0.01)
_STRANGE: Final = math.log(0.0003)
"""Of a letter that the language does not have, or a rare sign."""
_CAPITAL: Final = -0.5
_IMPOSSIBLE: Final = -15.0
_FAMILIAR_SHARE: Final = 0.6
_EVERYDAY_SHARE: Final = 0.35
_CELLS_IN_ROW: Final = 94
_AMONG_OTHER_SCRIPTS: Final = "English"
"""The language of Latin letters in a text of another script."""
_FOREIGN_SHARE: Final = 0.5
_RARE_CHARACTER: Final = math.log(0.05 / 20_000)


class Likelihoods(dict[str, float]):
    """Character → its likelihood, worked out when it is first asked for."""

    usual: float
    """The mean for the characters above ASCII of a text."""

    def of(self, characters: Iterable[str], counts: Iterable[int]) -> float:
        """The likelihood of a text that has each of the characters so many times."""
        return math.fsum(map(mul, counts, map(self.__getitem__, characters)))

    def __missing__(self, character: str) -> float:
        self[character] = found = self._worked_out(character)
        return found

    def _worked_out(self, character: str) -> float:
        raise NotImplementedError


@cache
def likelihoods(candidate: Candidate) -> tuple[Likelihoods, ...]:
    """One for each language that is written with an encoding; a double-byte set has one for all its characters."""
    return (_CharacterSet(candidate),) if candidate.rows else tuple(map(_alphabet, candidate.languages))


class _Alphabet(Likelihoods):
    """Of a language with an alphabet."""

    def __init__(self, language: str) -> None:
        shares = dict(known.letter_shares(language))
        above = [share for letter, share in shares.items() if letter > "\x7f"]
        self.usual = sum(share * math.log(share) for share in above) / sum(above)
        if "e" not in shares:
            foreign = known.letter_shares(_AMONG_OTHER_SCRIPTS)
            shares |= {letter: share * _FOREIGN_SHARE for letter, share in foreign.items()}
        self._letters = {letter: math.log(share) for letter, share in shares.items()}
        super().__init__(self._letters)

    def _worked_out(self, character: str) -> float:
        small = self._letters.get(character.lower())
        if small is not None:
            return small + _CAPITAL
        if character in known.TYPOGRAPHY:
            return _TYPOGRAPHIC
        if _is_impossible(character):
            return _IMPOSSIBLE
        return _STRANGE if character > "\x7f" or character.isalpha() else _ASCII_SIGN


_alphabet = cache(_Alphabet)


class _CharacterSet(Likelihoods):
    """Of what is written in a double-byte set."""

    def __init__(self, candidate: Candidate) -> None:
        self._encoding = candidate.rows
        self._rows = known.EVERYDAY_ROWS[candidate.rows]
        familiar = math.log(_FAMILIAR_SHARE / len(candidate.familiar))
        self._everyday = math.log(_EVERYDAY_SHARE / (len(self._rows) * _CELLS_IN_ROW))
        rare_share = 1 - _FAMILIAR_SHARE - _EVERYDAY_SHARE
        self.usual = (
            _FAMILIAR_SHARE * familiar + _EVERYDAY_SHARE * self._everyday + rare_share * _RARE_CHARACTER
        )
        super().__init__(dict.fromkeys(candidate.familiar, familiar))

    def _worked_out(self, character: str) -> float:
        if character <= "\x7f":
            return _alphabet(_AMONG_OTHER_SCRIPTS)[character]
        if _is_impossible(character):
            return _IMPOSSIBLE
        encoded = character.encode(self._encoding, errors="ignore")
        if len(encoded) == 1:
            return _STRANGE
        return self._everyday if len(encoded) == 2 and encoded[0] in self._rows else _RARE_CHARACTER


def _is_impossible(character: str) -> bool:
    return character == "\ufffd" or "\x80" <= character < "\xa0" or "\ue000" <= character < "\uf900"
