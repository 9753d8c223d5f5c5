"""Counts the pages of a PDF that gave no text, by the reason, and says so in warnings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

_MOST_NAMED: Final = 10


@dataclass(slots=True)
class Gaps:
    """Numbers of pages, from 0."""

    broken: list[int] = field(default_factory=list)
    empty: list[int] = field(default_factory=list)
    garbled: list[int] = field(default_factory=list)
    """Their fonts do not tell which characters they show."""

    def warnings(self, pages: int) -> list[str]:
        found = []
        if self.broken:
            found.append(f"{_named(self.broken)} could not be read")
        if self.empty:
            found.append(f"{_named(self.empty)} of {pages} hold no text layer: empty or scanned")
        if self.garbled:
            found.append(
                f"{_named(self.garbled)} of {pages} hold no usable text layer: characters without meaning"
            )
        return found


def why_empty(document: PdfDocument, gaps: Gaps) -> str:
    """Why no page has text, for a person who wonders."""
    import pypdfium2
    import pypdfium2.raw

    image = pypdfium2.raw.FPDF_PAGEOBJ_IMAGE
    try:
        has_image = any(next(page.get_objects(filter=[image], max_depth=3), None) for page in document)
    except pypdfium2.PdfiumError:
        has_image = False
    layer = "usable text layer" if gaps.garbled else "text layer"
    pages = f"none of its {len(document)} pages has a" if len(document) > 1 else "its page has no"
    pages = f"{pages} {layer}"
    if gaps.garbled:
        return f"{pages}; it needs OCR"
    return f"{pages}; it seems to be scanned and needs OCR" if has_image else f"{pages} or an image"


def _named(pages: Sequence[int]) -> str:
    shown = ", ".join(str(page + 1) for page in pages[:_MOST_NAMED])
    rest = f" and {len(pages) - _MOST_NAMED} more" if len(pages) > _MOST_NAMED else ""
    return f"pages {shown}{rest}"
