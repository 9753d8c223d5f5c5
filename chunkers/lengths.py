"""What lengths are measured in: characters, words, a model's tokens, or what a function says."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from chunkers.borders import UNSPACED
from chunkers.tokens import TOKENS, token_counter
from knowledge.errors import InputError

Measure = Callable[[str], int]
"""The length of a text. May be non-monotone: a longer text may measure less, as with tokenizers."""
Length = str | Measure
"""`characters`, `words`, `tokens:PATH` of a tokenizer.json, or a measure."""

_WORD = re.compile(rf"[{UNSPACED}]|[^\s{UNSPACED}]+")


def count_words(text: str) -> int:
    """Words between spaces; each Chinese or Japanese character is a word, as word processors count."""
    return len(_WORD.findall(text))


def checked_length(length: Length) -> Length:
    """`length` itself. Raises `InputError` when it names no way of measuring."""
    if callable(length) or length in ("characters", "words"):
        return length
    if not isinstance(length, str) or not length.startswith(TOKENS):
        raise InputError(
            f"unknown length {length!r}; allowed: characters, words, tokens:PATH of a tokenizer.json, a function"
        )
    tokenizer_file(length)
    return length


def tokenizer_file(length: str) -> Path:
    """The file that `tokens:PATH` names. Raises `InputError` when it is not there."""
    path = Path(length.removeprefix(TOKENS))
    if not path.is_file():
        raise InputError(f"no tokenizer file for length {length!r}; give the path of a tokenizer.json")
    return path


def with_whole_path(length: str) -> str:
    """`length`, which names its tokenizer by a path that means the same from every folder."""
    return TOKENS + os.path.abspath(length.removeprefix(TOKENS)) if length.startswith(TOKENS) else length


def measure_of(length: Length) -> Measure:
    """The function that measures."""
    if callable(length):
        return length
    if length.startswith(TOKENS):
        return token_counter(length.removeprefix(TOKENS))
    return count_words if length == "words" else len
