"""Guesses the legacy encoding of bytes: the one in which they read most like a language written with it.

Each candidate is scored by the likelihood of its text: how frequent its letters are in the language, and what
follows what. A declared encoding in which the text is as likely as texts are need not be compared with the others.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import Final

from extractors.encodings.candidates import CANDIDATES, Candidate, canonical
from extractors.encodings.frequencies import TYPOGRAPHY
from extractors.encodings.junctions import junctions
from extractors.encodings.likelihood import likelihoods

SAMPLE_BYTES: Final = 2048
CERTAIN_LEAD: Final = 3.0
"""Lead of the best over the next reading of the bytes, as a logarithm, from which a guess is not called uncertain."""
_DECLARED_LEAD: Final = 4.0
_DECLARED_LEAD_PER_BYTE: Final = 0.5
_FEWEST: Final = 8
"""Characters above ASCII from which a declared encoding may be believed at once …"""
_LESS_THAN_USUAL: Final = 0.5
"""… when the mean of their likelihoods, as a logarithm, is no further below that of texts in its languages."""
_WORD_FROM_FIRST_LETTER = re.compile(rb"[\x80-\xff][^\x00-\x20]*")
_WORDS_BEFORE = re.compile(rb"(?:[A-Za-z]+[ .,\n]+){0,4}[^\x00-\x20]*\Z")
_WORDS_AFTER = re.compile(rb"(?:[ .,\n]+[A-Za-z]++(?![^\x00-\x20])){0,4}")
_NEIGHBOURHOOD: Final = 60
"""Bytes before and after a word with letters above ASCII: up to four words there tell something of the language."""
_HIGH: Final = bytes(range(128, 256))
_SIGNS = re.compile(rf"[\x00-\x7f{TYPOGRAPHY}]+")
"""Occur in all languages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    encoding: str
    is_certain: bool


def guess(data: bytes, declared: str | None = None) -> Guess:
    """The encoding in which `data` reads best. A `declared` one wins unless the bytes speak against it."""
    sample = _sample(data)
    wanted = canonical(declared)
    if wanted in CANDIDATES:
        if _reads_well(sample, CANDIDATES[wanted]):
            return Guess(encoding=wanted, is_certain=True)
    elif wanted is not None and _decodes(sample, wanted):
        return Guess(encoding=wanted, is_certain=True)
    scores = _best_scores(sample, wanted)
    best = max(scores, key=lambda encoding: scores[encoding])
    text = sample.decode(best, "replace")
    others = (score for encoding, score in scores.items() if sample.decode(encoding, "replace") != text)
    lead = scores[best] - max(others, default=-math.inf)
    return Guess(encoding=best, is_certain=lead >= CERTAIN_LEAD)


def _best_scores(sample: bytes, wanted: str | None) -> dict[str, float]:
    """The logarithms of the likelihoods of `sample`, up to what is the same for all, of what may be best or close.

    What stands next to what can only take from a score, so the letters alone tell which need no closer look.
    """
    counts = Counter(sample)
    most = {name: _letters(sample, counts, candidate) for name, candidate in CANDIDATES.items()}
    if wanted in most:
        high_bytes = len(sample) - len(sample.translate(None, _HIGH))
        most[wanted] += _DECLARED_LEAD + _DECLARED_LEAD_PER_BYTE * high_bytes
    scores: dict[str, float] = {}
    for encoding in sorted(most, key=lambda encoding: -most[encoding]):
        if most[encoding] + CERTAIN_LEAD < max(scores.values(), default=-math.inf):
            break
        scores[encoding] = most[encoding] + junctions(sample, CANDIDATES[encoding])
    return scores


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


def _reads_well(sample: bytes, candidate: Candidate) -> bool:
    """Whether the characters above ASCII are about as likely as they are in texts written with `candidate`."""
    characters = _SIGNS.sub("", sample.decode(candidate.encoding, "replace"))
    number = len(characters)
    if number < _FEWEST:
        return False
    counts = Counter(characters)
    above_usual = max(
        language.of(counts, counts.values()) / number - language.usual for language in likelihoods(candidate)
    )
    return above_usual + junctions(sample, candidate) / number >= -_LESS_THAN_USUAL


def score(sample: bytes, candidate: Candidate) -> float:
    """The logarithm of the likelihood of `sample`, read as `candidate`."""
    return _letters(sample, Counter(sample), candidate) + junctions(sample, candidate)


def _letters(sample: bytes, counts: Counter[int], candidate: Candidate) -> float:
    """The likelihood of the characters of `sample`, whatever their order, in the language that fits best.

    `counts` of its bytes are those of its characters in a single-byte set.
    """
    if candidate.rows:
        found = Counter(sample.decode(candidate.encoding, "replace"))
        characters, times = "".join(found), list(found.values())
    else:
        characters, times = bytes(counts).decode(candidate.encoding, "replace"), list(counts.values())
    return max(language.of(characters, times) for language in likelihoods(candidate)) - candidate.rarity
