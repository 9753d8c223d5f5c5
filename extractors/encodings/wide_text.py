"""Tells UTF-16 without a mark and without any ASCII, such as one line of Chinese, from the legacy encodings.

With a space or the end of a line it would show by its zero bytes. Without, any two bytes are one character or two.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from extractors.encodings.candidates import CANDIDATES
from extractors.encodings.legacy_encodings import CERTAIN_LEAD, SAMPLE_BYTES, Guess, score
from extractors.encodings.likelihood import likelihoods

_ENCODINGS: Final = ("utf-16-le", "utf-16-be")
_RARITY: Final = CERTAIN_LEAD
"""By how much, as a logarithm, a legacy encoding is more likely before the bytes are looked at."""
_WRITTEN = tuple(candidate for candidate in CANDIDATES.values() if candidate.rows and not candidate.rarity)


def or_wide(data: bytes, found: Guess) -> Guess:
    """`found`, the guess for `data`, or UTF-16 where that reads much better; it is uncertain when they are close."""
    if len(data) % 2 or len(data) > SAMPLE_BYTES or found.encoding not in CANDIDATES:
        return found
    scores = {encoding: _score(data, encoding) for encoding in _ENCODINGS}
    best = max(_ENCODINGS, key=lambda encoding: scores[encoding])
    lead = scores[best] - score(data, CANDIDATES[found.encoding])
    if lead > _RARITY:
        return Guess(encoding=best, is_certain=lead > _RARITY + CERTAIN_LEAD)
    return Guess(encoding=found.encoding, is_certain=found.is_certain and lead < _RARITY - CERTAIN_LEAD)


def _score(data: bytes, encoding: str) -> float:
    """The likelihood of the characters in the language of an everyday set that fits best."""
    counts = Counter(data.decode(encoding, "replace"))
    return max(likelihoods(candidate)[0].of(counts, counts.values()) for candidate in _WRITTEN)
