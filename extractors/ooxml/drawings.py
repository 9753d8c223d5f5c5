"""Reads what Office drawings say: diagrams, and charts with their cached numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from extractors.cleaning import fold
from extractors.ooxml.package import Element, attribute, child, local
from extractors.ooxml.part import Part
from extractors.table import markdown_table
from extractors.writer import NOWHERE
from knowledge.types import Locator

_EXACT_DIGITS: Final = 15


def write_chart(element: Element, part: Part, locator: Locator = NOWHERE) -> None:
    """Writes what `c:chart` or `dgm:relIds` refers to: a chart's titles and numbers, a diagram's texts."""
    is_chart = local(element) == "chart"
    root = part.related(attribute(element, "id" if is_chart else "dm"))
    if root is not None and is_chart:
        part.writer.add("paragraph", "\n".join(_paragraphs(root)), locator=locator)
        part.writer.add("table", markdown_table(_chart_rows(root)), locator=locator)
    elif root is not None:
        part.writer.add("list", "\n".join(f"- {text}" for text in _paragraphs(root)), locator=locator)


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
    columns = [{place: _rounded(text) for place, text in column.items()} for column in columns]
    labels: dict[int, str] = {}
    for one in series:
        labels = labels or _points(child(one, "cat")) or _points(child(one, "xVal"))
    places = sorted({place for column in (labels, *columns) for place in column})
    rows = [[labels.get(place, ""), *(column.get(place, "") for column in columns)] for place in places]
    return [["", *names], *rows] if rows else []


def _rounded(text: str) -> str:
    """A number as the program shows it: charts keep 4.4 as 4.4000000000000004."""
    try:
        return f"{float(text):.15g}" if len(text) > _EXACT_DIGITS else text
    except ValueError:
        return text


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
