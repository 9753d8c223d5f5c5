r"""Writes Office equations (OMML, ECMA-376 part 1, 22.1) as LaTeX: "\frac{a}{b}", "x^{2}", "\sum_{i=1}^{n}"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from extractors.ooxml.package import Element, attribute, child, local

_DEEPEST: Final = 40
"""Equations nested deeper are written as plain text."""
_GREEK = re.compile(r"GREEK (SMALL|CAPITAL) LETTER (\w+)\Z")
# fmt: off
_SYMBOLS: Final = {
    "±": "pm", "∓": "mp", "×": "times", "÷": "div", "·": "cdot", "⋅": "cdot", "∙": "cdot", "∗": "ast", "≤": "le",
    "≥": "ge", "≠": "ne", "≈": "approx", "≡": "equiv", "∼": "sim", "∝": "propto", "∞": "infty", "∂": "partial",
    "∇": "nabla", "∈": "in", "∉": "notin", "⊂": "subset", "⊆": "subseteq", "∪": "cup", "∩": "cap", "∅": "emptyset",
    "∀": "forall", "∃": "exists", "¬": "neg", "∧": "wedge", "∨": "vee", "→": "to", "←": "leftarrow",
    "⇒": "Rightarrow", "⇔": "Leftrightarrow", "↔": "leftrightarrow", "…": "ldots", "⋯": "cdots", "∑": "sum",
    "∏": "prod", "∫": "int", "∬": "iint", "∭": "iiint", "∮": "oint", "⋃": "bigcup", "⋂": "bigcap", "√": "sqrt",
    "⟨": "langle", "⟩": "rangle", "‖": "|", "{": "{", "}": "}", "%": "%", "′": "prime",
    "ϵ": "epsilon", "ϕ": "phi", "ϑ": "vartheta",
}
_PLAIN: Final = {"−": "-", "–": "-", "⁢": "", "⁡": "", "\u200b": ""}
_ACCENTS: Final = {
    "\u0302": "hat", "\u0303": "tilde", "\u0304": "bar", "\u0305": "overline", "\u0307": "dot", "\u0308": "ddot",
    "\u20d7": "vec", "\u030c": "check", "\u0306": "breve", "\u0301": "acute", "\u0300": "grave",
}
_FUNCTIONS: Final = frozenset((
    "sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "log", "ln",
    "lg", "exp", "lim", "max", "min", "sup", "inf", "det", "gcd", "arg", "dim", "ker",
))
# fmt: on


def latex(equation: Element) -> str:
    """An equation on one line, without dollar signs."""
    return " ".join(_inside(equation, 0).split())


def _inside(element: Element | None, depth: int) -> str:
    """Everything within an element, one after the other."""
    return "".join(_one(item, depth + 1) for item in element) if element is not None else ""


def _one(element: Element, depth: int) -> str:
    name = local(element)
    if name.endswith("Pr"):
        return ""
    if depth > _DEEPEST:
        return "".join(item.text or "" for item in element.iter() if local(item) == "t")
    if name == "t":
        return _text(element.text or "")
    return _WRITERS.get(name, _inside)(element, depth)


def _text(text: str) -> str:
    pieces = []
    for character in unicodedata.normalize("NFKC", text):
        command = _SYMBOLS.get(character) or _greek(character)
        pieces.append(f"\\{command} " if command else _PLAIN.get(character, character))
    return "".join(pieces)


def _greek(character: str) -> str:
    found = _GREEK.match(unicodedata.name(character, "")) if character > "\u0370" else None
    if found is None:
        return ""
    letter = found[2].replace("LAMDA", "LAMBDA").lower()
    return letter.capitalize() if found[1] == "CAPITAL" else letter


def _part(element: Element, name: str, depth: int) -> str:
    return _inside(child(element, name), depth).strip()


def _property(element: Element, name: str) -> str | None:
    """A property's value; "" when it is there without one."""
    for item in element:
        if local(item).endswith("Pr"):
            found = child(item, name)
            return (attribute(found, "val") or "") if found is not None else None
    return None


def _base(text: str) -> str:
    """What an index hangs on: in braces unless it is a single sign."""
    return text if len(text) <= 1 or re.fullmatch(r"\\\w+|\{.*\}", text) else f"{{{text}}}"


def _fraction(element: Element, depth: int) -> str:
    above, below = _part(element, "num", depth), _part(element, "den", depth)
    kind = _property(element, "type")
    if kind == "lin":
        return f"{above}/{below}"
    return f"{{{above} \\atop {below}}}" if kind == "noBar" else f"\\frac{{{above}}}{{{below}}}"


def _indexed(element: Element, depth: int) -> str:
    base = _base(_part(element, "e", depth))
    lower, upper = _part(element, "sub", depth), _part(element, "sup", depth)
    marks = (f"_{{{lower}}}" if lower else "") + (f"^{{{upper}}}" if upper else "")
    return f"{{}}{marks}{base}" if local(element) == "sPre" else f"{base}{marks}"


def _root(element: Element, depth: int) -> str:
    degree = _part(element, "deg", depth)
    return f"\\sqrt{f'[{degree}]' if degree else ''}{{{_part(element, 'e', depth)}}}"


def _sum(element: Element, depth: int) -> str:
    sign = _property(element, "chr")
    lower, upper = _part(element, "sub", depth), _part(element, "sup", depth)
    marks = (f"_{{{lower}}}" if lower else "") + (f"^{{{upper}}}" if upper else "")
    return f"{_text(sign or '∫').strip()}{marks} {_part(element, 'e', depth)}"


def _delimited(element: Element, depth: int) -> str:
    first, last, between = (_property(element, name) for name in ("begChr", "endChr", "sepChr"))
    parts = [_inside(item, depth + 1).strip() for item in element if local(item) == "e"]
    opening = _text("(" if first is None else first).strip()
    closing = _text(")" if last is None else last).strip()
    return f"{opening}{('|' if between is None else between).join(parts)}{closing}"


def _function(element: Element, depth: int) -> str:
    return f"{_part(element, 'fName', depth)} {_part(element, 'e', depth)}"


def _limit(element: Element, depth: int) -> str:
    mark = "_" if local(element) == "limLow" else "^"
    return f"{_part(element, 'e', depth)}{mark}{{{_part(element, 'lim', depth)}}}"


def _accent(element: Element, depth: int) -> str:
    name = _ACCENTS.get(_property(element, "chr") or "\u0302", "hat")
    return f"\\{name}{{{_part(element, 'e', depth)}}}"


def _bar(element: Element, depth: int) -> str:
    name = "overline" if _property(element, "pos") == "top" else "underline"
    return f"\\{name}{{{_part(element, 'e', depth)}}}"


def _grouped(element: Element, depth: int) -> str:
    name = "overbrace" if _property(element, "pos") == "top" else "underbrace"
    return f"\\{name}{{{_part(element, 'e', depth)}}}"


def _lines(element: Element, depth: int) -> str:
    return " \\\\ ".join(_inside(item, depth + 1).strip() for item in element if local(item) == "e")


def _matrix(element: Element, depth: int) -> str:
    rows = (item for item in element if local(item) == "mr")
    cells = (" & ".join(_inside(cell, depth + 2).strip() for cell in row) for row in rows)
    lines = " \\\\ ".join(cells)
    return f"\\begin{{matrix}} {lines} \\end{{matrix}}"


def _run(element: Element, depth: int) -> str:
    text = _inside(element, depth)
    return f"\\{text.strip()} " if text.strip() in _FUNCTIONS else text


_WRITERS: Final[dict[str, Callable[[Element, int], str]]] = {
    "r": _run,
    "f": _fraction,
    "sSup": _indexed,
    "sSub": _indexed,
    "sSubSup": _indexed,
    "sPre": _indexed,
    "rad": _root,
    "nary": _sum,
    "d": _delimited,
    "func": _function,
    "limLow": _limit,
    "limUpp": _limit,
    "acc": _accent,
    "bar": _bar,
    "groupChr": _grouped,
    "eqArr": _lines,
    "m": _matrix,
}
