"""Reads delimiters as users type them: literal but for a few escapes, or a regular expression after `re:`."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from chunkers.borders import Finder, last_after
from knowledge.errors import InputError

_ESCAPE = re.compile(
    r"\\(?:([ntr\\])|u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4}))"
)
_PATTERN: Final = "re:"
_PLAIN: Final = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\"}


def decode_delimiter(written: str) -> str:
    r"""The string meant by `written`: `\n \t \r \\ \uXXXX` are escapes, every other character is itself."""
    return _ESCAPE.sub(_meant, written)


def _meant(escape: re.Match[str]) -> str:
    plain, high, low, unit = escape.groups()
    if plain:
        return _PLAIN[plain]
    if high:
        return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00)
    return chr(int(unit, 16))


def checked_delimiters(delimiters: Sequence[str]) -> tuple[str, ...]:
    """`delimiters` as a tuple. Raises `InputError` when one could never cut anything."""
    if isinstance(delimiters, str) or not all(isinstance(delimiter, str) for delimiter in delimiters):
        raise InputError(
            f"delimiters must be a list of strings, got {delimiters!r}; give for example ['\\n']"
        )
    for delimiter in delimiters:
        if delimiter in ("", _PATTERN):
            raise InputError(
                f"a delimiter must not be empty, got {list(delimiters)!r}; leave the empty one out"
            )
        pattern_of(delimiter)
    return tuple(delimiters)


def is_layout(delimiter: str) -> bool:
    """Whether it is white space only: the layout of the text rather than its words."""
    return not delimiter.startswith(_PATTERN) and decode_delimiter(delimiter).isspace()


def pattern_of(delimiter: str) -> re.Pattern[str]:
    """What matches `delimiter`; in `re:PATTERN`, ^ and $ match at every line. Raises `InputError`."""
    if not delimiter.startswith(_PATTERN):
        return re.compile(re.escape(decode_delimiter(delimiter)))
    try:
        return re.compile(delimiter.removeprefix(_PATTERN), re.MULTILINE)
    except (re.error, OverflowError, RecursionError) as error:
        raise InputError(
            f"delimiter {delimiter!r} is no regular expression: {error}; mend it, or leave out re: for a literal one"
        ) from error


def last_end(delimiter: str, text: str) -> Finder:
    """Finds the end of the last `delimiter` in `text`."""
    if delimiter.startswith(_PATTERN):
        return _last_of(array("Q", (found.end() for found in pattern_of(delimiter).finditer(text))))
    return last_after(decode_delimiter(delimiter))


def _last_of(positions: Sequence[int]) -> Finder:
    def last(_text: str, low: int, high: int) -> int:
        index = bisect_right(positions, high) - 1
        return positions[index] if index >= 0 and positions[index] > low else -1

    return last


class Droppable:
    """The delimiters of a text that are left out at either end of a passage."""

    def __init__(self, delimiters: Iterable[str], text: str) -> None:
        spans = sorted({span for delimiter in delimiters for span in _visible(pattern_of(delimiter), text)})
        self._starts = [start for start, _ in spans]
        self._ends = [end for _, end in spans]
        self._end_at = dict(spans)
        self._start_at = {end: start for start, end in reversed(spans)}

    def skip(self, position: int) -> int:
        """`position`, or the end of the longest delimiter that begins there."""
        return self._end_at.get(position, position)

    def trim(self, position: int) -> int:
        """`position`, or the start of the longest delimiter that ends there."""
        return self._start_at.get(position, position)

    def around(self, position: int) -> int:
        """`position`, or the end of a delimiter that it would cut."""
        index = bisect_left(self._starts, position) - 1
        return max(position, self._ends[index]) if index >= 0 else position


def _visible(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    return (found.span() for found in pattern.finditer(text) if found[0].strip())
