"""What floats on a sheet: pictures at their cells, text boxes, diagrams, charts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from extractors.cleaning import fold
from extractors.ooxml.drawings import write_chart
from extractors.ooxml.package import Element, attribute, child, local
from extractors.ooxml.part import Part
from extractors.workbook.sheet import Placed, SheetWriter
from knowledge.types import Locator


@dataclass(slots=True)
class Drawing:
    part: Part
    pictures: list[Placed] = field(default_factory=list)
    texts: list[Placed] = field(default_factory=list)
    references: list[Element] = field(default_factory=list)
    """To charts and diagrams, which are parts of their own."""


def read_drawing(part: Part) -> Drawing:
    """The drawing in a part; an empty one when it is damaged."""
    drawing = Drawing(part)
    root = part.package.optional_xml(part.path)
    for anchor in root if root is not None else ():
        row, column = _corner(anchor)
        for item in _items(anchor):
            kind = local(item)
            if kind == "pic":
                link = _picture(part, item)
                if link:
                    drawing.pictures.append(Placed(row, column, link))
            elif kind == "sp":
                drawing.texts.append(Placed(row, column, paragraphs(item)))
            else:
                drawing.references.append(item)
    return drawing


def write_floating(out: SheetWriter, drawing: Drawing) -> None:
    """Adds the text boxes, charts and diagrams. The pictures are written with the rows."""
    for box in drawing.texts:
        out.add("paragraph", box.text, box.row)
    for reference in drawing.references:
        out.open()
        write_chart(reference, drawing.part, Locator(sheet=out.title))


def paragraphs(root: Element) -> str:
    """The text of a shape, a line for each paragraph."""
    lines = []
    for paragraph in root.iter("{*}p"):
        text = fold("".join(item.text or "" for item in paragraph.iter("{*}t")))
        if text:
            lines.append(text)
    return "\n".join(lines)


def _corner(anchor: Element) -> tuple[int, int]:
    """Row, from 1, and column, from 0, where the anchor begins."""
    start = child(anchor, "from")
    row, column = child(start, "row"), child(start, "col")
    return _number(row) + 1, _number(column)


def _number(element: Element | None) -> int:
    text = (element.text or "").strip() if element is not None else ""
    return int(text) if text.isdecimal() and len(text) < 8 else 0


def _items(anchor: Element) -> Iterator[Element]:
    """Shapes, pictures, charts; what older programs are to show in place of a shape is left out."""
    waiting = [anchor]
    while waiting:
        element = waiting.pop()
        kind = local(element)
        if kind in ("pic", "sp", "chart", "relIds"):
            yield element
        elif kind != "Fallback":
            waiting.extend(reversed(element))


def _picture(part: Part, item: Element) -> str:
    named = next(item.iter("{*}cNvPr"), None)
    blip = next(item.iter("{*}blip"), None)
    if blip is None:
        return ""
    alt = named.get("descr", "") if named is not None else ""
    return part.picture(attribute(blip, "embed") or attribute(blip, "link"), alt)
