"""What the sheets of an Excel workbook share: their list, the strings, the number formats, pictures in cells."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from extractors.ooxml.package import Element, Package, attribute, child
from extractors.ooxml.part import Part
from extractors.workbook.formats import BUILT_IN, REGIONAL, formatter
from extractors.xlsx.cells import ShownByStyle, string_text, unescaped
from extractors.xlsx.sheet import plain_chunks

_PLAIN_STRING = re.compile(r"<si>\s*<t(?: [^>]*)?>([^<]*)</t>\s*\Z")
_CELL_PICTURES: Final = "xl/cellimages.xml"


@dataclass(frozen=True, slots=True)
class SheetEntry:
    title: str
    part: str
    is_hidden: bool


def sheet_entries(book: Part, root: Element) -> list[SheetEntry]:
    """The sheets in order, those of charts alone too; `root` is that of the part."""
    entries = []
    for sheet in _children(root, "sheets"):
        relation = book.relations.get(attribute(sheet, "id") or "")
        if relation is not None and relation.kind in ("worksheet", "chartsheet"):
            hidden = sheet.get("state", "visible") != "visible"
            entries.append(SheetEntry(sheet.get("name", ""), relation.target, hidden))
    return entries


def starts_1904(root: Element) -> bool:
    """Whether days count from 1904, as those of old Macs do."""
    properties = child(root, "workbookPr")
    return properties is not None and properties.get("date1904") in ("1", "true")


def shared_strings(package: Package, part: str | None) -> list[str]:
    if part is None or not package.has(part):
        return []
    text = b"".join(plain_chunks(package, part)).decode("utf-8", "replace")
    strings = []
    for piece in text.split("</si>")[:-1]:
        plain = _PLAIN_STRING.match(piece) if piece.startswith("<si>") else None
        strings.append(unescaped(plain[1]) if plain else string_text(piece))
    return strings


def styles(package: Package, part: str | None, is_1904: bool) -> ShownByStyle:
    """Style → what shows numbers in it. The part is read when the first number is."""
    codes = cache(lambda: _codes_of_styles(package.optional_xml(part)))
    return ShownByStyle(lambda style: formatter(codes().get(style or "0", "General"), is_1904))


def cell_pictures(package: Package, beside: Part) -> dict[str, str]:
    """Name → Markdown of the pictures that WPS puts into cells by the formula DISPIMG."""
    root = package.optional_xml(_CELL_PICTURES)
    part = beside.beside(_CELL_PICTURES)
    found = {}
    for picture in root.iter("{*}pic") if root is not None else ():
        named = next(picture.iter("{*}cNvPr"), None)
        blip = next(picture.iter("{*}blip"), None)
        if named is not None and blip is not None:
            found[named.get("name", "")] = part.picture(attribute(blip, "embed"), named.get("descr", ""))
    return found


def _codes_of_styles(root: Element | None) -> dict[str, str]:
    codes = {**BUILT_IN, **_own_codes(root)}
    numbers = (_number(style.get("numFmtId")) for style in _children(root, "cellXfs"))
    return {str(position): codes.get(number, "General") for position, number in enumerate(numbers)}


def _own_codes(root: Element | None) -> dict[int, str]:
    formats = _children(root, "numFmts")
    own = {_number(item.get("numFmtId")): item.get("formatCode", "General") for item in formats}
    return {number: code for number, code in own.items() if number not in REGIONAL}


def _children(root: Element | None, name: str) -> list[Element]:
    found = child(root, name)
    return list(found) if found is not None else []


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() else 0
