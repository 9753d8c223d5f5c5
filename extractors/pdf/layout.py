"""Makes of the pages of a PDF what is read: headings, paragraphs, lists, tables and pictures in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, TypeAlias

from extractors.pdf.code import Code, code, holds_code
from extractors.pdf.columns import in_order
from extractors.pdf.continued import repeat_headers
from extractors.pdf.furniture import repeated_lines, repeated_pictures
from extractors.pdf.graphics import Picture
from extractors.pdf.grid import filled
from extractors.pdf.headings import heading_levels
from extractors.pdf.hyphens import Hyphens
from extractors.pdf.lines import Line
from extractors.pdf.outline import Outline, squeezed
from extractors.pdf.page import Page
from extractors.pdf.paragraphs import Paragraph, paragraph_of, paragraphs, runs_on, united
from extractors.pdf.rows import Item
from extractors.pdf.table import Table, cell_text

Content: TypeAlias = Paragraph | Table | Picture | Code

_NOTE_SIZE: Final = 0.95
"""Of the text above: what is smaller at the foot of a page is a note."""
_MOST_BETWEEN: Final = 8
"""Notes and pictures between the parts of a paragraph."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Something to read, with its pages from 0, and the level of a heading."""

    content: Content
    page: int
    page_end: int
    level: int | None = None


def layout(pages: Sequence[Page], outline: Outline, *, page_headers: bool) -> Iterator[Placed]:
    """Everything on the pages in reading order; without `page_headers` what repeats from page to page is gone."""
    hyphens = Hyphens(line.text for page in pages for line in page.lines)
    if not page_headers:
        pages = _without_furniture(pages)
    reader = _Reader(outline, hyphens, holds_code(pages))
    contents = [reader.contents(page) for page in pages]
    _unite(contents, hyphens)
    repeat_headers(contents)
    levels = heading_levels([_paragraphs(content) for content in contents], outline)
    for number, content in enumerate(contents):
        position = 0
        for item in content:
            if isinstance(item, Paragraph):
                level = levels.get((number, position))
                position += 1
                yield Placed(content=item, page=item.page, page_end=item.page_end, level=level)
            else:
                yield Placed(content=item, page=number, page_end=number)


def _without_furniture(pages: Sequence[Page]) -> list[Page]:
    gone, gone_pictures = repeated_lines(pages), repeated_pictures(pages)
    return [
        page.only(
            [line for at, line in enumerate(page.lines) if at not in lines],
            [picture for at, picture in enumerate(page.pictures) if at not in pictures],
        )
        for page, lines, pictures in zip(pages, gone, gone_pictures, strict=True)
    ]


class _Reader:
    """What is known of the whole document when its pages are put together."""

    def __init__(self, outline: Outline, hyphens: Hyphens, has_code: bool) -> None:
        self._outline = outline
        self._hyphens = hyphens
        self._has_code = has_code

    def contents(self, page: Page) -> list[Content]:
        found = list(self._grouped(in_order(_items(page, self._hyphens), self._hyphens), page.number))
        by_angle: dict[float, list[Line]] = {}
        for line in page.turned:
            by_angle.setdefault(line.angle, []).append(line)
        for lines in by_angle.values():
            found += self._grouped(in_order(lines, self._hyphens), page.number, is_turned=True)
        return found + _notes(page)

    def _grouped(self, items: Sequence[Item], page: int, *, is_turned: bool = False) -> Iterator[Content]:
        """Lines that follow each other as paragraphs or as code, all else as it is."""
        for kind, group in groupby(items, key=self._kind):
            if kind is None:
                yield from (item for item in group if not isinstance(item, Line))
                continue
            lines = [item for item in group if isinstance(item, Line)]
            if kind == "code" and len(lines) > 1:
                yield code(lines)
                continue
            titles = self._titles(lines, page)
            yield from paragraphs(lines, self._hyphens, page=page, titles=titles, is_turned=is_turned)

    def _titles(self, lines: Sequence[Line], page: int) -> set[int]:
        """Positions of the lines that the outline names."""
        if not self._outline:
            return set()
        return {at for at, line in enumerate(lines) if (page, squeezed(line.text)) in self._outline}

    def _kind(self, item: Item) -> str | None:
        if not isinstance(item, Line):
            return None
        return "code" if self._has_code and item.is_monospaced else "text"


def _notes(page: Page) -> list[Content]:
    """What was written on the page afterwards, each text a paragraph."""
    texts = page.annotations.typed + page.annotations.notes
    return [paragraph_of(text, page.number) for text in texts]


def _items(page: Page, hyphens: Hyphens) -> list[Item]:
    """Lines, pictures, and tables in the place of the lines that they hold."""
    tables: list[Item] = []
    inside: set[int] = set()
    for grid in page.grids:
        found = filled(grid, page.lines, lambda lines: cell_text(lines, hyphens))
        if found and not found[1] & inside:
            tables.append(found[0])
            inside |= found[1]
    return [*(line for at, line in enumerate(page.lines) if at not in inside), *tables, *page.pictures]


def _unite(contents: Sequence[list[Content]], hyphens: Hyphens) -> None:
    """Paragraphs that run over the end of a page or column become one, from the last backwards."""
    flow = [(number, item) for number, content in enumerate(contents) for item in content]
    joined: dict[int, Paragraph] = {}
    gone: set[int] = set()
    for position in reversed(range(1, len(flow))):
        after = joined.get(position, flow[position][1])
        before = _interrupted(flow, position)
        if before is None or not isinstance(after, Paragraph):
            continue
        upper = flow[before][1]
        if isinstance(upper, Paragraph) and runs_on(upper, after):
            joined[before] = united(upper, after, hyphens)
            gone.add(position)
    position = 0
    for content in contents:
        count = len(content)
        content[:] = [
            joined.get(at, flow[at][1]) for at in range(position, position + count) if at not in gone
        ]
        position += count


def _interrupted(flow: Sequence[tuple[int, Content]], position: int) -> int | None:
    """The paragraph that one at the head of a page or column may go on with: notes stand between."""
    number, item = flow[position]
    if not isinstance(item, Paragraph) or item.is_turned:
        return None
    for before in range(position - 1, max(-1, position - _MOST_BETWEEN - 1), -1):
        number_before, other = flow[before]
        if number_before < number - 1 or isinstance(other, Table | Code):
            return None
        if isinstance(other, Picture) or other.is_turned:
            continue
        if before == position - 1 and number_before == number and other.closing.base > item.opening.base:
            return None
        if other.size >= _NOTE_SIZE * item.size:
            return before
    return None


def _paragraphs(content: Sequence[Content]) -> list[Paragraph]:
    return [item for item in content if isinstance(item, Paragraph)]
