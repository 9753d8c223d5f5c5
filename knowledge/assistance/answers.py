"""Reads the one JSON object out of what a language model answered, or says what is wrong with it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from typing import Any, Final, NoReturn

from knowledge.errors import LanguageModelError
from knowledge.queries import says_something

MOST_CHARACTERS: Final = 1000
"""Of a question that a model writes."""
_EXCERPT: Final = 80
_THOUGHTS: Final = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
"""What models that think aloud write first."""
_FENCED: Final = re.compile(r"```\w*[ \t]*\n(.*?)\n[ \t]*```", re.DOTALL)


def object_in(answer: str, names: Collection[str]) -> dict[str, Any]:
    """The JSON object that the answer is, alone or in its one code block; it has no other names than these.

    Raises `LanguageModelError` with a reason.
    """
    text = _THOUGHTS.sub("", answer).strip()
    blocks = _FENCED.findall(text)
    try:
        value = json.loads(
            blocks[0] if len(blocks) == 1 else text, object_pairs_hook=_unique, parse_constant=_no_number
        )
    except (ValueError, RecursionError):
        raise _unusable(text, "is not one JSON object") from None
    if not isinstance(value, dict):
        raise _unusable(text, "is not one JSON object")
    if unknown := sorted(set(value) - set(names)):
        raise _unusable(text, f"has the unknown name {unknown[0]!r}")
    return value


def question_in(value: object) -> str:
    """A question that a model wrote, on one line. Raises `LanguageModelError`."""
    text = " ".join(value.split()) if isinstance(value, str) else ""
    if not text.isprintable() or not says_something(text) or len(text) > MOST_CHARACTERS:
        raise _unusable(repr(value), "holds no question")
    return text


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Of a name that stands twice nobody knows which value is meant."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


def _unusable(text: str, why: str) -> LanguageModelError:
    shown = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return LanguageModelError(f"the model's answer {why}: {shown[:_EXCERPT] or 'nothing'!r}")
