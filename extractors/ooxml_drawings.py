"""Reads what Office drawings say: diagrams, text boxes of sheets, charts with their cached numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from extractors.cleaning import fold
from extractors.ooxml import Element, Package, child, local
from extractors.table import markdown_table
from extractors.writer import DocumentWriter

_PART = re.compile(r"(?:word|xl)/(diagrams/data|drawings/drawing|charts/chart)(\d*)\.xml\Z")


def write_drawings(package: Package, writer: DocumentWriter) -> None:
    """Appends the text of every drawing; where on its page it floats is not known."""
    found = [
        (match.group(1), int(match.group(2) or 0), part)
        for part in package.parts
        if (match := _PART.match(part))
    ]
    for kind, _, part in sorted(found):
        root = package.optional_xml(part)
        if root is not None:
            writer.add("paragraph", "\n".join(_paragraphs(root)))
            if kind == "charts/chart" and part.startswith("word/"):
                writer.add("table", markdown_table(_chart_rows(root)))


def _paragraphs(root: Element) -> Iterator[str]:
    for paragraph in root.iter():
        if local(paragraph) == "p":
            text = fold("".join(item.text or "" for item in paragraph.iter() if local(item) == "t"))
            if text:
                yield text


def _chart_rows(root: Element) -> list[list[str]]:
    """Series as columns, categories as rows."""
    series = [element for element in root.iter() if local(element) == "ser"]
    names = [" ".join(_points(child(one, "tx")).values()) for one in series]
    columns = [_points(child(one, "val")) or _points(child(one, "yVal")) for one in series]
    labels: dict[int, str] = {}
    for one in series:
        labels = labels or _points(child(one, "cat")) or _points(child(one, "xVal"))
    places = sorted({place for column in (labels, *columns) for place in column})
    rows = [[labels.get(place, ""), *(column.get(place, "") for column in columns)] for place in places]
    return [["", *names], *rows] if rows else []


def _points(element: Element | None) -> dict[int, str]:
    """The cached values under an element by their position."""
    found: dict[int, str] = {}
    for point in element.iter() if element is not None else ():
        if local(point) == "pt":
            value = child(point, "v")
            place = point.get("idx", "")
            if place.isdecimal() and value is not None:
                found[int(place)] = value.text or ""
    return found
