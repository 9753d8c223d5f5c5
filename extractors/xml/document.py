"""Reads XML: documents by their headings, paragraphs, lists and tables, data as lines of names and values."""

from __future__ import annotations

from typing import Any, Final

from extractors.writer import DocumentWriter
from extractors.xml import names
from extractors.xml.article import AFTER_AUTHORS, describe_article, is_front, write_title_and_authors
from extractors.xml.feed import is_feed, write_feed
from extractors.xml.list import list_lines
from extractors.xml.records import is_data, is_record, write_data, write_record
from extractors.xml.table import table_of
from extractors.xml.text import collect, text_of, tidy
from extractors.xml.tree import is_mixed, name_of, parse
from extractors.xml.workbook import is_workbook, write_workbook
from knowledge.types import BlockKind, Document, Locator, ReadOptions

_LOWEST_LEVEL: Final = 6
_DEEPEST: Final = 100
"""Elements inside of each other whose structure is looked at; what is deeper is text."""
_OFFICE_PACKAGE: Final = "{http://schemas.microsoft.com/office/2006/xmlPackage}package"
"""A Word document of today that was saved as one XML file."""
_WORD_2003: Final = "{http://schemas.microsoft.com/office/word/2003/wordml}wordDocument"
_WORD_2003_BODY: Final = "{http://schemas.microsoft.com/office/word/2003/wordml}body"
_PATENT_TITLES: Final = frozenset(("invention-title", "title-of-invention", "b540"))


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """The text of the elements in their order. Entities from outside are never fetched."""
    tree = parse(data)
    if tree.root.tag == _OFFICE_PACKAGE:
        from extractors.docx.document import extract as read_word

        return read_word(data, name, options)
    writer = DocumentWriter(name)
    if is_feed(tree.root):
        write_feed(writer, tree.root)
    elif name_of(tree.root) == "svg":
        _write_drawing(writer, tree.root)
    elif is_workbook(tree.root):
        write_workbook(writer, tree.root)
    else:
        _write(writer, tree.root)
    for warning in tree.warnings:
        writer.warn(warning)
    return writer.finish(tree.warnings[0] if tree.warnings else "it holds no text")


def _write(writer: DocumentWriter, root: Any) -> None:
    for element in root.iter():
        if name_of(element) in _PATENT_TITLES:
            title = text_of(element)
            writer.describe({"title": title})
            writer.add("heading", title, level=1, locator=Locator(line=element.sourceline))
            break
    if root.tag == _WORD_2003:
        root = next(iter(root.iter(_WORD_2003_BODY)), root)
    _Walk(writer).element(root, level=1, depth=0)


def _write_drawing(writer: DocumentWriter, root: Any) -> None:
    """What can be read in a picture: the rest of it are lines and colours."""
    for element in root.iter():
        if name_of(element) in ("title", "desc", "text"):
            writer.add("paragraph", text_of(element), locator=Locator(line=element.sourceline))


class _Walk:
    """Writes elements by what their names mean, and those of other names by what they hold.

    `level` is that of the next heading; `depth` counts the elements around.
    """

    def __init__(self, writer: DocumentWriter) -> None:
        self._writer = writer

    def element(self, element: Any, level: int, depth: int) -> None:
        name = name_of(element)
        if name in names.LEFT_OUT or not name or _is_number_of_heading(element):
            return
        if depth > _DEEPEST:
            self._add("paragraph", text_of(element), element)
        elif name in names.FIGURES:
            self._figure(element, level, depth)
        elif name in names.TABLES and (table := table_of(element)):
            self._add("table", table, element)
        elif name in names.HEADINGS:
            self._heading(element, level)
        elif name in names.CODE:
            self._add("code", "".join(element.itertext()), element)
        elif name in names.LISTS:
            self._list(element, level)
        elif is_front(element):
            self._front(element, level, depth)
        elif name in names.SECTIONS and not _is_named_like_a_section(element):
            self._section(element, level + (depth > 0), depth)
        else:
            self._unnamed(element, level, depth)

    def _unnamed(self, element: Any, level: int, depth: int) -> None:
        """What is told by what it holds: text, a record, data, or a part of a document."""
        name = name_of(element)
        if name in names.WHOLE:
            self._add("paragraph", text_of(element), element)
        elif name in names.PARAGRAPHS or is_mixed(element) or len(element) == 0:
            self._paragraph(element, level, depth)
        elif is_record(element):
            write_record(self._writer, element)
        elif is_data(element):
            write_data(self._writer, element)
        else:
            self._children(element, level, depth)

    def _children(self, element: Any, level: int, depth: int) -> None:
        for child in element:
            self.element(child, level, depth + 1)

    def _section(self, element: Any, level: int, depth: int) -> None:
        if is_mixed(element):
            self._paragraph(element, level, depth)
            return
        name = name_of(element)
        if name in names.UNTITLED and not any(name_of(child) in names.HEADINGS for child in element):
            self._writer.add("heading", names.UNTITLED[name], level=min(level, _LOWEST_LEVEL))
        self._children(element, level, depth)

    def _front(self, front: Any, level: int, depth: int) -> None:
        if level == 1:
            describe_article(self._writer, front)
        write_title_and_authors(self._writer, front, level)
        for element in front.iter():
            if name_of(element) in AFTER_AUTHORS:
                self.element(element, level, depth + 1)

    def _heading(self, element: Any, level: int) -> None:
        name = name_of(element)
        said = element.get("level") or element.get("lvl") or element.get("LVL") or ""
        if name[0] == "h" and name[1:].isdigit():
            level = int(name[1:])
        elif len(said) == 1 and said in "12345":
            level += int(said)
        number = element.getprevious()
        above = [number] if number is not None and _is_number_of_heading(number) else []
        text = " ".join(" ".join(map(text_of, [*above, element])).split("\n"))
        self._writer.add(
            "heading", text, level=min(level, _LOWEST_LEVEL), locator=Locator(line=element.sourceline)
        )

    def _figure(self, element: Any, level: int, depth: int) -> None:
        """The label and the caption in one paragraph, then what is shown."""
        described = [child for child in element if name_of(child) in names.CAPTIONS]
        self._add("paragraph", " ".join(filter(None, map(text_of, described))), element)
        for child in element:
            if name_of(child) not in names.CAPTIONS:
                self.element(child, level, depth + 1)

    def _list(self, element: Any, level: int) -> None:
        for child in element:
            if name_of(child) in names.HEADINGS:
                self._heading(child, level + 1)
        self._add("list", "\n".join(list_lines(element)), element)

    def _paragraph(self, element: Any, level: int, depth: int) -> None:
        """The running text, cut where a block stands in it."""
        pieces: list[str] = []

        def flush() -> None:
            self._add("paragraph", tidy("".join(pieces)), element)
            pieces.clear()

        def is_block(child: Any) -> bool:
            if name_of(child) not in names.BLOCKS:
                return False
            flush()
            self.element(child, level, depth + 1)
            return True

        collect(element, pieces, is_block)
        flush()

    def _add(self, kind: BlockKind, text: str, element: Any) -> None:
        self._writer.add(kind, text, locator=Locator(line=element.sourceline))


def _is_named_like_a_section(element: Any) -> bool:
    """Data use the same words (task, response …), but for single values, or without a heading."""
    children = set(map(name_of, element))
    if children <= names.HEADINGS | {"label"}:
        return False
    return is_record(element) or (names.HEADINGS.isdisjoint(children) and is_data(element))


def _is_number_of_heading(element: Any) -> bool:
    following = element.getnext() if name_of(element) == "label" else None
    return following is not None and name_of(following) in names.HEADINGS
