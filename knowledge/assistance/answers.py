"""Reads the one JSON object out of what a language model answered, or says what is wrong with it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from typing import Any, Final, NoReturn

from knowledge.errors import LanguageModelError
from knowledge.queries import readable, says_something

MOST_CHARACTERS: Final = 1000
"""Of a question that a model writes, unless the one that was asked is longer."""
MOST_OF_ANSWER: Final = 1_000_000
"""Characters: more than eight of the longest questions take, however they are escaped."""
_EXCERPT: Final = 80
_THOUGHTS: Final = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
"""What models that think aloud write first."""
_FENCE: Final = "```"


def object_in(answer: str, names: Collection[str]) -> dict[str, Any]:
    """The JSON object that the answer is, alone or in its one code block; it has no other names than these.

    Raises `LanguageModelError` with a reason.
    """
    if len(answer) > MOST_OF_ANSWER:
        raise _unusable(answer[:_EXCERPT], f"has more than {MOST_OF_ANSWER:,} characters")
    text = _THOUGHTS.sub("", answer).strip()
    try:
        value = json.loads(_unfenced(text), object_pairs_hook=_unique, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise _unusable(text, "is not one JSON object") from None
    if not isinstance(value, dict):
        raise _unusable(text, "is not one JSON object")
    if unknown := sorted(set(value) - set(names)):
        raise _unusable(text, f"has the unknown name {unknown[0]!r}")
    return value


def _unfenced(text: str) -> str:
    """What stands between the first line that opens a code block and the last one that closes it; else all of it."""
    if text.startswith("{") or _FENCE not in text:
        return text
    _, _, after = text.partition(_FENCE)
    _, _, block = after.partition("\n")
    return block.rpartition(_FENCE)[0]


def question_in(value: object, asked: str) -> str:
    """A question that a model wrote in place of the one `asked`, on one line. Raises `LanguageModelError`."""
    text = " ".join(readable(value)[0].split()) if isinstance(value, str) else ""
    if not says_something(text) or len(text) > max(MOST_CHARACTERS, len(asked)):
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
