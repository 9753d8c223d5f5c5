"""Reads Word documents in body order: headings with level, numbered lists, tables, text boxes, notes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from extractors.cleaning import fold
from extractors.docx.asides import comments, notes, running_parts, running_texts
from extractors.docx.changes import accept_changes
from extractors.docx.numbering import BULLET, Numbering, value
from extractors.docx.styles import Style, Styles, list_place, outline_level, paragraph_properties
from extractors.docx.table import only_cell, table_rows
from extractors.docx.text import RunText, run_text
from extractors.ooxml.drawings import write_chart
from extractors.ooxml.flat import as_package
from extractors.ooxml.package import WORD, Element, Package, attribute, child, local
from extractors.ooxml.part import Part, linked
from extractors.ooxml.table import write_table
from extractors.writer import DocumentWriter
from knowledge.types import BlockKind, Document, Locator, ReadOptions

_WRAPPERS: Final = frozenset(
    ("sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag", "AlternateContent", "Choice")
)
_NOTE_MARKS: Final = {"footnotes": "", "endnotes": "e"}
_DEEPEST_BOX: Final = 5
_LONGEST_HEADING: Final = 300
"""A longer paragraph in a heading style is body text that someone made big."""
_PICTURES = re.compile(r"(?:!\[[^\]]*\]\([^)]+\)\s*)+\Z")


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """Deleted and hidden text is left out. Headers come first; notes and footers follow the text."""
    package = Package(as_package(data, name), name)
    writer = DocumentWriter(name)
    writer.describe(package.properties())
    main = package.main_part("word/document.xml")
    body = child(package.xml(main), "body")
    if body is not None:
        _Reader(Part(package, main, writer, options)).read_document(body)
    return writer.finish()


class _Reader:
    def __init__(self, part: Part) -> None:
        self._part = part
        self._writer = part.writer
        self._styles = Styles(part.package.optional_xml(part.target("styles")))
        self._numbering = Numbering(part.package.optional_xml(part.target("numbering")))
        self._comments: dict[str, str] = {}
        self._notes: list[tuple[str, str]] = []
        self._lines: list[str] = []
        self._lines_kind: BlockKind = "list"
        self._charts: list[Element] = []
        self._remarks: list[str] = []

    def read_document(self, body: Element) -> None:
        accept_changes(body)
        self._comments = comments(self._part)
        running = running_parts(body)
        self._write_running(running, "header")
        self._read(body)
        self._end_block()
        self._write_notes()
        self._write_running(running, "footer")
        self._part.write_macros()

    def _read(self, container: Element, depth: int = 0) -> None:
        for element in _blocks(container):
            name = local(element)
            if name == "p":
                self._paragraph(element, depth)
            elif name == "tbl":
                self._table(element, depth)
            elif name in ("altChunk", "subDoc"):
                self._other_document(attribute(element, "id"))

    def _paragraph(self, paragraph: Element, depth: int) -> None:
        found = run_text(paragraph, self._part)
        text = found.text.strip()
        if text:
            self._write(paragraph, found.text)
        self._keep(found)
        if not self._lines:
            self._end_block()
        if found.boxes and depth < _DEEPEST_BOX:
            for box in found.boxes:
                self._read(box, depth + 1)

    def _write(self, paragraph: Element, text: str) -> None:
        properties = paragraph_properties(paragraph)
        style = self._styles.get(value(properties.get("pStyle")))
        own_level = outline_level(properties)
        level = style.level if own_level is None else own_level
        label, depth = self._label(properties, style)
        line = text.strip()
        if level and len(line) <= _LONGEST_HEADING and not _PICTURES.match(line):
            self._end_block()
            mark = f"{label} " if label and label != BULLET else ""
            self._writer.add("heading", fold(mark + line), level=min(level, 9))
        elif label:
            self._line("list", f"{'  ' * min(depth, 8)}{label} {_in_list(line)}")
        elif style.joined:
            self._line(style.joined, text.rstrip())
        else:
            self._end_block()
            self._writer.add("image" if _PICTURES.match(line) else "paragraph", line)

    def _label(self, properties: Mapping[str, Element], style: Style) -> tuple[str, int]:
        list_id, depth = list_place(properties)
        if list_id is None:
            list_id, depth = style.list_id, style.depth
        if list_id is None or list_id == "0":
            return "", 0
        return self._numbering.label(list_id, depth), depth

    def _line(self, kind: BlockKind, line: str) -> None:
        """Adds to the list or the code that is being read."""
        if kind != self._lines_kind:
            self._end_block()
        self._lines_kind = kind
        self._lines.append(line)

    def _keep(self, found: RunText) -> None:
        """What hangs on a paragraph is written after the block that it belongs to."""
        self._notes.extend(found.notes)
        self._charts.extend(found.charts)
        self._remarks.extend(found.comments)

    def _end_block(self) -> None:
        """Writes the list or code that is pending, and what hangs on it."""
        if self._lines:
            self._writer.add(self._lines_kind, "\n".join(self._lines))
            self._lines = []
        for chart in self._charts:
            write_chart(chart, self._part)
        for remark in self._remarks:
            self._writer.add("paragraph", self._comments.pop(remark, ""), locator=Locator(part="comments"))
        if self._charts or self._remarks:
            self._charts, self._remarks = [], []

    def _table(self, table: Element, depth: int) -> None:
        self._end_block()
        frame = only_cell(table)
        if frame is not None and depth < _DEEPEST_BOX:
            self._read(frame, depth + 1)
        else:
            write_table(self._writer, table_rows(table, self._cell_text))
        self._end_block()

    def _cell_text(self, cell: Element) -> str:
        """All paragraphs of a cell on one line, those of tables and boxes in it too."""
        texts: list[str] = []
        for paragraph in cell.iter(f"{WORD}p"):
            found = run_text(paragraph, self._part)
            self._keep(found)
            text = fold(found.text)
            if text:
                properties = paragraph_properties(paragraph)
                style = self._styles.get(value(properties.get("pStyle")))
                label, _ = self._label(properties, style)
                texts.append(f"{label} {text}" if label else text)
        return " ".join(texts)

    def _other_document(self, relation_id: str | None) -> None:
        """A document that this one includes: in the file itself, or elsewhere."""
        self._end_block()
        self._part.include(relation_id)
        self._writer.add("paragraph", linked("", self._part.address(relation_id)))

    def _write_notes(self) -> None:
        for kind, mark in _NOTE_MARKS.items():
            wanted = [note_id for of_kind, note_id in dict.fromkeys(self._notes) if of_kind == kind]
            known = notes(self._part, kind) if wanted else {}
            for note_id in wanted:
                if text := known.get(note_id):
                    self._writer.add("paragraph", f"[^{mark}{note_id}]: {text}", locator=Locator(part=kind))

    def _write_running(self, references: list[Element], kind: str) -> None:
        for text in running_texts(references, self._part, kind):
            self._writer.add("paragraph", text, locator=Locator(part=kind))


def _in_list(text: str) -> str:
    return " ".join(text.split("\n")) if "\n" in text else text


def _blocks(container: Element) -> Iterator[Element]:
    """Paragraphs and tables in order, out of content controls, insertions and alternatives."""
    stack = list(reversed(container))
    while stack:
        element = stack.pop()
        if local(element) in _WRAPPERS:
            stack.extend(reversed(element))
        else:
            yield element
