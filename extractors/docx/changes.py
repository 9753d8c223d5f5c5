"""Makes a Word part read as its reader sees it: tracked changes accepted, hidden text and formatting gone."""

from __future__ import annotations

from typing import Final

from lxml import etree

from extractors.ooxml.package import WORD, Element, local

_OFF: Final = ("0", "false", "off")
_FORMATTING: Final = (f"{WORD}rPr", f"{WORD}tblPr", f"{WORD}tblGrid", f"{WORD}tblPrEx")
_MARKS: Final = tuple(
    WORD + name for name in ("bookmarkStart", "bookmarkEnd", "proofErr", "lastRenderedPageBreak", "fldData")
)
_DELETED: Final = f"{WORD}del"
_HIDDEN: Final = f"{WORD}vanish"
_NOT_SHOWN: Final = (
    _DELETED,
    f"{WORD}moveFrom",
    f"{WORD}sdtEndPr",
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
)


def accept_changes(root: Element) -> None:
    """Takes out, in place, what is not shown: the walk that follows is much shorter."""
    for mark in list(root.iter(_DELETED, _HIDDEN)):
        if mark.tag == _DELETED:
            _remove(_above(mark, "trPr", "tr"))
        elif mark.get(f"{WORD}val") not in _OFF:
            _remove(_above(mark, "rPr", "r"))
    etree.strip_elements(root, *_NOT_SHOWN, *_FORMATTING, *_MARKS, with_tail=False)


def _remove(element: Element | None) -> None:
    if element is not None:
        element.getparent().remove(element)


def _above(mark: Element, *names: str) -> Element | None:
    """The element two levels up when both levels are called so, and it stands in something."""
    element = mark
    for name in names:
        element = element.getparent()
        if element is None or local(element) != name:
            return None
    return element if element.getparent() is not None else None
