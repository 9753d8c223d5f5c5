"""Says of an opening tag whether its element is hidden."""

from __future__ import annotations

import re
from typing import Final

from extractors.html.element import Element

_SHOWN_IF_OPEN: Final = frozenset(("dialog", "svg"))
"""Drawings never are."""
_HIDING_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def is_hidden(tag: str) -> bool:
    """Whether the element of an opening tag, as lexbor writes it, is not shown. Most tags need no closer look."""
    if "hidden" in tag or "none" in tag or "katex-html" in tag or tag.startswith(("svg", "dialog")):
        return _is_hidden(Element(tag.partition(" ")[0], tag))
    return False


def _is_hidden(element: Element) -> bool:
    if element.tag in _SHOWN_IF_OPEN:
        return not element.has("open")
    return element.tag != "body" and (
        (element.has("hidden") and element.get("hidden") != "until-found")
        or "katex-html" in element.get("class")
        or bool(_HIDING_STYLE.search(element.get("style")))
        or (element.tag == "input" and element.get("type") == "hidden")
    )
