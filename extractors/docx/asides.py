"""What stands beside the text of a Word document: headers and footers, notes, comments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from extractors.cleaning import fold
from extractors.docx.changes import accept_changes
from extractors.docx.text import run_text
from extractors.ooxml.package import WORD, Element, attribute, local
from extractors.ooxml.part import Part, comment_line

_DAY: Final = len("2026-01-31")


def running_parts(body: Element) -> list[Element]:
    """What sections say of the headers and footers that they use."""
    return list(body.iter(f"{WORD}headerReference", f"{WORD}footerReference"))


def running_texts(references: list[Element], part: Part, kind: str) -> Iterator[str]:
    """The distinct texts of all "header"s or "footer"s; those of numbers alone are left out."""
    seen: set[str] = set()
    for reference in references:
        if local(reference) != f"{kind}Reference":
            continue
        relation = part.relations.get(attribute(reference, "id") or "")
        if relation is None or relation.is_external or relation.target in seen:
            continue
        seen.add(relation.target)
        root = part.package.optional_xml(relation.target)
        if root is None:
            continue
        accept_changes(root)
        text = "\n".join(_lines(root, part.beside(relation.target)))
        if text not in seen and any(map(str.isalpha, text)):
            seen.add(text)
            yield text


def notes(part: Part, kind: str) -> dict[str, str]:
    """Id → text of all "footnotes" or "endnotes"."""
    return {attribute(note, "id") or "": text for note, text in _entries(part, kind)}


def comments(part: Part) -> dict[str, str]:
    """Id → what a reviewer wrote, with name and day."""
    return {
        attribute(item, "id") or "": comment_line(
            text, attribute(item, "author") or "", (attribute(item, "date") or "")[:_DAY]
        )
        for item, text in _entries(part, "comments")
        if text
    }


def _lines(root: Element, part: Part) -> list[str]:
    """Every paragraph within as one line, those of tables and text boxes too."""
    lines = (fold(run_text(paragraph, part).text) for paragraph in root.iter(f"{WORD}p"))
    return [line for line in lines if line]


def _entries(part: Part, kind: str) -> Iterator[tuple[Element, str]]:
    target = part.target(kind)
    root = part.package.optional_xml(target)
    if target is None or root is None:
        return
    accept_changes(root)
    beside = part.beside(target)
    for entry in root:
        yield entry, " ".join(_lines(entry, beside))
