"""Repeats the header of a ruled table above those of its rows that stand on the next page of a PDF."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from extractors.pdf.furniture import LEVEL, Key, is_page_number, masked
from extractors.pdf.graphics import Picture
from extractors.pdf.paragraphs import Paragraph
from extractors.pdf.table import Table, is_figure

if TYPE_CHECKING:
    from extractors.pdf.layout import Content

_TOUCH: Final = 3.0
"""Points by which the columns of both parts may differ."""
_FIGURES: Final = 0.5
"""Share of figures in a column that has text on top."""


def repeat_headers(contents: Sequence[list[Content]]) -> None:
    """Changes those tables at the heads of pages that go on from the page before; `contents` is by page."""
    for above, below in pairwise(contents):
        if not (_has_table(above) and _has_table(below)):
            continue
        running = _running(above) & _running(below)
        last, first = _outermost(reversed(above), running), _outermost(below, running)
        if last and first and _has_header(last) and _goes_on(last, first):
            below[below.index(first)] = replace(
                first, rows=[last.rows[0], *first.rows], is_first_row_bold=last.is_first_row_bold
            )


def _has_table(content: Sequence[Content]) -> bool:
    return any(isinstance(item, Table) for item in content)


def _running(content: Sequence[Content]) -> set[Key]:
    """The paragraphs of a page: those of two pages in a row are headers and footers."""
    return {_key(item) for item in content if isinstance(item, Paragraph)}


def _key(paragraph: Paragraph) -> Key:
    """Text and place. Of numbers those of pages alone may differ: "Table 2" is not "Table 1"."""
    number = masked(paragraph.text)
    text = number if is_page_number(number) else paragraph.text
    return text, round(paragraph.opening.base / LEVEL)


def _outermost(content: Iterable[Content], running: set[Key]) -> Table | None:
    """The first table, if only headers, footers, pictures and notes of the margin stand before it."""
    for item in content:
        if isinstance(item, Table):
            return item
        is_aside = isinstance(item, Picture) or (isinstance(item, Paragraph) and item.is_turned)
        if not is_aside and not (isinstance(item, Paragraph) and _key(item) in running):
            return None
    return None


def _has_header(table: Table) -> bool:
    return table.is_first_row_bold or _names_figures(table.rows[0], table.rows[1:])


def _goes_on(above: Table, below: Table) -> bool:
    """Whether the parts have the same columns, and the lower one no header of its own."""
    columns = [[edge - table.left for edge in table.edges] for table in (above, below)]
    if not above.edges or len(columns[0]) != len(columns[1]):
        return False
    if any(abs(one - other) > _TOUCH for one, other in zip(*columns, strict=True)):
        return False
    return not (
        below.rows[0] == above.rows[0]
        or below.is_first_row_bold
        or _names_figures(below.rows[0], [*above.rows[1:], *below.rows[1:]])
    )


def _names_figures(top: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether a row has text above a column of figures."""
    for column, text in enumerate(top):
        below = [row[column] for row in rows if row[column]]
        if text and not is_figure(text) and below and sum(map(is_figure, below)) >= _FIGURES * len(below):
            return True
    return False
