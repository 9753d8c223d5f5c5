"""Counts the tokens of a tokenizer.json, and knows where each token of a text ends."""

from __future__ import annotations

import re
from array import array
from functools import lru_cache
from typing import Any, Final

from knowledge.errors import InputError, MissingDependency

TOKENS: Final = "tokens:"
"""What a length begins with that names a tokenizer.json."""

_WINDOW = re.compile(r"(?s:.){1,20000}(?=\s|\Z)|(?s:.){1,20000}")
"""What is tokenized at a time: the memory for its offsets is a hundred times that of the text."""


class TokenCounter:
    """The length of a text in tokens, special ones not counted."""

    def __init__(self, tokenizer: Any) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer

    def __call__(self, text: str) -> int:
        return len(self._tokenizer.encode(text, add_special_tokens=False))

    def ends(self, text: str) -> array[int]:
        """Where the tokens end, in order. The tokens of a part of the text may differ a little at its borders."""
        ends = array("Q")
        for window in _WINDOW.finditer(text):
            encoded = self._tokenizer.encode(window[0], add_special_tokens=False)
            ends.extend(window.start() + end for _, end in encoded.offsets)
        return ends


@lru_cache(maxsize=4)
def token_counter(path: str) -> TokenCounter:
    """Raises `InputError` for a file that is no tokenizer, `MissingDependency` without the package."""
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise MissingDependency(f"length tokens:{path}", "pip install tokenizers") from error
    try:
        tokenizer = Tokenizer.from_file(path)
    except Exception as error:  # the vendor raises nothing narrower
        raise InputError(f"{path} is no tokenizer.json: {error}; give the path of one") from error
    return TokenCounter(tokenizer)
