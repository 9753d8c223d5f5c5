"""Reads the text of a shape: its lines with bullets and numbers, links and equations at their place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from extractors.cleaning import fold
from extractors.ooxml.list_numbers import in_format
from extractors.ooxml.math import latex
from extractors.ooxml.package import Element, attribute, child, children, local
from extractors.ooxml.part import Part, linked
from extractors.pptx.layouts import BULLETS, ListStyle, bullet_of

_SCHEME = re.compile(
    r"(arabic|alphaLc|alphaUc|romanLc|romanUc|circleNum|ea1\w*?)(ParenBoth|ParenR|Period|\w*)\Z"
)
_FORMATS: Final = {
    "arabic": "decimal",
    "alphaLc": "lowerLetter",
    "alphaUc": "upperLetter",
    "romanLc": "lowerRoman",
    "romanUc": "upperRoman",
    "circleNum": "decimalEnclosedCircle",
}
_FRAMES: Final = {"ParenBoth": "({})", "ParenR": "{})", "Period": "{}."}
_LINKS: Final = frozenset(("hlinkClick", "hlinkMouseOver", "hlinkHover"))
_DEEPEST: Final = 8


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    mark: str = ""
    """"-", "2." or nothing."""
    depth: int = 0

    @property
    def as_item(self) -> str:
        return f"{'  ' * self.depth}{self.mark} {' '.join(self.text.split())}"


def lines(body: Element | None, part: Part, styles: Sequence[ListStyle]) -> Iterator[Line]:
    """The lines of a text body that hold text, bulleted as `styles` say where they do not say it themselves."""
    styles = [children(child(body, "lstStyle")), *styles]
    numbers = _Numbers()
    for paragraph in paragraphs(body):
        text = paragraph_text(paragraph, part).strip()
        if text:
            depth = _depth(paragraph)
            yield Line(text, _mark(paragraph, depth, styles, numbers), depth)


def paragraphs(body: Element | None) -> Iterator[Element]:
    return (item for item in body if local(item) == "p") if body is not None else iter(())


def paragraph_text(paragraph: Element, part: Part, *, with_fields: bool = True) -> str:
    """`with_fields=False` leaves out what the program fills in: page numbers and dates."""
    spans = _Spans(part)
    stack = list(reversed(paragraph))
    while stack:
        element = stack.pop()
        name = local(element)
        if name == "r" or (name == "fld" and with_fields):
            text = child(element, "t")
            spans.add(text.text or "" if text is not None else "", element)
        elif name == "br":
            spans.add("\n", element)
        elif name in ("oMath", "oMathPara"):
            spans.add(f"${latex(element)}$", element)
        elif name in ("AlternateContent", "Choice", "m"):
            stack.extend(reversed(element))
    return spans.finish()


def cell_text(cell: Element, part: Part) -> str:
    """All that a cell of a table says, on one line."""
    texts = (fold(paragraph_text(paragraph, part)) for paragraph in paragraphs(child(cell, "txBody")))
    return " ".join(filter(None, texts))


def link_address(properties: Element | None, part: Part) -> str:
    """Where a click on a text or a shape leads, or the pointer over it; "" for nowhere outside of the file."""
    for link in properties if properties is not None else ():
        if local(link) in _LINKS and (address := part.address(attribute(link, "id"))):
            return address
    return ""


@dataclass(slots=True)
class _Spans:
    """Joins runs; those with the same link are one link."""

    part: Part
    pieces: list[str] = field(default_factory=list)
    text: str = ""
    address: str = ""

    def add(self, text: str, run: Element) -> None:
        address = link_address(child(run, "rPr"), self.part)
        if address != self.address:
            self._end()
        self.text += text
        self.address = address

    def finish(self) -> str:
        self._end()
        return "".join(self.pieces)

    def _end(self) -> None:
        self.pieces.append(linked(self.text, self.address) if self.text else "")
        self.text = ""


@dataclass(slots=True)
class _Numbers:
    """How far the numbered lines of each depth have counted."""

    counts: dict[int, tuple[str, int]] = field(default_factory=dict)

    def next(self, depth: int, scheme: str, start: int) -> int:
        self.end(depth + 1)
        known, number = self.counts.get(depth, ("", 0))
        number = number + 1 if known == scheme else start
        self.counts[depth] = (scheme, number)
        return number

    def end(self, depth: int) -> None:
        """Lists of this depth and deeper ones start anew."""
        for deeper in [other for other in self.counts if other >= depth]:
            del self.counts[deeper]


def _depth(paragraph: Element) -> int:
    properties = child(paragraph, "pPr")
    level = properties.get("lvl", "0") if properties is not None else "0"
    return min(int(level), _DEEPEST) if level.isdecimal() else 0


def _mark(paragraph: Element, depth: int, styles: Sequence[ListStyle], numbers: _Numbers) -> str:
    own = {name: item for name, item in children(child(paragraph, "pPr")).items() if name in BULLETS}
    said: Mapping[str, Element] = own or bullet_of(styles, depth)
    numbered = said.get("buAutoNum")
    if numbered is not None:
        scheme, start = numbered.get("type", ""), numbered.get("startAt", "1")
        first = int(start) if start.isdecimal() and len(start) < 6 else 1
        return _number(scheme, numbers.next(depth, scheme, first))
    numbers.end(depth)
    return "-" if said and "buNone" not in said else ""


def _number(scheme: str, number: int) -> str:
    """In a scheme such as "alphaLcParenR": "b)" (ECMA-376 part 1, 20.1.10.61)."""
    found = _SCHEME.match(scheme)
    if found is None:
        return f"{number}."
    shown = in_format(number, _FORMATS.get(found[1], "chineseCounting"))
    return _FRAMES.get(found[2], "{}").format(shown)
