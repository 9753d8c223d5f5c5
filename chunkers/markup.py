"""Reads the plain text of one line of Markdown: what a reader sees, without marks, link targets and tags.

No pattern can match the same text in two ways or look past its own kind of mark, so the time is linear.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Final

from chunkers.addresses import LINK_TARGET

# Only elements that HTML has: `List<String>` is meant as it stands.
_ELEMENTS: Final = (
    "a|abbr|b|bdi|big|center|cite|code|del|details|dfn|div|em|font|h[1-6]|hr|i|img|input|ins|kbd|mark|p"
    "|picture|q|s|samp|small|source|span|strike|strong|sub|summary|sup|svg|tt|u|var|wbr"
)
_CODE: Final = r"(?<!`)(?P<marks>`+)(?!`)(?P<code>(?:[^`]|(?<!`)`(?!`))+?)(?<!`)(?P=marks)(?!`)"
_STAND_INS: Final = range(0xE000, 0xF900)
"""Characters without a meaning of their own, one for each literal while the marks are taken off."""
_STAND_IN = re.compile("[\ue000-\uf8ff]")
_ESCAPED: Final = r"\\(?P<escaped>[!-/:-@\[-`{-~])"
_ENTITY: Final = r"(?P<entity>&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)"
_LITERAL = re.compile(f"{_CODE}|{_ESCAPED}|{_ENTITY}|{_STAND_IN.pattern}")

_LABEL: Final = r"([^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*)"
# Beside letters and digits these would as likely be arithmetic or a name: 3*4*5, snake_case, __init__.
_STARS: Final = r"(?<!\*)(?!(?<=[0-9A-Za-z])\*+[0-9A-Za-z])(\*{1,3})(?![\s*])([^*]+)(?<!\s)\1(?!\*)"
_UNDERSCORES: Final = (
    r"(?<!\w)(?!__[a-z0-9]+(?:_[a-z0-9]+)*__)(_{1,3})(?![\s_])"
    r"((?:[^_]|(?<=[^\W_])_+(?=[^\W_]))+)(?<!\s)\1(?!\w)"
)
_REPLACEMENTS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"<!--[^<>]*-->"), ""),
    (re.compile(r"(?i)<br\s*/?>"), " "),
    (re.compile(rf"(?i)</?(?:{_ELEMENTS})(?:\s[^<>]*)?/?>"), ""),
    (re.compile(r"(?i)<([a-z][a-z0-9+.-]{1,31}:[^\s<>]*)>"), r"\1"),
    (re.compile(r"\[\^[^\[\]\s]+\]"), ""),
    (re.compile(rf"!?\[{_LABEL}\]{LINK_TARGET}"), r"\1"),
    (re.compile(rf"(?<!\w)!?\[{_LABEL}\]\[[^\[\]]*\]"), r"\1"),
    (re.compile(_STARS), r"\2"),
    (re.compile(_UNDERSCORES), r"\2"),
    (re.compile(r"(?<!~)~~(?![\s~])([^~]+)(?<!\s)~~(?!~)"), r"\1"),
)
_DEEPEST: Final = 4
"""How many marks around one another are taken off."""
_ANCHOR = re.compile(r"\{#[^\s{}]+\}\s*\Z")


def plain_text(written: str) -> str:
    """`written` without Markdown's inline marks; inline code, escapes and entities are taken literally.

    Lines of thousands of characters, which are no titles, stay as they are.
    """
    if len(written) > len(_STAND_INS):
        return written
    literals: list[str] = []
    text = _without_marks(_ANCHOR.sub("", _LITERAL.sub(_set_aside(literals), written)))
    return _STAND_IN.sub(lambda stand_in: literals[ord(stand_in[0]) - _STAND_INS.start], text)


def _set_aside(literals: list[str]) -> Callable[[re.Match[str]], str]:
    """Replaces each literal by its stand-in and appends it to `literals`."""

    def replacement(found: re.Match[str]) -> str:
        literals.append(found["code"] or found["escaped"] or unescape(found["entity"] or found[0]))
        return chr(_STAND_INS[len(literals) - 1])

    return replacement


def _without_marks(text: str) -> str:
    for _ in range(_DEEPEST):
        before = text
        for pattern, replacement in _REPLACEMENTS:
            text = pattern.sub(replacement, text)
        if text == before:
            break
    return text
