"""The text of a question as it is searched: not longer than it may be, and without what is no text."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from knowledge.configuration import setting

_NO_TEXT: Final = "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"
"""Control characters that are no white space."""


def readable(query: str) -> tuple[str, tuple[str, ...]]:
    """The question as it is searched, and a warning for each thing that was done to it.

    Beyond `query_characters` it is cut. Control characters and lone surrogates, which no model, index or database
    takes for text, count as spaces.
    """
    limit = setting("query_characters")
    if len(query) <= limit and query.isprintable():
        return query, ()
    warnings = []
    if len(query) > limit:
        warnings.append(
            f"only the first {limit:,} of {len(query):,} characters of the query were searched (query_characters)"
        )
    text = re.sub(f"[{_NO_TEXT}]", " ", query[:limit])
    if re.search("[\ud800-\udfff]", text):
        warnings.append("the query holds bytes that are no text; check its encoding")
        text = re.sub("[\ud800-\udfff]", " ", text)
    return text, tuple(warnings)


def says_something(text: str) -> bool:
    """Whether it holds a letter, a digit or a pictograph: punctuation and white space alone ask nothing."""
    return any(map(str.isalnum, text)) or (
        not text.isascii() and any(unicodedata.category(sign) == "So" for sign in text)
    )
