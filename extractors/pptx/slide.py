"""Writes a slide: its title as heading, then what its shapes hold, in reading order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from extractors.cleaning import fold
from extractors.ooxml.drawings import write_chart
from extractors.ooxml.package import Element, attribute, child, descend, local
from extractors.ooxml.part import Part, described, linked
from extractors.ooxml.table import repeated, spread, write_table
from extractors.pptx.layouts import Layout
from extractors.pptx.shapes import TITLES, Box, Shape, description, reading_order, shapes_of
from extractors.pptx.text import cell_text, lines, link_address, paragraph_text, paragraphs
from knowledge.types import BlockKind, Locator

RUNNING: Final = {"hdr": "header", "ftr": "footer", "dt": "footer", "sldNum": "footer"}
"""Placeholders that say the same on every slide → what they are."""
_CORNER: Final = Box(0, 0, 0, 0)


@dataclass(slots=True)
class SlideWriter:
    """Writes the shapes of one slide, or of its notes."""

    part: Part
    layout: Layout
    locator: Locator
    running: dict[str, str]
    """Text of headers and footers → which; filled, not written."""
    due: str = ""
    """The heading that is to be written before the first block."""

    def write(self, tree: Element | None, untitled: str = "") -> None:
        """The heading says `untitled` where a slide with content has no title; "" for none."""
        shapes = shapes_of(tree)
        titles = [shape for shape in shapes if _is_title(shape)]
        title = " ".join(filter(None, map(self._title, titles)))
        self.due = title or untitled
        if title:
            self.write_heading()
        self._write_all([shape for shape in shapes if not _is_title(shape)])

    def _title(self, shape: Shape) -> str:
        body = child(shape.element, "txBody")
        return fold(" ".join(paragraph_text(paragraph, self.part) for paragraph in paragraphs(body)))

    def write_heading(self) -> None:
        """Writes the heading that is due, if any."""
        heading, self.due = self.due, ""
        self.part.writer.add("heading", heading, level=1, locator=self.locator)

    def _write_all(self, shapes: list[Shape]) -> None:
        for shape in reading_order([(self._box(shape), shape) for shape in shapes]):
            self._write_shape(shape)

    def _box(self, shape: Shape) -> Box:
        if shape.box is not None:
            return shape.box
        return (self.layout.box(shape.placeholder) if shape.placeholder else None) or _CORNER

    def _write_shape(self, shape: Shape) -> None:
        role = shape.placeholder.type if shape.placeholder else ""
        if role in RUNNING:
            self.running.update(running_text(shape, self.part))
        elif role == "sldImg":
            return
        elif shape.members:
            self._write_all(list(shape.members))
        elif local(shape.element) == "pic":
            self._write_picture(shape)
        elif local(shape.element) == "graphicFrame":
            self._write_frame(shape)
        else:
            self._write_text(shape)

    def _write_text(self, shape: Shape) -> None:
        styles = self.layout.list_styles(shape.placeholder) if shape.placeholder else []
        found = list(lines(child(shape.element, "txBody"), self.part, styles))
        if not found:
            self._add("paragraph", linked(described(description(shape)), self._address(shape)))
        for is_list, group in groupby(found, key=lambda line: bool(line.mark)):
            if is_list:
                self._add("list", "\n".join(line.as_item for line in group))
            else:
                self._add("paragraph", "\n".join(line.text for line in group))

    def _write_picture(self, shape: Shape) -> None:
        blip = descend(shape.element, "blipFill", "blip")
        if blip is None:
            return
        relation_id = attribute(blip, "embed") or attribute(blip, "link")
        shown = self.part.picture(relation_id, description(shape))
        self._add("image" if shown.startswith("!") else "paragraph", linked(shown, self._address(shape)))

    def _write_frame(self, shape: Shape) -> None:
        data = descend(shape.element, "graphic", "graphicData")
        for content in _contents(data):
            if local(content) == "tbl":
                self.write_heading()
                write_table(self.part.writer, self._rows(content), self.locator)
            elif local(content) in ("chart", "relIds"):
                self.write_heading()
                write_chart(content, self.part, self.locator)
            elif local(content) == "oleObj":
                self._add("image", self.part.embed(attribute(content, "id")))
        self._add("paragraph", described(description(shape)))

    def _rows(self, table: Element) -> list[list[str]]:
        """A cell merged over rows is written in each of them unless it is long."""
        rows: list[list[str | None]] = []
        for row in (item for item in table if local(item) == "tr"):
            above = rows[-1] if rows else []
            cells: list[str | None] = []
            for cell in (item for item in row if local(item) == "tc"):
                if _is_on(cell, "hMerge"):
                    cells.append(None)
                elif _is_on(cell, "vMerge") and len(cells) < len(above):
                    cells.append(repeated(above[len(cells)] or ""))
                else:
                    cells.append(cell_text(cell, self.part))
            rows.append(cells)
        return spread(rows)

    def _address(self, shape: Shape) -> str:
        """Where a click on the shape leads, or where its film or sound comes from."""
        for part in shape.element:
            address = link_address(child(part, "cNvPr"), self.part)
            media = child(part, "nvPr")
            for item in media if media is not None else ():
                address = address or self.part.address(attribute(item, "link"))
            if address:
                return address
        return ""

    def _add(self, kind: BlockKind, text: str) -> None:
        if text and not text.isspace():
            self.write_heading()
            self.part.writer.add(kind, text, locator=self.locator)


def running_text(shape: Shape, part: Part) -> dict[str, str]:
    """What a header or footer says besides page number and date → "header" or "footer"."""
    if shape.placeholder is None or shape.placeholder.type not in RUNNING:
        return {}
    body = child(shape.element, "txBody")
    texts = (fold(paragraph_text(paragraph, part, with_fields=False)) for paragraph in paragraphs(body))
    text = " ".join(filter(None, texts))
    return {text: RUNNING[shape.placeholder.type]} if any(map(str.isalpha, text)) else {}


def _is_title(shape: Shape) -> bool:
    return shape.placeholder is not None and shape.placeholder.type in TITLES


def _is_on(element: Element, name: str) -> bool:
    return element.get(name) in ("1", "true")


def _contents(data: Element | None) -> Iterator[Element]:
    """What a frame holds: of an object kept in two forms, the newer."""
    for item in data if data is not None else ():
        newer = child(item, "Choice") if local(item) == "AlternateContent" else None
        yield from newer if newer is not None else [item]
