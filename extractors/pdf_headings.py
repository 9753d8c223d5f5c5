"""Tells which paragraphs of a PDF are headings: those its outline names, else those set larger than the text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from extractors.pdf_paragraphs import Paragraph

Pages = Sequence[Sequence[Paragraph]]
Outline = Mapping[tuple[int, str], int]
"""(page from 0, title without white space) → level from 1."""

_LARGER: Final = 1.15
_LONGEST: Final = 200
_MOST_LINES: Final = 3
_LEAST_OUTLINED: Final = 3
_LARGEST_SHARE: Final = 0.35
"""When more of the paragraphs than this are large, size does not mark headings (slides, posters)."""
_LETTERS = re.compile(r"[^\W\d_].*[^\W\d_]", re.DOTALL)
_NOISE = re.compile(r"[\W_]+")


def squeezed(title: str) -> str:
    """A title as it is compared: without white space and punctuation, lower case."""
    return _NOISE.sub("", title).lower()


def heading_levels(pages: Pages, outline: Outline) -> dict[tuple[int, int], int]:
    """(page, paragraph), both from 0 → level."""
    outlined = _outlined(pages, outline) if outline else {}
    return outlined if len(outlined) >= _LEAST_OUTLINED else _large(pages) | outlined


def _outlined(pages: Pages, outline: Outline) -> dict[tuple[int, int], int]:
    found = {}
    for page, position, paragraph in _candidates(pages):
        level = outline.get((page, squeezed(paragraph.text)))
        if level is not None:
            found[page, position] = level
    return found


def _large(pages: Pages) -> dict[tuple[int, int], int]:
    body = _body_size(pages)
    large = {
        (page, position): round(paragraph.size)
        for page, position, paragraph in _candidates(pages)
        if paragraph.size >= _LARGER * body > 0 and not paragraph.is_turned
    }
    if len(large) > _LARGEST_SHARE * sum(map(len, pages)):
        return {}
    ranks = {size: rank for rank, size in enumerate(sorted(set(large.values()), reverse=True), start=1)}
    return {place: min(ranks[size], 6) for place, size in large.items()}


def _candidates(pages: Pages) -> Iterable[tuple[int, int, Paragraph]]:
    for page, paragraphs in enumerate(pages):
        for position, paragraph in enumerate(paragraphs):
            is_short = len(paragraph.text) <= _LONGEST and paragraph.lines <= _MOST_LINES
            if is_short and _LETTERS.search(paragraph.text):
                yield page, position, paragraph


def _body_size(pages: Pages) -> float:
    """The size in which most characters are set."""
    characters: Counter[float] = Counter()
    for paragraphs in pages:
        for paragraph in paragraphs:
            characters[round(paragraph.size, 1)] += len(paragraph.text)
    return characters.most_common(1)[0][0] if characters else 0.0
