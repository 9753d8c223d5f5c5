"""Repairs what PDF readers get wrong in scripts that run from right to left."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_LATIN = re.compile(r"[A-Za-z]")
_SAMPLE: Final = 4_000
_LAM_ALEF = re.compile("([\u0622\u0623\u0625\u0627])(\u0644)")
_NO_SPACE = re.compile("(?<=[A-Za-z])(?=[\u0621-\u064a])|(?<=[\u0621-\u064a])(?=[A-Za-z])")


def is_right_to_left(text: str) -> bool:
    """Whether most letters at the beginning of `text` are of such a script."""
    sample = text[:_SAMPLE]
    if sample.isascii() or _RIGHT_TO_LEFT.search(sample) is None:
        return False
    return len(_RIGHT_TO_LEFT.findall(sample)) > len(_LATIN.findall(sample))


def mended(text: str, edges: Callable[[int], tuple[float, float]]) -> str:
    """`text`, as long as before, with the letters of lam-alef ligatures in logical order.

    The reader turns the letters of a right-to-left run around one by one, those of a ligature too. A ligature
    is told by its letters having one place: `edges` gives the left and right edge of the character at a position.
    """

    def turned(match: re.Match[str]) -> str:
        alef, lam = match.groups()
        return lam + alef if edges(match.start()) == edges(match.start() + 1) else match.group()

    return _LAM_ALEF.sub(turned, text)


def spaced(text: str) -> str:
    """`text` with a space where Arabic meets a Latin word: the reader puts it on the wrong side of the word."""
    return _NO_SPACE.sub(" ", text) if not text.isascii() else text
