"""Reads the rows of a sheet as a stream of XML text: several times faster than through a tree of elements."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from extractors.ooxml.part import linked
from extractors.passages import replaced
from extractors.workbook.formats import Show, general
from extractors.workbook.sheet import MOST_COLUMNS, MOST_ROWS, Cells, SheetRow

_MOST_KEPT: Final = 4096
_SURE_DIGITS: Final = 16
"""Whole numbers of fewer digits are shown as they are written."""
_CELL = re.compile(
    r'<c r="([A-Z]{1,3})[0-9]+"(?: s="([0-9]+)")?(?: t="([A-Za-z]+)")?'
    r"(?:/>|>(?:<f[^>]*/>|<f[^>]*>[^<]*</f>)?(?:<v>([^<]*)</v>|<is><t(?: [^>]*)?>([^<]*)</t></is>)?</c>)"
)
"""A cell as nearly every program writes it: letters, style, kind, value, text in place. Ranges, because `\\d`
and `\\w` know all scripts and take twice the time."""
_CELL_START = re.compile(r"<c(?=[\s/>])")
_ATTRIBUTE = re.compile(r"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_VALUE = re.compile(r"<v(?:\s[^<>]*)?>([^<]*)</v>")
_TEXT = re.compile(r"<t(?:\s[^<>]*)?>([^<]*)</t>")
_FORMULA = re.compile(r"<f(?:\s[^<>]*)?>([^<]*)</f>")
_PHONETIC: Final = ("<rPh", "</rPh>")
_RAW: Final = ("<![CDATA[", "]]>")
_HYPERLINK = re.compile(r'HYPERLINK\(\s*"((?:[^"]|"")+)"\s*[,)]')
_PICTURE = re.compile(r'DISPIMG\("(\w+)"')
_CODED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_ROW_NUMBER = re.compile(r"""\br=["'](\d{1,7})["']""")
_LETTERS: Final = re.compile(r"\$?([A-Za-z]{1,3})")


def unescaped(text: str) -> str:
    """Text without the escapes of XML and of spreadsheets (`_x000D_`)."""
    if "&" in text:
        text = html.unescape(text)
    if "_x" in text:
        text = _CODED.sub(lambda code: chr(int(code[1], 16)), text)
    return text if not text.isspace() else ""


def string_text(xml: str) -> str:
    """The text in the XML of a string, all its runs; phonetic hints are left out."""
    if "<rPh" in xml:
        xml = replaced(xml, *_PHONETIC, new=lambda _: "")
    return unescaped("".join(_TEXT.findall(_without_raw(xml))))


def _without_raw(xml: str) -> str:
    """The same with its CDATA sections written with escapes."""
    return replaced(xml, *_RAW, new=lambda raw: html.escape(raw[len(_RAW[0]) : -len(_RAW[1])], quote=False))


class _Columns(dict[str, int]):
    """Letters → column from 0."""

    def __missing__(self, letters: str) -> int:
        column = 0
        for letter in letters:
            column = column * 26 + ord(letter) - 64
        self[letters] = column - 1
        return column - 1


COLUMNS: Final = _Columns()


class Shown(dict[str, str]):
    """Number as the file writes it → as its format shows it."""

    def __init__(self, show: Show) -> None:
        super().__init__()
        self._show = show
        self.is_plain = show is general
        """Whether whole numbers are shown as the file writes them."""

    def __missing__(self, value: str) -> str:
        if len(self) >= _MOST_KEPT:
            self.clear()
        try:
            text = self._show(float(value))
        except (ValueError, OverflowError):
            text = value
        self[value] = text
        return text


class ShownByStyle(dict[str, Shown]):
    """Style of a cell, as the file writes its number → what shows numbers in it, asked for when there is one."""

    def __init__(self, show_of: Callable[[str], Show]) -> None:
        super().__init__()
        self._show_of = show_of

    def __missing__(self, style: str) -> Shown:
        shown = self[style] = Shown(self._show_of(style))
        return shown


def _row_number(piece: str, start: int, end: int, expected: int) -> int:
    """The number in a row's tag, which nearly always is the `expected` one; that when there is none."""
    if piece.startswith(f'<row r="{expected}"', start):
        return expected
    found = _ROW_NUMBER.search(piece, start, end)
    return min(int(found[1]), MOST_ROWS) if found else expected


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetCells:
    """What the cells of a sheet refer to."""

    strings: list[str]
    styles: ShownByStyle
    links: Mapping[int, Mapping[int, str]] = field(default_factory=dict)
    """Row → column → address."""
    cell_pictures: Mapping[str, str] = field(default_factory=dict)
    """Name of a picture that fills a cell → its Markdown."""

    def rows(self, texts: Iterable[str]) -> Iterator[SheetRow]:
        """The rows with text in pieces of XML that end where rows end."""
        number = 0
        for text in texts:
            for piece in text.split("</row>"):
                start = piece.rfind("<row")
                if start < 0:
                    continue
                end = piece.find(">", start)
                number = _row_number(piece, start, end, number + 1)
                cells = self._cells(piece, end)
                if number in self.links:
                    self._link(cells, self.links[number])
                if cells:
                    yield SheetRow(number, cells)

    def _cells(self, row: str, start: int) -> Cells:
        found = _CELL.findall(row, start)
        is_usual = len(found) == row.count("<c ", start) + row.count("<c>", start)
        if not is_usual or "HYPERLINK(" in row or "DISPIMG(" in row:
            return self._unusual_cells(row[start:])
        try:
            return self._usual_cells(found)
        except (ValueError, IndexError):
            return self._unusual_cells(row[start:])

    def _usual_cells(self, found: list[tuple[str, str, str, str, str]]) -> Cells:
        """Most of the time that a sheet takes is spent here."""
        strings, styles, columns = self.strings, self.styles, COLUMNS
        cells: Cells = {}
        for letters, style, kind, value, inline in found:
            if kind == "s":
                text = strings[int(value)]
            elif not value:
                text = unescaped(inline) if "&" in inline or "_x" in inline or inline.isspace() else inline
            elif not kind or kind == "n":
                shown = styles[style]
                is_sure = shown.is_plain and value.isdecimal() and len(value) < _SURE_DIGITS
                text = value if is_sure else shown[value]
            else:
                text = self._of_kind(kind, value)
            if text:
                cells[columns[letters]] = text
        return cells

    def _of_kind(self, kind: str, value: str) -> str:
        if kind == "s":
            return self.strings[int(value)] if value.isdecimal() and int(value) < len(self.strings) else ""
        if kind == "b":
            return "TRUE" if value.strip() in ("1", "true") else "FALSE"
        if kind == "d":
            return value.replace("T00:00:00", "").replace("T", " ").rstrip("Z")
        return unescaped(value)

    def _unusual_cells(self, row: str) -> Cells:
        """The same for cells written otherwise: other attributes, rich text, links and pictures by formula."""
        cells: Cells = {}
        column = -1
        for piece in _CELL_START.split(row)[1:]:
            head, _, content = piece.partition(">")
            attributes = {name: first or second for name, first, second in _ATTRIBUTE.findall(head)}
            letters = _LETTERS.match(attributes.get("r", ""))
            column = COLUMNS[letters[1].upper()] if letters else column + 1
            text = self._content_text(attributes, content) if not head.endswith("/") else ""
            if text and column < MOST_COLUMNS:
                cells[column] = text
        return dict(sorted(cells.items()))

    def _content_text(self, attributes: Mapping[str, str], content: str) -> str:
        kind = attributes.get("t", "n")
        if kind == "inlineStr":
            return string_text(content)
        content = _without_raw(content)
        found = _VALUE.search(content)
        value = found[1] if found else ""
        if not value:
            return ""
        text = self.styles[attributes.get("s", "")][value] if kind == "n" else self._of_kind(kind, value)
        return self._by_formula(text, content)

    def _by_formula(self, text: str, content: str) -> str:
        formula = _FORMULA.search(content)
        picture = _PICTURE.search(text)
        if picture:
            return self.cell_pictures.get(picture[1], "")
        address = _HYPERLINK.search(html.unescape(formula[1])) if formula else None
        return linked(text, address[1]) if address and not address[1].startswith("#") else text

    def _link(self, cells: Cells, addresses: Mapping[int, str]) -> None:
        for column, address in addresses.items():
            if column in cells:
                cells[column] = linked(cells[column], address)
