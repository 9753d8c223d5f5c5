"""Calls into pdfium without the checks of arguments and the release of the GIL by ctypes: that halves their time."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Functions of pdfium; handles go in as `pointer(handle)`, results come back as is."""

    loose_box: Any
    origin: Any
    matrix: Any
    font_size: Any
    font_info: Any
    text_index: Any
    is_made_up: Any
    object_count: Any
    object_at: Any
    object_type: Any
    bounds: Any
    segment: Any
    segment_type: Any
    segment_point: Any
    is_closing: Any


class Handle(ctypes.c_void_p):
    """What calls return that give a handle: unlike its parent it is not made a number."""


@cache
def calls() -> Calls:
    import pypdfium2.raw as pdfium

    return Calls(
        loose_box=_unchecked(pdfium.FPDFText_GetLooseCharBox),
        origin=_unchecked(pdfium.FPDFText_GetCharOrigin),
        matrix=_unchecked(pdfium.FPDFText_GetMatrix),
        font_size=_unchecked(pdfium.FPDFText_GetFontSize, ctypes.c_double),
        font_info=_unchecked(pdfium.FPDFText_GetFontInfo, ctypes.c_ulong),
        text_index=_unchecked(pdfium.FPDFText_GetCharIndexFromTextIndex),
        is_made_up=_unchecked(pdfium.FPDFText_HasUnicodeMapError),
        object_count=_unchecked(pdfium.FPDFPage_CountObjects),
        object_at=_unchecked(pdfium.FPDFPage_GetObject, Handle),
        object_type=_unchecked(pdfium.FPDFPageObj_GetType),
        bounds=_unchecked(pdfium.FPDFPageObj_GetBounds),
        segment=_unchecked(pdfium.FPDFPath_GetPathSegment, Handle),
        segment_type=_unchecked(pdfium.FPDFPathSegment_GetType),
        segment_point=_unchecked(pdfium.FPDFPathSegment_GetPoint),
        is_closing=_unchecked(pdfium.FPDFPathSegment_GetClose),
    )


def pointer(handle: Any) -> ctypes.c_void_p:
    """A handle of pdfium in the shape that unchecked calls take."""
    return ctypes.cast(handle, ctypes.c_void_p)


def _unchecked(function: Any, result: Any = ctypes.c_int) -> Any:
    return ctypes.cast(function, ctypes.PYFUNCTYPE(result))
