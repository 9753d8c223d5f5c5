"""Reads delimiters as users type them: a few escapes are understood, once, and all else is literal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from knowledge.errors import InputError

_ESCAPE = re.compile(
    r"\\(?:([ntr\\])|u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4}))"
)
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
    if "" in delimiters:
        raise InputError(f"a delimiter must not be empty, got {list(delimiters)!r}; leave the empty one out")
    return tuple(delimiters)
