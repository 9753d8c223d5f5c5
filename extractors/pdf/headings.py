"""Tells which paragraphs of a PDF are headings: those its outline names, else those set larger than the text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from extractors.pdf.outline import Outline, squeezed
from extractors.pdf.paragraphs import Paragraph, list_item

Pages = Sequence[Sequence[Paragraph]]

_LARGER: Final = 1.15
_LONGEST_BOLD: Final = 120
_LONGEST: Final = 200
_MOST_LINES: Final = 3
_LEAST_OUTLINED: Final = 3
_LARGEST_SHARE: Final = 0.35
"""When more of the characters than this are large, size does not mark headings (slides, posters)."""
_SAME_SIZE: Final = 0.95
_LETTERS = re.compile(r"[^\W\d_].*[^\W\d_]", re.DOTALL)


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
    """Larger ones by their size; below them those in bold, where the text is not."""
    body, is_body_bold = _body(pages)
    sizes: dict[tuple[int, int], float] = {}
    for page, position, paragraph in _candidates(pages):
        if paragraph.is_turned or body <= 0:
            continue
        if paragraph.size >= _LARGER * body:
            sizes[page, position] = round(paragraph.size)
        elif not is_body_bold and _is_bold_title(paragraph, body):
            sizes[page, position] = 0
    if _share(sizes, pages) > _LARGEST_SHARE:
        sizes = {place: size for place, size in sizes.items() if size}
    if _share(sizes, pages) > _LARGEST_SHARE:
        return {}
    ranks = _ranks(set(sizes.values()))
    return {place: ranks[size] for place, size in sizes.items()}


def _share(places: Iterable[tuple[int, int]], pages: Pages) -> float:
    """Of all characters, those of the paragraphs at these places."""
    all_characters = sum(len(paragraph.text) for page in pages for paragraph in page)
    return sum(len(pages[page][position].text) for page, position in places) / max(1, all_characters)


def _ranks(sizes: Iterable[float]) -> dict[float, int]:
    """Levels from 1 to 6, the largest first; sizes that hardly differ are of one level."""
    ranks: dict[float, int] = {}
    level, largest = 0, 0.0
    for size in sorted(sizes, reverse=True):
        if level == 0 or size < _SAME_SIZE * largest:
            level, largest = level + 1, size
        ranks[size] = min(level, 6)
    return ranks


def _is_bold_title(paragraph: Paragraph, body: float) -> bool:
    text = paragraph.text
    return (
        paragraph.is_bold
        and paragraph.size >= body / _LARGER
        and len(text) <= _LONGEST_BOLD
        and "\n" not in text
        and text[-1] not in ".,;:。，；："
        and text[0].isalnum()
    )


def _candidates(pages: Pages) -> Iterable[tuple[int, int, Paragraph]]:
    for page, paragraphs in enumerate(pages):
        for position, paragraph in enumerate(paragraphs):
            is_short = len(paragraph.text) <= _LONGEST and paragraph.lines <= _MOST_LINES
            if is_short and _LETTERS.search(paragraph.text) and not list_item(paragraph):
                yield page, position, paragraph


def _body(pages: Pages) -> tuple[float, bool]:
    """The size in which most characters are set, and whether that is bold."""
    characters: Counter[float] = Counter()
    bold = 0
    for paragraphs in pages:
        for paragraph in paragraphs:
            characters[round(paragraph.size, 1)] += len(paragraph.text)
            bold += len(paragraph.text) if paragraph.is_bold else 0
    if not characters:
        return 0.0, False
    return characters.most_common(1)[0][0], 2 * bold > characters.total()
