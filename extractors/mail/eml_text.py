"""Cuts the plain text of a mail into paragraphs, and joins the lines that the sender's program broke (RFC 3676)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import dedent
from typing import Final

_QUOTED = re.compile(r"(>*) ?(.*)", re.DOTALL)
_SIGNATURE: Final = "-- "


def paragraphs(text: str, *, is_flowed: bool, deletes_space: bool = False) -> Iterator[str]:
    """What stands between blank lines; in flowed text a line that ends with a space goes on in the next."""
    lines = _unflowed(text.split("\n"), deletes_space) if is_flowed else text.split("\n")
    pieces: list[str] = []
    for line in lines:
        if line.strip():
            pieces.append(line.rstrip())
        elif pieces:
            yield dedent("\n".join(pieces))
            pieces = []
    if pieces:
        yield dedent("\n".join(pieces))


def _unflowed(lines: list[str], deletes_space: bool) -> Iterator[str]:
    """Whole lines. Quoted ones only go on in lines of the same depth; the space before text is stuffing."""
    depth, pieces = "", [""]
    for line in lines:
        found = _QUOTED.match(line)
        quote, content = found.groups() if found else ("", line)
        if len(pieces) > 1 and (quote != depth or content == _SIGNATURE):
            yield _whole(depth, pieces)
            pieces = [""]
        depth = quote
        is_flowing = content.endswith(" ") and content != _SIGNATURE
        pieces.append(content[:-1] if is_flowing and deletes_space else content)
        if not is_flowing:
            yield _whole(depth, pieces)
            pieces = [""]
    if len(pieces) > 1:
        yield _whole(depth, pieces)


def _whole(depth: str, pieces: list[str]) -> str:
    content = "".join(pieces)
    return f"{depth} {content}" if depth else content
