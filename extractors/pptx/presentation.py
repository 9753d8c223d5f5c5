"""Reads PowerPoint presentations slide by slide: titles, texts in reading order, tables, notes, comments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from extractors.cleaning import fold
from extractors.ooxml.flat import as_package
from extractors.ooxml.package import Element, Package, child, descend
from extractors.ooxml.part import Part
from extractors.pptx.comments import authors, comments
from extractors.pptx.layouts import Layout, Layouts
from extractors.pptx.slide import SlideWriter, running_text
from extractors.pptx.text import paragraph_text, paragraphs
from extractors.writer import DocumentWriter
from knowledge.types import Document, Locator, ReadOptions

_RELATION_ID: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_PRINTED: Final = ("notesMaster", "handoutMaster")


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """Hidden slides are kept and named in a warning. What all slides share comes once, at the end."""
    package = Package(as_package(data, name), name)
    writer = DocumentWriter(name)
    writer.describe(package.properties())
    main = package.main_part("ppt/presentation.xml")
    _Reader(Part(package, main, writer, options)).read(package.xml(main))
    return writer.finish("no slide has text")


class _Reader:
    def __init__(self, part: Part) -> None:
        self._part = part
        self._writer = part.writer
        self._layouts = Layouts()
        self._authors = authors(part)
        self._running: dict[str, str] = {}

    def read(self, presentation: Element) -> None:
        hidden, damaged = [], []
        for number, target in enumerate(self._slides(presentation), start=1):
            slide = self._part.beside(target)
            root = slide.package.optional_xml(target)
            if root is None:
                damaged.append(str(number))
                continue
            if root.get("show") in ("0", "false"):
                hidden.append(str(number))
            self._slide(slide, root, number)
        if damaged:
            self._writer.warn(f"damaged slides were not read: {', '.join(damaged)}")
        if hidden:
            self._writer.warn(f"hidden slides were read too: {', '.join(hidden)}")
        self._write_shared()
        self._part.write_macros()

    def _slides(self, presentation: Element) -> Iterator[str]:
        """The parts of the slides in the order in which they are shown."""
        listed = child(presentation, "sldIdLst")
        for item in listed if listed is not None else ():
            relation = self._part.relations.get(item.get(_RELATION_ID) or "")
            if relation is None or relation.is_external or not self._part.is_first(relation.target):
                continue
            yield relation.target

    def _slide(self, slide: Part, root: Element, number: int) -> None:
        locator = Locator(slide=number)
        writer = SlideWriter(slide, self._layouts.of_slide(slide), locator, self._running)
        writer.write(descend(root, "cSld", "spTree"), untitled=f"Slide {number}")
        for text in comments(slide, self._authors):
            writer.write_heading()
            self._writer.add("paragraph", text, locator=Locator(slide=number, part="comments"))
        notes = slide.target("notesSlide")
        if notes is not None and slide.is_first(notes):
            self._notes(slide.beside(notes), Locator(slide=number, part="notes"), writer.due)

    def _notes(self, notes: Part, locator: Locator, heading: str) -> None:
        """Below the heading of their slide: one that is otherwise empty has none yet."""
        root = notes.package.optional_xml(notes.path)
        if root is not None:
            writer = SlideWriter(notes, self._layouts.of_notes(notes), locator, self._running)
            writer.write(descend(root, "cSld", "spTree"), untitled=heading)

    def _write_shared(self) -> None:
        """Footers, and what masters show on every slide and every printed page."""
        for kind in _PRINTED:
            for target in self._part.targets(kind):
                self._layouts.read(self._part.beside(target))
        texts: dict[str, str] = {}
        for layout in self._layouts.known.values():
            texts.update(dict.fromkeys(_shown_texts(layout), "master"))
        for text, kind in {**texts, **self._running}.items():
            self._writer.add("paragraph", text, locator=Locator(part=kind))


def _shown_texts(layout: Layout) -> Iterator[str]:
    """What a master or layout says itself, without what it prepares for slides to fill in."""
    is_printed = layout.base is None and not layout.body_style
    for shape in layout.shapes:
        if shape.placeholder is None:
            body = child(shape.element, "txBody")
            found = (fold(paragraph_text(paragraph, layout.part)) for paragraph in paragraphs(body))
            yield " ".join(filter(None, found))
        elif is_printed:
            yield from running_text(shape, layout.part)
