"""Says which stretches of a text are within a limit, by arithmetic or with few calls of a measure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from functools import lru_cache
from typing import Final, Protocol

from chunkers.lengths import Length, Measure, measure_of
from chunkers.tokens import TokenCounter
from knowledge.errors import InputError

_SAMPLE: Final = 10_000
"""Characters whose measure tells how many characters a unit has on average."""
_REMEMBERED: Final = 8


class Ruler(Protocol):
    """Says which stretches of one text are within a limit."""

    tiny: int
    """Below this many characters a passage says too little to be found by."""

    def reach(self, start: int) -> int:
        """The last position such that the text from `start` to there is within the limit."""
        ...

    def fits(self, start: int, end: int) -> bool: ...

    def back(self, end: int, amount: int) -> int:
        """The first position such that the text from there to `end` measures at most `amount`."""
        ...

    def shorter(self, start: int, end: int) -> int:
        """Where to try next, before `end`, when the text from `start` to `end` is too long."""
        ...


def ruler(text: str, length: Length, limit: int) -> Ruler:
    if length == "characters":
        return Characters(text, limit)
    measure = measure_of(length)
    if isinstance(measure, TokenCounter):
        return Tokens(text, measure, limit)
    return Measured(text, measure, limit)


class Characters:
    """Lengths are differences of positions."""

    def __init__(self, text: str, limit: int) -> None:
        self._end = len(text)
        self._limit = limit
        self.tiny = tiny_length(limit)

    def reach(self, start: int) -> int:
        reach = start + self._limit
        return reach if reach < self._end else self._end

    def fits(self, start: int, end: int) -> bool:
        return end - start <= self._limit

    def back(self, end: int, amount: int) -> int:
        return max(end - amount, 0)

    def shorter(self, start: int, end: int) -> int:
        return min(start + self._limit, end - 1)


class Measured:
    """Lengths come from a function, which is called on stretches about as long as the limit."""

    def __init__(self, text: str, measure: Measure, limit: int) -> None:
        self._text = text
        self._measure = measure
        self._limit = limit
        sample = text[:_SAMPLE]
        self._characters_per_unit = max(len(sample), 1) / max(measure(sample), 1)
        self.tiny = tiny_length(self._expected(limit))
        self._remembered_reach = lru_cache(maxsize=_REMEMBERED)(self._reach)

    def reach(self, start: int) -> int:
        return self._remembered_reach(start)

    def fits(self, start: int, end: int) -> bool:
        if end - start > 2 * self._expected(self._limit):
            return self.reach(start) >= end
        return self._measure(self._text[start:end]) <= self._limit

    def back(self, end: int, amount: int) -> int:
        return end - self._longest(lambda size: self._measure(self._text[end - size : end]), amount, end)

    def shorter(self, start: int, end: int) -> int:
        measured = self._measure(self._text[start:end])
        if end - start == 1 and measured > self._limit:
            raise InputError(
                f"{self._text[start:end]!r} alone measures {measured}, more than the limit {self._limit};"
                " give a length that counts it for less"
            )
        return min(max(start + (end - start) * self._limit // max(measured, 1), start + 1), end - 1)

    def _reach(self, start: int) -> int:
        return start + self._longest(
            lambda size: self._measure(self._text[start : start + size]), self._limit, len(self._text) - start
        )

    def _expected(self, units: int) -> int:
        """The characters that so many units are likely to have."""
        return max(round(units * self._characters_per_unit), 1)

    def _longest(self, measured: Callable[[int], int], limit: int, available: int) -> int:
        """The largest size up to `available` with `measured(size) <= limit`, if that grows with the size.

        Two guesses by proportion come close; from there steps that double, then halving.
        """
        fits, fails = 0, available + 1
        guess = min(self._expected(limit), available)
        step = max(round(self._characters_per_unit), 1)
        proportional = 2
        while fails - fits > 1:
            units = measured(guess)
            fits, fails = (guess, fails) if units <= limit else (fits, guess)
            if proportional and units:
                proportional -= 1
                guess = min(max(round(guess * limit / units), fits + 1), fails - 1)
                continue
            guess = fits + step if units <= limit else fails - step
            step *= 2
            if not fits < guess < fails:
                guess = (fits + fails) // 2
        return fits


class Tokens(Measured):
    """The tokens of the whole text say how far to go; a passage's own are counted once, when it is chosen."""

    def __init__(self, text: str, measure: TokenCounter, limit: int) -> None:
        super().__init__(text, measure, limit)
        self._ends = measure.ends(text)

    def reach(self, start: int) -> int:
        last = bisect_right(self._ends, start) + self._limit - 1
        return self._ends[last] if last < len(self._ends) else len(self._text)

    def fits(self, start: int, end: int) -> bool:
        tokens = bisect_left(self._ends, end) - bisect_right(self._ends, start)
        return tokens <= 2 * self._limit and super().fits(start, end)

    def back(self, end: int, amount: int) -> int:
        before = bisect_right(self._ends, end) - amount - 1
        return self._ends[before] if before >= 0 else 0


def tiny_length(limit: int) -> int:
    """Below this a passage says too little to be found by."""
    return limit // 4
