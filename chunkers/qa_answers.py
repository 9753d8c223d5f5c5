"""Reads the question-answer pairs out of what a language model answered, or says what is wrong with it.

An answer counts as a whole or not at all: of one that is broken in the middle nobody knows what is missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from knowledge.errors import LanguageModelError

WrittenPair = tuple[str, str]
"""Question and answer, neither of them empty."""

_EXCERPT: Final = 80
_THOUGHTS: Final = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
"""What models that think aloud write first."""
_JSON: Final = re.compile(r'(?:\A|```(?:json)?)\s*(?=[{\[])|(?=\{\s*"pairs"\s*:)', re.IGNORECASE)
_FENCED: Final = re.compile(r"```\w*[ \t]*\n(?P<inside>.*?)\n[ \t]*```", re.DOTALL)
_QUESTION: Final = "Questions?|QUESTION|Q|问题|问|問題|問い?|質問"
_ANSWER: Final = "Answers?|ANSWER|A|答案|回答|答え|答"
_MARK: Final = re.compile(
    rf"^[ \t>#*_-]{{0,9}}(?:(?P<question>{_QUESTION})|(?:{_ANSWER}))[ \t]?\d{{0,3}}[*_]{{0,3}}[ \t]?[:：][*_]{{0,3}}"
    r"|(?<=[?？。.!！\s])(?:A|答)\d{1,3}[:：]",
    re.MULTILINE,
)
"""`Q1:`, `A1：`, `**问题1**：`, `答:` … at the start of a line; an answer with its number also after its question."""


def pairs_in(answer: str) -> list[WrittenPair]:
    """The pairs of `{"pairs": [{"question": …, "answer": …}]}`, of such a list alone, or of lines `Q1:` `A1:`.

    In order, at least one. Raises `LanguageModelError` with a reason.
    """
    text = _THOUGHTS.sub("", answer)
    begin = _JSON.search(text)
    entries = _pairs_of_json(text, begin.end()) if begin else _pairs_of_lines(text)
    pairs = [_checked(number, *entry) for number, entry in enumerate(entries, 1)]
    if not pairs:
        raise LanguageModelError("the model found nothing to ask about it")
    return pairs


def _pairs_of_json(text: str, begin: int) -> list[tuple[Any, Any]]:
    try:
        value, end = json.JSONDecoder().raw_decode(text, begin)
    except (ValueError, RecursionError):
        raise _unusable(text, "is no valid JSON") from None
    if _JSON.search(text, end):
        raise _unusable(text, "holds more than one JSON value")
    entries = value.get("pairs") if isinstance(value, dict) else value
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise _unusable(text, "is JSON without a list of pairs")
    return [(entry.get("question"), entry.get("answer")) for entry in entries]


def _pairs_of_lines(text: str) -> list[tuple[str, str]]:
    fenced = _FENCED.search(text)
    text = fenced["inside"] if fenced else text
    marks = list(_MARK.finditer(text))
    if not marks:
        raise _unusable(text, "holds no question-answer pairs")
    takes_turns = all(bool(mark["question"]) == (at % 2 == 0) for at, mark in enumerate(marks))
    if len(marks) % 2 or not takes_turns:
        raise _unusable(text, "has a question without an answer, or an answer without a question")
    parts = list(_between(text, marks))
    return list(zip(parts[::2], parts[1::2], strict=True))


def _between(text: str, marks: Sequence[re.Match[str]]) -> Iterator[str]:
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    for mark, end in zip(marks, ends, strict=True):
        yield text[mark.end() : end].strip(" \t\r\n*_")


def _checked(number: int, question: object, answer: object) -> WrittenPair:
    for what, half in (("question", question), ("answer", answer)):
        if not isinstance(half, str) or not half.strip():
            raise LanguageModelError(f"pair {number} of the model's answer has no {what}")
        try:
            half.encode()
        except UnicodeEncodeError:
            raise LanguageModelError(
                f"the {what} of pair {number} of the model's answer is no valid Unicode"
            ) from None
    return " ".join(str(question).split()), str(answer).strip()


def _unusable(text: str, why: str) -> LanguageModelError:
    shown = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return LanguageModelError(f"the model's answer {why}: {shown[:_EXCERPT] or 'nothing'!r}")
