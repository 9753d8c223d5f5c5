"""The running text of XML elements: what a reader sees of a paragraph, a cell or a formula."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from extractors.xml import names
from extractors.xml.tree import folded, is_element, name_of, own_text

_DIGITS = re.compile(r"[-+\u2212]?[0-9]+\s*")
_LOWERED: Final = str.maketrans("0123456789+-\u2212", "₀₁₂₃₄₅₆₇₈₉₊₋₋")
_LINE_END: Final = "\v"
_FORMULA_CHOICES: Final = frozenset(("alternatives", "inlineequation", "equation"))
_CHOSEN_FIRST: Final = ("tex-math", "math", "textual-form")


def text_of(element: Any) -> str:
    """All of the text in one string: white space folded, a line where the element ends one."""
    if len(element) == 0 and name_of(element) != "tex-math":
        return folded(own_text(element))
    pieces: list[str] = []
    collect(element, pieces)
    return tidy("".join(pieces))


def tidy(text: str) -> str:
    """White space folded, the ends of lines kept."""
    if _LINE_END not in text:
        return folded(text)
    return "\n".join(filter(None, map(folded, text.split(_LINE_END))))


def collect(element: Any, pieces: list[str], on_block: Callable[[Any], bool] = lambda _: False) -> None:
    """Appends the text of `element` to `pieces`, without what `on_block` takes care of itself."""
    if (short := _formula(element) or _raised_or_lowered(element, pieces)) is not None:
        pieces.append(short)
        return
    pieces.append(own_text(element))
    for child in element if is_element(element) else ():
        name = name_of(child)
        if not on_block(child) and name not in names.LEFT_OUT:
            collect(child, pieces, on_block)
        if name in names.LINE_ENDS:
            pieces.append(_LINE_END)
        elif not child.tail and name in names.APART:
            pieces.append(" ")
        pieces.append(child.tail or "")


def _formula(element: Any) -> str | None:
    """The TeX of a formula that has several spellings, without the preamble that only typesetters need."""
    if name_of(element) in _FORMULA_CHOICES:
        found = {name_of(child): child for child in element if is_element(child)}
        chosen = next((found[name] for name in _CHOSEN_FIRST if name in found), None)
        return None if chosen is None else _tex("".join(chosen.itertext()))
    return _tex("".join(element.itertext())) if name_of(element) == "tex-math" else None


def _tex(text: str) -> str:
    body, end, _ = text.partition("\\begin{document}")[2].partition("\\end{document}")
    return body if end else text


def _raised_or_lowered(element: Any, pieces: list[str]) -> str | None:
    """Lowered digits as such, raised ones after a digit with a sign: else they would be another number."""
    name = name_of(element)
    if name not in names.LOWERED and name not in names.RAISED:
        return None
    text = "".join(element.itertext())
    if not _DIGITS.fullmatch(text):
        return None
    if name in names.LOWERED:
        return text.translate(_LOWERED)
    before = next((piece for piece in reversed(pieces) if piece), "")
    return f"^{text}" if before[-1:].isdigit() else None
