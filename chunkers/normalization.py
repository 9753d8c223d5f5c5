"""Finds what Unicode normalisation changes, piece by piece, so that positions can be followed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal
from unicodedata import is_normalized, normalize

from chunkers.edits import Edit

Form = Literal["NFC", "NFKC"]
FORMS: Final = ("NFC", "NFKC")

# Characters that never combine with those before them: Latin, Cyrillic, kana, Chinese, Hangul, full-width forms.
# A text may be normalised in pieces that begin with one of these.
_QUIET: Final = "\x00-\x9f\u0400-\u0482\u048a-\u052f\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3"
_CHANGED_ALONE: Final = "\u00a0-\u02ff\uff01-\uff9d"
_PIECE = re.compile(rf"(?s:.)?[^{_QUIET}{_CHANGED_ALONE}]+|[{_CHANGED_ALONE}]")


def normalization(text: str, form: Form) -> Iterator[Edit]:
    """The edits that bring `text` into a normalization form of Unicode (Standard Annex 15)."""
    if is_normalized(form, text):
        return
    for piece in _PIECE.finditer(text):
        written = piece[0]
        if (normal := normalize(form, written)) != written:
            yield Edit(piece.start(), piece.end(), normal)
