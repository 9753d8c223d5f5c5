"""Reads Word documents in body order: headings with level, numbered lists, tables, text boxes, notes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from extractors.cleaning import fold
from extractors.docx_numbering import BULLET, Numbering, value
from extractors.docx_styles import Styles, list_place, outline_level
from extractors.docx_table import table_rows
from extractors.docx_text import RunText, run_text
from extractors.ooxml import Element, Package, attribute, child, local
from extractors.ooxml_drawings import write_drawings
from extractors.table import markdown_table
from extractors.writer import DocumentWriter
from knowledge.types import Document, ReadOptions

_WRAPPERS: Final = frozenset(
    ("sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag", "AlternateContent", "Choice")
)
_NOTES: Final = ("footnotes", "endnotes")
_DEEPEST_BOX: Final = 5
_LONGEST_HEADING: Final = 300
"""A longer paragraph in a heading style is body text that someone made big."""


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """Deleted and hidden text is left out; footnotes and endnotes follow the text."""
    package = Package(data, name)
    writer = DocumentWriter(name)
    writer.describe(package.properties())
    reader = _Reader(package, writer)
    body = child(package.xml(reader.main), "body")
    if body is not None:
        reader.read(body)
    reader.finish()
    return writer.finish()


class _Reader:
    def __init__(self, package: Package, writer: DocumentWriter) -> None:
        self.main = package.main_part("word/document.xml")
        self._writer = writer
        self._package = package
        self._parts = {r.kind: r.target for r in package.relations(self.main).values() if not r.is_external}
        self._styles = Styles(package.optional_xml(self._parts.get("styles")))
        self._numbering = Numbering(package.optional_xml(self._parts.get("numbering")))
        self._list_lines: list[str] = []
        self._notes: list[tuple[str, str]] = []

    def read(self, container: Element, depth: int = 0) -> None:
        for element in _blocks(container):
            name = local(element)
            if name == "p":
                self._paragraph(element, depth)
            elif name == "tbl":
                self._table(element, depth)
            elif name == "altChunk":
                self._writer.warn("an embedded document was not read")

    def finish(self) -> None:
        """Writes what is pending, the drawings and the notes in order of reference."""
        self._end_list()
        write_drawings(self._package, self._writer)
        for kind in _NOTES:
            root = self._package.optional_xml(self._parts.get(kind))
            notes = {attribute(note, "id"): note for note in root} if root is not None else {}
            for wanted, note_id in dict.fromkeys(self._notes):
                note = notes.get(note_id) if f"{wanted}s" == kind else None
                if note is not None:
                    self._note(note, f"[^{'e' if kind == 'endnotes' else ''}{note_id}]")

    def _note(self, note: Element, mark: str) -> None:
        texts = (fold(run_text(paragraph).text) for paragraph in _paragraphs(note))
        text = " ".join(filter(None, texts))
        if text:
            self._writer.add("paragraph", f"{mark}: {text}")

    def _paragraph(self, paragraph: Element, depth: int) -> None:
        found = run_text(paragraph)
        self._notes.extend(found.notes)
        text = found.text.strip()
        if text:
            self._write(paragraph, text)
        if depth < _DEEPEST_BOX:
            for box in found.boxes:
                self.read(box, depth + 1)

    def _write(self, paragraph: Element, text: str) -> None:
        properties = child(paragraph, "pPr")
        style = self._styles.get(value(child(properties, "pStyle")))
        own_level = outline_level(properties)
        level = style.level if own_level is None else own_level
        label, depth = self._label(properties, style.list_id, style.depth)
        if level and len(text) <= _LONGEST_HEADING:
            self._end_list()
            mark = f"{label} " if label and label != BULLET else ""
            self._writer.add("heading", fold(mark + text), level=min(level, 9))
        elif label:
            self._list_lines.append(f"{'  ' * min(depth, 8)}{label} {_in_list(text)}")
        else:
            self._end_list()
            self._writer.add("paragraph", text)

    def _label(self, properties: Element | None, list_id: str | None, depth: int) -> tuple[str, int]:
        own_id, own_depth = list_place(properties)
        if own_id is not None:
            list_id, depth = own_id, own_depth
        if list_id is None or list_id == "0":
            return "", 0
        return self._numbering.label(list_id, depth), depth

    def _end_list(self) -> None:
        if self._list_lines:
            self._writer.add("list", "\n".join(self._list_lines))
            self._list_lines = []

    def _table(self, table: Element, depth: int) -> None:
        self._end_list()
        # Reading a cell counts its numbers: once only.
        shape = table_rows(table, lambda _: "")
        if len(shape) == 1 and len(shape[0]) == 1 and depth < _DEEPEST_BOX:
            for cell in (element for element in table.iter() if local(element) == "tc"):
                self.read(cell, depth + 1)
                break
            self._end_list()
        else:
            self._writer.add("table", markdown_table(table_rows(table, self._cell_text)))

    def _cell_text(self, cell: Element) -> str:
        """All paragraphs of a cell on one line, those of tables and boxes in it too."""
        texts: list[str] = []
        for element in _paragraphs(cell):
            found: RunText = run_text(element)
            self._notes.extend(found.notes)
            properties = child(element, "pPr")
            style = self._styles.get(value(child(properties, "pStyle")))
            label, _ = self._label(properties, style.list_id, style.depth)
            text = fold(found.text)
            texts.append(f"{label} {text}" if label and text else text)
        return " ".join(filter(None, texts))


def _in_list(text: str) -> str:
    return " ".join(text.split("\n")) if "\n" in text else text


def _paragraphs(container: Element) -> Iterator[Element]:
    """All paragraphs within, boxes included; of a drawing kept in two forms, the newer."""
    stack = list(reversed(container))
    while stack:
        element = stack.pop()
        if local(element) == "p":
            yield element
        if local(element) != "Fallback":
            stack.extend(reversed(element))


def _blocks(container: Element) -> Iterator[Element]:
    """Paragraphs and tables in order, out of content controls, insertions and alternatives."""
    stack = list(reversed(container))
    while stack:
        element = stack.pop()
        if local(element) in _WRAPPERS:
            stack.extend(reversed(element))
        else:
            yield element
