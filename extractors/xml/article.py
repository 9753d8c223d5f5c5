"""The front matter of scientific articles in JATS: title, authors, where and when they appeared."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import Any, Final

from extractors.writer import DocumentWriter
from extractors.xml.text import text_of
from extractors.xml.tree import is_element, name_of
from knowledge.types import Locator

FRONTS: Final = frozenset(("front", "front-stub"))
AFTER_AUTHORS: Final = frozenset("abstract trans-abstract kwd-group funding-statement custom-meta".split())
"""What else of the front matter is worth reading; the rest is numbers of the publisher."""


def is_front(element: Any) -> bool:
    return name_of(element) in FRONTS and _first(element, "article-title") is not None


def describe_article(writer: DocumentWriter, front: Any) -> None:
    title = _first(front, "article-title")
    identifiers = {child.get("pub-id-type"): child for child in _all(front, "article-id")}
    writer.describe(
        {
            "title": None if title is None else text_of(title),
            "author": tuple(_authors(front)),
            "journal": _text(front, "journal-title"),
            "doi": text_of(identifiers["doi"]) if "doi" in identifiers else None,
            "published": _published(front),
            "keywords": tuple(text_of(keyword) for keyword in _all(front, "kwd")),
            "copyright": _text(front, "copyright-statement"),
            "licence": _text(front, "license-p"),
        }
    )


def write_title_and_authors(writer: DocumentWriter, front: Any, level: int) -> None:
    for title in _all(front, "article-title"):
        writer.add("heading", text_of(title), level=level, locator=Locator(line=title.sourceline))
    for subtitle in _all(front, "subtitle"):
        writer.add("paragraph", text_of(subtitle))
    writer.add("paragraph", ", ".join(_authors(front)))
    for affiliation in _all(front, "aff"):
        writer.add("paragraph", text_of(affiliation), locator=Locator(line=affiliation.sourceline))


def _authors(front: Any) -> Iterator[str]:
    for contributor in _all(front, "contrib"):
        if contributor.get("contrib-type", "author") != "author":
            continue
        given, surname = _text(contributor, "given-names"), _text(contributor, "surname")
        whole = _text(contributor, "string-name") or _text(contributor, "collab")
        if name := " ".join(filter(None, (given, surname))) or whole:
            yield name


def _published(front: Any) -> str | None:
    """The first date of publication as 2024-05-01, as far as it is known."""
    for date in _all(front, "pub-date"):
        parts = [_text(date, part) for part in ("year", "month", "day")]
        known = list(takewhile(str.isdigit, parts))
        if known:
            return "-".join(part.zfill(2) for part in known)
    return None


def _all(element: Any, name: str) -> Iterator[Any]:
    return (below for below in element.iter() if is_element(below) and name_of(below) == name)


def _first(element: Any, name: str) -> Any | None:
    return next(_all(element, name), None)


def _text(element: Any, name: str) -> str:
    found = _first(element, name)
    return "" if found is None else text_of(found)
