"""Cleans a document's text: control characters always, extra white space and addresses on request."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from chunkers.addresses import addresses
from chunkers.edits import Edit, edited
from knowledge.types import Block, Document

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufffe](?:(?<=\r)\n)?")
_LINE_BREAKS: Final = "\r\x0b\x0c"

_WIDE_SPACES: Final = "\t\u00a0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000"
_EMPTY_LINES: Final = rf"(?<=\n)(?:[ {_WIDE_SPACES}]*+\n){{2,}}"
_EXTRA_SPACE = re.compile(
    rf"[\n {_WIDE_SPACES}](?:{_EMPTY_LINES}|(?<!\n)[ {_WIDE_SPACES}]+|(?<=[{_WIDE_SPACES}]))"
)


def clean(
    document: Document, *, remove_extra_spaces: bool = False, remove_urls_emails: bool = False
) -> Document:
    r"""The document with a cleaner text, its blocks moved along; blocks left without text are dropped.

    Always: control characters go, every line ends with `\n`. `remove_extra_spaces`: one empty line at most,
    one plain space between words, code blocks as they were. `remove_urls_emails`: addresses go, except those
    in Markdown links and images. The time is linear in the length of the text.
    """
    document = edited(document, list(_control_characters(document.text)))
    if remove_urls_emails:
        document = edited(document, addresses(document.text))
    if remove_extra_spaces:
        code = [_whole_lines(document.text, block) for block in document.blocks if block.kind == "code"]
        document = edited(document, list(_outside(code, _extra_spaces(document.text))))
    return document


def _control_characters(text: str) -> Iterator[Edit]:
    for found in _CONTROL.finditer(text):
        yield Edit(found.start(), found.end(), "\n" if found[0][0] in _LINE_BREAKS else "")


def _extra_spaces(text: str) -> Iterator[Edit]:
    for found in _EXTRA_SPACE.finditer(text):
        yield Edit(found.start(), found.end(), "\n\n" if text[found.start()] == "\n" else " ")


def _whole_lines(text: str, block: Block) -> tuple[int, int]:
    """The block's span with the indentation of its first line."""
    return text.rfind("\n", 0, block.start) + 1, block.end


def _outside(spans: Sequence[tuple[int, int]], edits: Iterable[Edit]) -> Iterable[Edit]:
    """The edits that touch none of the sorted `spans`."""
    ends = [end for _, end in spans]
    for edit in edits:
        following = bisect_left(ends, edit.start + 1)
        if following == len(spans) or edit.end <= spans[following][0]:
            yield edit
