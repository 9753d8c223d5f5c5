"""Cleans a document's text: control characters always, extra white space and addresses on request."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from chunkers.addresses import addresses
from chunkers.edits import Edit, Edits, Positions
from chunkers.normalization import FORMS, Form, normalization
from knowledge.errors import InputError
from knowledge.types import Block, Document

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufffe](?:(?<=\r)\n)?")
_LINE_BREAKS: Final = "\r\x0b\x0c"

_WIDE_SPACES: Final = "\t\u00a0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000"
_EMPTY_LINES: Final = rf"(?<=\n)(?:[ {_WIDE_SPACES}]*+\n){{2,}}"
_EXTRA_SPACE = re.compile(
    rf"[\n {_WIDE_SPACES}](?:{_EMPTY_LINES}|(?<!\n)[ {_WIDE_SPACES}]+|(?<=[{_WIDE_SPACES}]))"
)


class Cleaned(NamedTuple):
    """A document with a cleaner text, and the way back to the original one."""

    document: Document
    positions: Positions


def clean(
    document: Document,
    *,
    remove_extra_spaces: bool = False,
    remove_urls_emails: bool = False,
    normalize: Form | None = None,
) -> Cleaned:
    r"""The document with a cleaner text, its blocks moved along; blocks left without text are dropped.

    Always: control characters go, every line ends with `\n`. `normalize`: Unicode's NFC, or NFKC, which also
    turns full-width letters into plain ones. `remove_urls_emails`: addresses go, except those in Markdown
    links and images. `remove_extra_spaces`: one empty line at most, one plain space between words, code
    blocks as they were. The time is linear in the length of the text. Raises `InputError`.
    """
    if normalize not in (None, *FORMS):
        raise InputError(
            f"normalize must be one of {', '.join(FORMS)} or None, got {normalize!r}; choose one"
        )
    passes: list[Edits] = []

    def apply(found: Iterable[Edit]) -> None:
        nonlocal document
        if edits := Edits(found):
            passes.append(edits)
            document = edits.apply(document)

    apply(_control_characters(document.text))
    if normalize:
        apply(normalization(document.text, normalize))
    if remove_urls_emails:
        apply(addresses(document.text))
    if remove_extra_spaces:
        code = [_whole_lines(document.text, block) for block in document.blocks if block.kind == "code"]
        apply(_outside(code, _extra_spaces(document.text)))
    return Cleaned(document, Positions(tuple(passes)))


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
