"""Finds the places where text may be cut: paragraph, line, sentence, word and character borders.

A border is a position `p`: one passage ends before `text[p]`, another begins there. `last_…` finders return
the last border with `low < p <= high`, or -1; they need `high < len(text)`. Each is one pass of a compiled
pattern that walks back from `high`, so its cost is the distance to the border, not the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from unicodedata import category

Finder = Callable[[str, int, int], int]

# Scripts written without spaces between words, with their punctuation; Korean uses spaces.
UNSPACED: Final = (
    "\u2e80-\u312f\u31a0-\u31ff\u3200-\u4dbf\u4e00-\u9fff\uf900-\ufaff\ufe30-\ufe4f"
    "\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff9f\U00020000-\U0003ffff"
)
_ENDERS: Final = "。！？；…｡।॥؟۔"
_WIDE_CLOSERS: Final = "”’」』）】》〉〕｝"
_CLOSERS: Final = rf"{_WIDE_CLOSERS}\"')\]"
_NEVER_FIRST: Final = rf"{_ENDERS}{_WIDE_CLOSERS}，、：％·)\]}},.:;!?%"
_NEVER_LAST: Final = r"（【《「『〔〈｛“‘(\[{"

_NO_SENTENCE_END: Final = "".join(
    rf"(?<!\b{word}\.)"
    for word in ("Mr", "Mrs", "Ms", "Dr", "Prof", "St", "vs", "Fig", "cf", r"e\.g", r"i\.e", "[A-Z]")
)
# A pattern that starts with a set of characters is found many times faster than one that starts with a choice.
_WIDE_END: Final = rf"(?<=[{_ENDERS}])[{_ENDERS}]*[{_CLOSERS}]*"
_LATIN_END: Final = rf"(?<=[.!?]){_NO_SENTENCE_END}[{_CLOSERS}]*\s+"
_SENTENCE_END: Final = rf"[{_ENDERS}.!?](?:{_WIDE_END}|{_LATIN_END})"
_WORD_BORDER: Final = rf"(?:(?<=[\s{UNSPACED}])|(?=[{UNSPACED}]))(?<![{_NEVER_LAST}])(?![{_NEVER_FIRST}])"

SENTENCE_CLOSED = re.compile(rf"[{_ENDERS}.!?:：][{_CLOSERS}]*\Z")
"""The end of a text that ends with a sentence."""

_CELL_BREAK: Final = "<br>"
"""A line break within a cell of a Markdown table."""
_LAST_PARAGRAPH = re.compile(r"(?s:.*)\n[^\S\n]*\n")
_UNUSUAL_LINE_ENDS: Final = "\r\v\f\x85\u2028\u2029"
_LAST_LINE = re.compile(rf"(?s:.*)[\n{_UNUSUAL_LINE_ENDS}]")
_BLANK_LINE = re.compile(r"\n[^\S\n]+\n")
_LAST_SENTENCE = re.compile(rf"(?s:.*){_SENTENCE_END}")
_SENTENCE_GOES_ON: Final = frozenset(_ENDERS + _WIDE_CLOSERS)
_CLAUSE_END: Final = rf"[，、：,:;](?:(?<=[，、：])[{_WIDE_CLOSERS}]*|[{_CLOSERS}]*\s+)"
_LAST_CLAUSE = re.compile(rf"(?s:.*){_CLAUSE_END}")
_LAST_WORD = re.compile(rf"(?s:.*){_WORD_BORDER}(?s:(?=.))")
_LAST_SYMBOL = re.compile(r"(?s:.*)(?<=[^\w\s])(?<!\d[.,:'])(?s:(?=.))")

_FIRST_SENTENCE = re.compile(rf"{_SENTENCE_END}|\n")
_FIRST_CLAUSE = re.compile(_CLAUSE_END)
_FIRST_WORD = re.compile(rf"{_WORD_BORDER}(?=\S)")
_SPACE = re.compile(r"\s*")

_JOINER: Final = "\u200d"
_MARKS: Final = frozenset(("Mn", "Mc", "Me"))
_JOINED_TO_THE_LEFT = re.compile(
    "[\u200c\u200d\u1160-\u11ff\uff9e\uff9f\udc00-\udfff\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"
)
_FLAG_LETTERS = re.compile("[\U0001f1e6-\U0001f1ff]+")
_FLAG_REACH: Final = 1000
_LAST_OTHER_THAN_FLAG = re.compile("(?s:.*)[^\U0001f1e6-\U0001f1ff]")


def skip_space(text: str, position: int) -> int:
    """The first position from `position` on that holds no white space."""
    if position < len(text) and not text[position].isspace():
        return position
    match = _SPACE.match(text, position)
    return match.end() if match else position


def is_joined(text: str, position: int) -> bool:
    """Whether a cut at `position` would split what is seen as one character."""
    following = text[position]
    if following < "\u0300" or "\u3400" <= following <= "\u9fff":
        return text[position - 1] == _JOINER
    if text[position - 1] == _JOINER or category(following) in _MARKS:
        return True
    if _FLAG_LETTERS.match(following):
        return _splits_flag(text, position)
    return _JOINED_TO_THE_LEFT.match(following) is not None


def _splits_flag(text: str, position: int) -> bool:
    low = max(position - _FLAG_REACH, 0)
    other = _LAST_OTHER_THAN_FLAG.match(text, low, position)
    return bool((position - (other.end() if other else low)) % 2)


def layout_finders(text: str, *, without_lines: bool = False) -> list[Finder]:
    r"""Those of paragraphs and of lines, as `text` writes them; `without_lines`: none that finds only `\n`."""
    finders = []
    if not without_lines and ("\n\n" in text or _BLANK_LINE.search(text)):
        finders.append(_last_paragraph if _BLANK_LINE.search(text) else last_after("\n\n"))
    if any(line_end in text for line_end in _UNUSUAL_LINE_ENDS):
        finders.append(_last_line)
    elif not without_lines and "\n" in text:
        finders.append(last_after("\n"))
    return [*finders, last_after(_CELL_BREAK)] if _CELL_BREAK in text else finders


def last_after(literal: str) -> Finder:
    """Finds the end of the last `literal`."""
    size = len(literal)

    def last(text: str, low: int, high: int) -> int:
        found = text.rfind(literal, low, high)
        return found + size if found >= 0 else -1

    return last


def _last_paragraph(text: str, low: int, high: int) -> int:
    match = _LAST_PARAGRAPH.match(text, low, high)
    return match.end() if match else -1


def _last_line(text: str, low: int, high: int) -> int:
    match = _LAST_LINE.match(text, low, high)
    return match.end() if match else -1


def last_sentence(text: str, low: int, high: int) -> int:
    """After 。！？；… and closing quotes, or after . ! ? and white space."""
    match = _LAST_SENTENCE.match(text, low, high)
    while match and text[match.end()] in _SENTENCE_GOES_ON:
        match = _LAST_SENTENCE.match(text, low, match.end() - 1)
    return match.end() if match else -1


def last_clause(text: str, low: int, high: int) -> int:
    """After a comma, colon or semicolon, where that leaves at least half."""
    match = _LAST_CLAUSE.match(text, (low + high) // 2, high)
    return match.end() if match else -1


def last_word(text: str, low: int, high: int) -> int:
    """At white space or beside a Chinese or Japanese character, with no punctuation astray."""
    match = _LAST_WORD.match(text, low, high + 1)
    return match.end() if match else -1


def last_symbol(text: str, low: int, high: int) -> int:
    """After a character that belongs to no word or number: how long addresses and lists are cut."""
    match = _LAST_SYMBOL.match(text, low, high + 1)
    return match.end() if match else -1


def last_character(text: str, low: int, high: int) -> int:
    return high if high > low else -1


def first_readable(text: str, low: int, high: int) -> int:
    """Where to begin reading in `[low, high)`: at a sentence, else a word, else a character; else `high`.

    A word after a comma is preferred where that leaves at least half.
    """
    for border, limit in ((_FIRST_SENTENCE, high), (_FIRST_CLAUSE, (low + high) // 2)):
        for found in border.finditer(text, max(low - 2, 0), high):
            start = skip_space(text, found.end())
            if low <= start < limit:
                return start
    for word in _FIRST_WORD.finditer(text, max(low, 1), high):
        if not is_joined(text, word.start()):
            return word.start()
    if not (text[high - 1].isalnum() and text[high].isalnum()):
        return high
    return next((p for p in range(max(low, 1), high) if not is_joined(text, p)), high)
