"""Finds what repeats from page to page of a PDF: headers, footers, page numbers, logos."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby
from statistics import median
from typing import Final

from extractors.pdf.page import Page

_LEAST_PAGES: Final = 3
_LEAST_SHARE: Final = 0.4
"""Of the pages from the first to the last that have it: left and right pages may differ."""
_EDGE_ROWS: Final = 4
_MARGIN: Final = 0.15
"""Share of the page's height at its upper and lower edge."""
LEVEL: Final = 3.0
"""Points by which the place may differ."""
_APART: Final = 1.4
"""In sizes: text that follows nearer is a table's or a list's and goes with its first row."""
_LARGE: Final = 1.2
_LARGE_PAGES: Final = 5
_LARGE_SHARE: Final = 0.6
"""Titles of slides repeat too: what is larger than the text must be on more pages."""
_DIGITS = re.compile(r"\d+")
_ROMAN = re.compile(r"[ivxlc]{1,7}\Z")
_NUMBER = re.compile(r"\W*(?:page|seite|página|第)?\W*#\W*(?:(?:of|von|de|共|页)?\W*#)?\W*页?\W*\Z")

Key = tuple[str, int]


def repeated_lines(pages: Sequence[Page]) -> list[set[int]]:
    """For each page the positions of its lines that are headers, footers or page numbers."""
    found: list[set[int]] = [set() for _ in pages]
    if len(pages) < _LEAST_PAGES:
        return found
    edges = [_edges(page) for page in pages]
    keys = _repeated(pages, edges)
    for number, (page, page_edges) in enumerate(zip(pages, edges, strict=True)):
        for rows in page_edges:
            found[number] |= _furniture(page, rows, keys)
        found[number] -= _headers_of_tables(page, found[number])
    emptied = sum(
        bool(gone) and len(gone) == len(page.lines) for gone, page in zip(found, pages, strict=True)
    )
    # Pages that are all alike have no furniture, that is what they say.
    return found if 2 * emptied < len(pages) else [set() for _ in pages]


def masked(text: str) -> str:
    """A line with "#" for its numbers, as they differ from page to page."""
    text = _DIGITS.sub("#", text.lower())
    return "#" if _ROMAN.match(text) else text


def is_page_number(text: str) -> bool:
    """Whether a line as `masked` says no more than which page it is."""
    return _NUMBER.match(text) is not None


def repeated_pictures(pages: Sequence[Page]) -> list[set[int]]:
    """For each page the positions of its pictures that stand at one place on several pages."""
    places: dict[tuple[int, ...], list[tuple[int, int]]] = defaultdict(list)
    for number, page in enumerate(pages):
        for position, picture in enumerate(page.pictures):
            box = (picture.left, picture.bottom, picture.right, picture.top)
            places[tuple(round(edge / LEVEL) for edge in box)].append((number, position))
    found: list[set[int]] = [set() for _ in pages]
    for same in places.values():
        if _is_regular(sorted({number for number, _ in same}), _LEAST_PAGES, _LEAST_SHARE):
            for number, position in same:
                found[number].add(position)
    return found


def _edges(page: Page) -> tuple[list[list[int]], list[list[int]]]:
    """The first rows from the top and from the bottom, as positions of lines, the outermost first."""
    order = sorted(range(len(page.lines)), key=lambda at: -page.lines[at].base)
    rows = [list(group) for _, group in groupby(order, key=lambda at: round(page.lines[at].base))]
    return rows[: _EDGE_ROWS + 1], rows[: -_EDGE_ROWS - 2 : -1]


def _is_in_margin(page: Page, position: int) -> bool:
    base, margin = page.lines[position].base, _MARGIN * (page.top - page.bottom)
    return base > page.top - margin or base < page.bottom + margin


def _keys(page: Page, rows: Sequence[Sequence[int]]) -> Iterator[Key]:
    for row in rows:
        for position in row:
            if _is_in_margin(page, position):
                yield _key(page, position)


def _key(page: Page, position: int) -> Key:
    line = page.lines[position]
    return masked(line.text), round(line.base / LEVEL)


def _repeated(pages: Sequence[Page], edges: Sequence[tuple[list[list[int]], list[list[int]]]]) -> set[Key]:
    places: dict[Key, list[int]] = defaultdict(list)
    sizes: dict[Key, float] = {}
    for number, (page, (top, bottom)) in enumerate(zip(pages, edges, strict=True)):
        for key in {*_keys(page, top), *_keys(page, bottom)}:
            places[key].append(number)
        for row in top + bottom:
            sizes.update((_key(page, position), page.lines[position].size) for position in row)
    usual = median([line.size for page in pages for line in page.lines] or [0.0])
    return {key for key, numbers in places.items() if _is_furniture(numbers, sizes[key], usual, len(pages))}


def _is_furniture(numbers: Sequence[int], size: float, usual: float, pages: int) -> bool:
    if size > _LARGE * usual:
        return len(numbers) >= max(_LARGE_PAGES, _LARGE_SHARE * pages)
    return _is_regular(numbers, _LEAST_PAGES, _LEAST_SHARE)


def _is_regular(numbers: Sequence[int], least: int, share: float) -> bool:
    return len(numbers) >= least and len(numbers) >= share * (numbers[-1] - numbers[0] + 1)


def _furniture(page: Page, rows: Sequence[Sequence[int]], keys: set[Key]) -> set[int]:
    """Repeated lines from the edge of the page inwards, up to the first row with none."""
    found: list[Sequence[int]] = []
    for row in rows[:_EDGE_ROWS]:
        mine = [at for at in row if _is_in_margin(page, at) and _key(page, at) in keys]
        if len(mine) < len(row):
            found.append([position for position in mine if is_page_number(_key(page, position)[0])])
            break
        found.append(mine)
    else:
        return {position for row in found for position in row}
    inner = len(found) - 2
    while (
        inner >= 0 and not _is_number(page, found[inner]) and _is_attached(page, rows[inner], rows[inner + 1])
    ):
        del found[inner]
        inner -= 1
    return {position for row in found for position in row}


def _headers_of_tables(page: Page, gone: set[int]) -> set[int]:
    """What repeats on top of a ruled table that does not: its header comes again on every page."""
    kept: set[int] = set()
    for grid in page.grids if gone else ():
        inside = {at for at, line in enumerate(page.lines) if grid.place(line)}
        if not inside <= gone:
            kept |= inside & gone
    return kept


def _is_number(page: Page, row: Sequence[int]) -> bool:
    return all(is_page_number(_key(page, position)[0]) for position in row)


def _is_attached(page: Page, row: Sequence[int], inner: Sequence[int]) -> bool:
    line, next_line = page.lines[row[0]], page.lines[inner[0]]
    return abs(line.base - next_line.base) < _APART * max(line.size, next_line.size)
