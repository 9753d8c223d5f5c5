"""What Word's fields say: where a link or an included file leads, and which box of a form is ticked."""

from __future__ import annotations

import re
from typing import Final

from extractors.docx.numbering import value
from extractors.ooxml.package import Element, attribute, child, descend, local

_LINK = re.compile(r'\s*HYPERLINK\s+(?:"([^"]*)"|([^\s"\\]\S*))', re.IGNORECASE)
_INCLUDED = re.compile(
    r'\s*(?:INCLUDEPICTURE|INCLUDETEXT|IMPORT|RD|LINK\s+\S+)\s+(?:"([^"]*://[^"]*)"|([^\s"\\]\S*://\S*))',
    re.IGNORECASE,
)
TICKED: Final = "[x]"
UNTICKED: Final = "[ ]"
_OFF: Final = ("0", "false", "off")


def field_address(instruction: str) -> str:
    """Where a HYPERLINK field leads, or from which server a field includes something; "" for other fields."""
    found = _LINK.match(instruction) or _INCLUDED.match(instruction)
    return (found[1] or found[2] or "").strip() if found else ""


def form_value(begin: Element) -> str:
    """What a field of an old form shows by itself: its tick, or the chosen one of its entries."""
    form = child(begin, "ffData")
    box = child(form, "checkBox")
    if box is not None:
        state = child(box, "checked")
        return _box(state if state is not None else child(box, "default"))
    choices = child(form, "ddList")
    if choices is None:
        return ""
    entries = [value(item) or "" for item in choices if local(item) == "listEntry"]
    chosen = value(child(choices, "result")) or "0"
    return entries[int(chosen)] if chosen.isdecimal() and int(chosen) < len(entries) else ""


def control_tick(control: Element) -> str:
    """The state of a content control that is a box to tick; "" for every other control."""
    box = descend(control, "sdtPr", "checkbox")
    return _box(child(box, "checked")) if box is not None else ""


def _box(state: Element | None) -> str:
    if state is None:
        return UNTICKED
    return UNTICKED if (attribute(state, "val") or "1") in _OFF else TICKED
