"""The XML of one sheet: its rows as a stream, and what follows them — merged cells, links, drawings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from extractors.ooxml.package import Element, Package, attribute, local
from extractors.workbook.pages import page_words
from extractors.workbook.sheet import MOST_COLUMNS, MOST_ROWS, Merged
from extractors.xlsx.cells import COLUMNS
from knowledge.errors import ExtractionError, ExtractionLimit

_HEAD_BYTES: Final = 4096
_ROW_END: Final = b"</row>"
_PREFIX = re.compile(rb"<(\w+):(?:worksheet|chartsheet|sst)\b")
_ENCODING = re.compile(rb"""\A\s*<\?xml[^>]*encoding=["'](?!utf-?8["'])""", re.IGNORECASE)
_ROOT = re.compile(rb"<(worksheet|chartsheet)\b[^>]*>")
_ROWS_END = re.compile(rb"</sheetData\s*>|<sheetData\s*/>")
_LONGEST_MARK: Final = 64
_LONGEST_ROW_BYTES: Final = 64 << 20
_AREA = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})(?::\$?([A-Z]{1,3})\$?(\d{1,7}))?\Z", re.IGNORECASE)
_MOST_LINKED: Final = 100_000
"""Cells of a sheet that carry a link at most: a link may be of whole columns."""


@dataclass(frozen=True, slots=True)
class SheetXml:
    package: Package
    part: str

    def row_texts(self) -> Iterator[str]:
        """The XML in pieces that end where a row ends."""
        rest = b""
        for chunk in plain_chunks(self.package, self.part):
            whole, end, rest = (rest + chunk).rpartition(_ROW_END)
            if end:
                yield (whole + end).decode("utf-8", "replace")
            elif len(rest) > _LONGEST_ROW_BYTES:
                raise ExtractionLimit(f"{self.package.name}: {self.part} has a row of {len(rest)} bytes")
        yield rest.decode("utf-8", "replace")

    def rest(self) -> Element:
        """The root with the children that follow the rows. Raises `ExtractionError` when the rows never end."""
        head, before = b"", b""
        tail: list[bytes] = []
        for chunk in plain_chunks(self.package, self.part):
            head = head or chunk[:_HEAD_BYTES]
            if tail:
                tail.append(chunk)
                continue
            before = before[-_LONGEST_MARK:] + chunk
            if end := _ROWS_END.search(before):
                tail.append(before[end.end() :])
        root = _ROOT.search(head)
        if root is None or not (tail or root[1] == b"chartsheet"):
            raise ExtractionError(f"{self.package.name} is damaged: {self.part} is cut short")
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
        found = etree.fromstring(root[0] + b"".join(tail), parser)
        return etree.Element("worksheet") if found is None else found


def plain_chunks(package: Package, part: str) -> Iterator[bytes]:
    """The bytes of a part as UTF-8 and without a prefix before the names of its elements."""
    head = package.read(part, _HEAD_BYTES)
    prefix = _PREFIX.search(head)
    if prefix is None and not _ENCODING.search(head) and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        yield from package.chunks(part)
        return
    try:
        data = etree.tostring(package.xml(part), encoding="utf-8")
    except ValueError as error:
        raise ExtractionError(f"{package.name} is damaged: {part} ({error})") from error
    if prefix := _PREFIX.search(data[:_HEAD_BYTES]):
        data = data.replace(b"<" + prefix[1] + b":", b"<").replace(b"</" + prefix[1] + b":", b"</")
    yield data


def merged_areas(root: Element) -> list[Merged]:
    areas = (area(item.get("ref", "")) for item in root.iter("{*}mergeCell"))
    return [found for found in areas if found is not None]


def area(reference: str) -> Merged | None:
    """The cells of a reference such as B2 or $A$1:C3; None when it is none."""
    found = _AREA.match(reference)
    if found is None:
        return None
    left, right = COLUMNS[found[1].upper()], COLUMNS[(found[3] or found[1]).upper()]
    top, bottom = int(found[2]), int(found[4] or found[2])
    return Merged(top, left, min(max(top, bottom), MOST_ROWS), min(max(left, right), MOST_COLUMNS - 1))


def links(root: Element, addresses: dict[str, str]) -> dict[int, dict[int, str]]:
    """Row → column → address, for links that lead out of the workbook; `addresses` are by relation id."""
    found: dict[int, dict[int, str]] = {}
    left = _MOST_LINKED
    for item in root.iter("{*}hyperlink"):
        address = addresses.get(attribute(item, "id") or "")
        cells = area(item.get("ref", ""))
        if not address or cells is None:
            continue
        for row in range(cells.top, cells.bottom + 1):
            left -= cells.right - cells.left + 1
            if left < 0:
                return found
            found.setdefault(row, {}).update(dict.fromkeys(range(cells.left, cells.right + 1), address))
    return found


def page_text(root: Element, *names: str) -> str:
    """What the page header or footer says besides page numbers, dates and names of files."""
    texts = [item.text or "" for item in root.iter() if local(item) in names]
    return " ".join(dict.fromkeys(filter(None, map(page_words, texts))))
