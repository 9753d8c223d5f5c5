"""Hits as one text for a language model: as many as fit, each with the place to cite."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from knowledge.rendering import citation_of
from knowledge.types import Hit, Hits

Count = Callable[[str], int]
"""How many tokens a text takes."""

LEAST: Final = 50
"""Tokens: with less room than this left, a passage is left out rather than cut to a scrap."""
CUT: Final = "…"
_WIDE: Final = re.compile(
    r"[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003134f]"
)
_SENTENCE_END: Final = re.compile(r"[.!?](?=\s)|[。！？；\n]")
_LONGEST_SNAP: Final = 120
"""Characters that are given up at most so that a cut falls on the border of a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a language model is given. Without a hit the text is empty: then it should not answer from it."""

    text: str
    hits: tuple[Hit, ...]
    """Those in the text, in its order: the first is [1]."""
    cut: int
    """How many of them are there in part only."""
    left_out: int
    """How many of the hits found no room."""
    tokens: int


def context(found: Hits, max_tokens: int, count: Count | None = None) -> Context:
    """The hits in order until `max_tokens` are full; the last one that fits only in part is cut around what answers.

    `count` is that of the model's tokenizer; without it tokens are estimated, see `estimated_tokens`.
    """
    count = count or estimated_tokens
    blocks: list[str] = []
    hits: list[Hit] = []
    cut = 0
    for hit in found:
        head = f"[{len(hits) + 1}] {citation_of(hit)}\n"
        room = max_tokens - count("\n\n".join([*blocks, head]))
        body = shown(hit)
        if count(body) > room:
            if room < LEAST:
                break
            body = _around(body, _focus(hit), room, count)
            cut = 1
        blocks.append(head + body)
        hits.append(hit)
        if cut:
            break
    text = "\n\n".join(blocks)
    left_out = len(found) - len(hits)
    return Context(text=text, hits=tuple(hits), cut=cut, left_out=left_out, tokens=count(text))


def estimated_tokens(text: str) -> int:
    """One for each character of Chinese, Japanese and Korean, one for every four others: near what common tokenizers
    count of plain prose, less than they count of code."""
    wide = len(_WIDE.findall(text))
    return wide + -(-(len(text) - wide) // 4)


def shown(hit: Hit) -> str:
    """What a reader is given of a hit: the passage, or a question with its answer."""
    return hit.content if hit.answer is None else f"{hit.content}\n{hit.answer}"


def _focus(hit: Hit) -> tuple[int, int]:
    """Where in the passage the answer is: at the best child, else from the first word of the question to the last."""
    if hit.answer is not None:
        return 0, len(hit.content)
    if hit.children:
        start = hit.children[0].start - (hit.chunk.start or 0)
        return start, start + len(hit.children[0].content)
    if hit.highlights:
        return hit.highlights[0][0], hit.highlights[-1][1]
    return 0, 0


def _around(text: str, focus: tuple[int, int], room: int, count: Count) -> str:
    """The widest part of a text around `focus` that takes at most `room` tokens, marked where it was cut."""
    low, high = 0, len(text)
    while low < high:
        margin = (low + high + 1) // 2
        if count(_part(text, focus, margin)) <= room:
            low = margin
        else:
            high = margin - 1
    return _part(text, focus, low)


def _part(text: str, focus: tuple[int, int], length: int) -> str:
    """About `length` characters with the focus in their middle, or its beginning where it is longer itself."""
    start, end = max(0, min(focus[0], len(text))), min(focus[1], len(text))
    before = max(0, length - (end - start)) // 2
    first = max(0, min(start - before, len(text) - length))
    last = min(len(text), first + length)
    first, last = _snapped(text, first, last)
    return (CUT if first else "") + text[first:last].strip() + (CUT if last < len(text) else "")


def _snapped(text: str, first: int, last: int) -> tuple[int, int]:
    """The cuts moved inwards to borders of sentences, where these are near."""
    if first:
        border = _SENTENCE_END.search(text, first - 1, min(first + _LONGEST_SNAP, last))
        first = border.end() if border else first
    if last < len(text):
        borders = list(_SENTENCE_END.finditer(text, max(first, last - _LONGEST_SNAP), last))
        last = borders[-1].end() if borders else last
    return first, last
