"""Joins lines of a PDF into running text, and decides which hyphens at their ends belong to the word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Final

from extractors.cleaning import fold, join

_HYPHENS: Final = ("-", "\u2010")
_END = re.compile(r"(?<![^\W\d_])((?:[^\W\d_]+[-\u2010])*)([^\W\d_]{2,})[-\u2010]\Z")
_TAIL: Final = 40
"""Characters at the end of a line that hold its last word."""
_START = re.compile(r"[^\W\d_]+")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_KEPT: Final = frozenset("all cross ex full half high long low non open self short well".split())
"""First parts that English keeps apart; other hyphens at line ends are mostly the typesetter's."""


class Hyphens:
    """Knows the words of a document as they are spelled within its lines."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = lines

    def text(self, lines: Sequence[str]) -> str:
        """Lines of one paragraph as one: broken words are mended, wide scripts get no space."""
        pieces = list(lines[:1])
        for line in lines[1:]:
            both = self.join(pieces[-1], line)
            pieces[-1:] = [both[: len(both) - len(line)], line]
        whole = "".join(pieces)
        # Most texts need no folding, and finding that out takes a tenth of the time.
        return whole.strip() if whole.isprintable() and "  " not in whole else fold(whole)

    def join(self, first: str, second: str) -> str:
        """Always ends with `second`."""
        broken = _END.search(first[-_TAIL:]) if first[-1:] in _HYPHENS else None
        rest = _START.match(second) if broken else None
        if broken is None or rest is None:
            return join(first, second)
        is_kept = bool(broken[1]) or self._is_kept(broken[2], rest[0])
        return first + second if is_kept else first[:-1] + second

    def _is_kept(self, first: str, second: str) -> bool:
        if f"{first}-{second}".lower() in self._words:
            return True
        if f"{first}{second}".lower() in self._words:
            return False
        return not second[0].islower() or first.lower() in _KEPT

    @cached_property
    def _words(self) -> frozenset[str]:
        # Most words come often: what white space parts is told apart first, which is much faster.
        spellings = {spelling for line in self._lines for spelling in line.split()}
        return frozenset(_WORD.findall(" ".join(spellings).lower().replace("\u2010", "-")))
