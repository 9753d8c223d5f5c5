"""Finds URLs and e-mail addresses in running text of any script, and leaves Markdown's links alone.

Every pattern starts with a set of characters, which is found fast, and is bounded or cannot match the same
text in two ways, so that the time is linear.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

from chunkers.edits import Edit

# Where an address ends although no white space follows: quotes, brackets, Chinese, Japanese and Korean.
_NOT_IN_URL: Final = (
    r"\s<>\"`{}|\\^\[\]()\u2013\u2014\u2018-\u201f\u2026\u00ab\u00bb\u2e80-\u9fff\uac00-\ud7a3"
    "\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff"
)
_URL_START: Final = (
    r"[hHfFwW](?:(?<=[hH])[tT]{2}[pP][sS]?://|(?<=[fF])[tT][pP]://|(?<![\w.@-][wW])(?<=[wW])[wW]{2}\.(?=\w))"
)
_URL = re.compile(
    rf"{_URL_START}[^{_NOT_IN_URL}]+(?:\([^{_NOT_IN_URL}]*\)[^{_NOT_IN_URL}]*)*(?<![.,;:!?'*_~])"
)

_DOMAIN = re.compile(r"@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}(?![A-Za-z0-9])")
_MAILBOX: Final = r"(?<![A-Za-z0-9_])(?<![A-Za-z0-9_][.+%-])[A-Za-z0-9_][A-Za-z0-9_.+%-]{0,63}\Z"
_MAILBOX_END = re.compile(rf"(?:mailto:)?{_MAILBOX}")
_MAILBOX_REACH: Final = len("mailto:") + 64

_TITLE: Final = r"""(?:\s{1,9}(?:"[^"]{0,999}"|'[^']{0,999}'))?"""
LINK_TARGET: Final = (
    rf"\([ \t]{{0,9}}(?:<[^<>\n]{{0,4000}}>|[^\s()<>]{{0,4000}}(?:\([^\s()]{{0,999}}\)[^\s()]{{0,999}}){{0,9}})"
    rf"{_TITLE}[ \t]{{0,9}}\)"
)
_IMAGE: Final = rf"!\[[^\[\]]{{0,999}}\]{LINK_TARGET}"
_LINK = re.compile(rf"\[[^\[\]]{{0,999}}(?:{_IMAGE}[^\[\]]{{0,999}}){{0,9}}\]{LINK_TARGET}|\]{LINK_TARGET}")

_Span = tuple[int, int]


def addresses(text: str) -> list[Edit]:
    """The edits that remove every URL and e-mail address, sorted. Markdown links and images stay whole."""
    links = [found.span() for found in _LINK.finditer(text)] if "](" in text else []
    urls = _apart([found.span() for found in _URL.finditer(text)], links)
    emails = _apart(_emails(text), sorted(links + urls))
    return [Edit(*_with_brackets(text, span), "") for span in sorted(urls + emails)]


def _emails(text: str) -> list[_Span]:
    spans: list[_Span] = []
    end = 0
    for domain in _DOMAIN.finditer(text):
        mailbox = _MAILBOX_END.search(text, max(domain.start() - _MAILBOX_REACH, end), domain.start())
        if mailbox:
            end = domain.end()
            spans.append((mailbox.start(), end))
    return spans


def _apart(spans: list[_Span], others: list[_Span]) -> list[_Span]:
    """The spans that overlap none of `others`, both sorted."""
    starts = [start for start, _ in others]

    def overlaps(span: _Span) -> bool:
        before = bisect_right(starts, span[1] - 1) - 1
        return before >= 0 and others[before][1] > span[0]

    return [span for span in spans if not overlaps(span)]


def _with_brackets(text: str, span: _Span) -> _Span:
    """`<https://…>` is one address, brackets included."""
    start, end = span
    return (start - 1, end + 1) if text[start - 1 : start] == "<" and text[end : end + 1] == ">" else span
