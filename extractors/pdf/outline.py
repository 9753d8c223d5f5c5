"""Reads the outline of a PDF: which titles stand on which page, and how deep."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

Outline = Mapping[tuple[int, str], int]
"""(page from 0, title as `squeezed`) → level from 1."""

_log = logging.getLogger(__name__)
_DEEPEST: Final = 6
_NOISE = re.compile(r"[\W_]+")


def outline_of(document: PdfDocument) -> Outline:
    import pypdfium2

    found: dict[tuple[int, str], int] = {}
    try:
        for bookmark in document.get_toc(max_depth=_DEEPEST):
            page = _destination(bookmark)
            if page is not None:
                found.setdefault((page, squeezed(bookmark.get_title())), bookmark.level + 1)
    except (pypdfium2.PdfiumError, UnicodeDecodeError) as error:
        _log.info("the outline cannot be read: %s", error)
    return found


def squeezed(title: str) -> str:
    """A title as it is compared: without white space and punctuation, lower case."""
    return _NOISE.sub("", title).lower()


def _destination(bookmark: Any) -> int | None:
    destination = bookmark.get_dest()
    page: int | None = destination.get_index() if destination is not None else None
    return page
