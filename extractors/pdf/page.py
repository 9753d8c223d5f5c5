"""Reads one page of a PDF: its lines, tables' rules, pictures and annotations, nothing decided yet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import cos, pi, sin
from typing import TYPE_CHECKING, Any, Final

from extractors.pdf.annotations import Annotations, page_annotations
from extractors.pdf.calls import calls, pointer
from extractors.pdf.graphics import Graphics, Picture, page_graphics
from extractors.pdf.grid import Grid, borders, grids
from extractors.pdf.letters import usual_angle
from extractors.pdf.lines import Line, page_lines
from extractors.pdf.pictures import PictureReader
from extractors.pdf.scripts import is_right_to_left

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

_UNREADABLE = re.compile("[\x00\x01\x03-\x08\x0e-\x1f\x7f-\x9f\ufffd\ue000-\uf8ff]")
_MOST_UNREADABLE: Final = 0.5
_SAMPLES: Final = 64
_QUARTER_TURN: Final = pi / 2
_SMALLEST: Final = 18.0
"""Points; what is shown smaller is a bullet, an icon or a strip of a drawing."""
_PAGE_SIZED: Final = 0.8
"""Share of the page that the picture of a scanned page covers at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Lines and boxes are those of the page turned so that most lines run level.

    Where it is read from right to left all x are mirrored: `left` is where a line begins.
    """

    number: int
    """From 0."""
    lines: Sequence[Line] = ()
    """In the order of the file, those that run as most do."""
    turned: Sequence[Line] = ()
    grids: Sequence[Grid] = ()
    pictures: Sequence[Picture] = ()
    annotations: Annotations = field(default_factory=Annotations)
    is_garbled: bool = False
    """Its fonts do not tell which characters they show."""
    bottom: float = 0.0
    top: float = 0.0

    @property
    def is_empty(self) -> bool:
        return not (self.lines or self.turned or self.annotations.typed)

    def only(self, lines: Sequence[Line], pictures: Sequence[Picture]) -> Page:
        return replace(self, lines=lines, pictures=pictures)


def read_page(document: PdfDocument, number: int, pictures: PictureReader | None) -> Page:
    """The page with filled-in form fields as text. Raises `PdfiumError` when it cannot be read."""
    page = document[number]
    annotations = page_annotations(document, page)
    if annotations.has_fields and is_flattened(document, page):
        page.close()
        page = document[number]
        # Flattening made them part of the page.
        annotations.typed.clear()
    textpage = page.get_textpage()
    try:
        return _page(page, textpage, number, annotations, pictures)
    finally:
        # Pages are freed at once: thousands of them are read in one go.
        textpage.close()
        page.close()


def is_flattened(document: PdfDocument, page: Any) -> bool:
    """Whether field values became page content just now, so that the page must be read again."""
    import pypdfium2.raw

    return document.formenv is not None and page.flatten() == pypdfium2.raw.FLATTEN_SUCCESS


def _page(
    page: Any, textpage: Any, number: int, annotations: Annotations, pictures: PictureReader | None
) -> Page:
    text = textpage.get_text_range()
    angle = usual_angle(textpage)
    is_upright = abs(angle / _QUARTER_TURN - round(angle / _QUARTER_TURN)) < 0.02
    graphics = page_graphics(page, angle) if is_upright else Graphics()
    if is_garbled(textpage, text):
        return Page(number=number, annotations=annotations, is_garbled=True)
    # A page of nothing but pictures was scanned.
    shown = list(_taken(page, graphics.pictures, pictures)) if pictures and text.strip() else []
    found = grids(graphics)
    lines = page_lines(textpage, text, borders(found), annotations.links)
    if is_right_to_left(text):
        lines = [replace(line, left=-line.right, right=-line.left, gaps=()) for line in lines]
        found = [grid.mirrored() for grid in found]
        shown = [replace(picture, left=-picture.right, right=-picture.left) for picture in shown]
    bottom, top = _heights(page.get_bbox(), angle)
    return Page(
        number=number,
        lines=[line for line in lines if line.angle == angle],
        turned=[line for line in lines if line.angle != angle],
        grids=found,
        pictures=shown,
        annotations=annotations,
        bottom=bottom,
        top=top,
    )


def _heights(box: tuple[float, float, float, float], angle: float) -> tuple[float, float]:
    """The lower and the upper edge of the page when it is turned."""
    left, bottom, right, top = box
    heights = [y * cos(angle) - x * sin(angle) for x in (left, right) for y in (bottom, top)]
    return min(heights), max(heights)


def is_garbled(textpage: Any, text: str) -> bool:
    """Whether what a page seems to say is not what it shows, because its fonts do not tell.

    Then most characters have no meaning, or were made up by the reader and do not look like text.
    """
    unreadable = len(_UNREADABLE.findall(text)) if _UNREADABLE.search(text) else 0
    if unreadable and unreadable > _MOST_UNREADABLE * sum(map(len, text.split())):
        return True
    call, handle, size = calls(), pointer(textpage.raw), min(len(text), textpage.count_chars())
    sample = [place for place in range(0, size, size // _SAMPLES + 1) if not text[place].isspace()]
    made_up = [text[place] for place in sample if call.is_made_up(handle, place) == 1]
    if len(made_up) <= _MOST_UNREADABLE * len(sample):
        return False
    plausible = sum(character.islower() or character.isdigit() for character in made_up)
    return plausible < _MOST_UNREADABLE * len(made_up)


def _taken(page: Any, found: Sequence[Picture], pictures: PictureReader) -> Iterator[Picture]:
    """Pictures with their bytes, but for ornaments, and those of a whole page: they are what was scanned."""
    width, height = page.get_size()
    for picture in found:
        across, up = picture.right - picture.left, picture.top - picture.bottom
        if min(across, up) < _SMALLEST or across * up > _PAGE_SIZED * width * height:
            continue
        data = pictures.read(picture.handle, page)
        if data:
            yield replace(picture, data=data)
