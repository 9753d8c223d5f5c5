"""Reads the comments and notes on the cells of a sheet."""

from __future__ import annotations

from extractors.ooxml.package import Element, local
from extractors.ooxml.part import Part
from extractors.workbook.sheet import Placed
from extractors.xlsx.sheet import area


def read_comments(sheet: Part) -> list[Placed]:
    """Threads of comments as they were written, notes besides them."""
    threads: dict[tuple[int, int], list[str]] = {}
    for item in _items(sheet, "threadedComment"):
        _add(threads, item.get("ref", ""), "".join(text.text or "" for text in item.iter("{*}text")))
    notes: dict[tuple[int, int], list[str]] = {}
    for item in _items(sheet, "comments"):
        _add(notes, item.get("ref", ""), _note_text(item))
    found = notes | threads
    return [Placed(row, column, " — ".join(texts)) for (row, column), texts in sorted(found.items())]


def _items(sheet: Part, kind: str) -> list[Element]:
    names = ("threadedComment", "comment")
    roots = (sheet.package.optional_xml(target) for target in sheet.targets(kind))
    return [item for root in roots if root is not None for item in root.iter() if local(item) in names]


def _add(found: dict[tuple[int, int], list[str]], reference: str, text: str) -> None:
    cell = area(reference)
    if cell is not None and text.strip():
        found.setdefault((cell.top, cell.left), []).append(text)


def _note_text(item: Element) -> str:
    """All runs of the text; phonetic hints are left out."""
    return "".join(text.text or "" for text in item.iter("{*}t") if local(text.getparent()) in ("r", "text"))
