"""Reads the comments on slides, of the older kind and of the newer one with replies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from extractors.cleaning import fold
from extractors.ooxml.package import Element, attribute, child, local
from extractors.ooxml.part import Part, comment_line

_COMMENTS: Final = frozenset(("cm", "reply"))
_AUTHOR_PARTS: Final = ("commentAuthors", "authors")
_DAY: Final = len("2026-01-31")


def authors(presentation: Part) -> dict[str, str]:
    """Id → name of everybody who commented."""
    found: dict[str, str] = {}
    for kind in _AUTHOR_PARTS:
        root = presentation.package.optional_xml(presentation.target(kind))
        for item in root if root is not None else ():
            found[attribute(item, "id") or ""] = attribute(item, "name") or ""
    return found


def comments(slide: Part, names: dict[str, str]) -> Iterator[str]:
    """Each as "Comment (author, day): text", replies after what they answer."""
    for target in slide.targets("comments"):
        root = slide.package.optional_xml(target) if slide.is_first(target) else None
        for item in root.iter() if root is not None else ():
            text = _text(item) if local(item) in _COMMENTS else ""
            if text:
                day = (item.get("dt") or item.get("created") or "")[:_DAY]
                yield comment_line(text, names.get(item.get("authorId") or "", ""), day)


def _text(comment: Element) -> str:
    plain = child(comment, "text")
    if plain is not None:
        return fold(plain.text or "")
    body = child(comment, "txBody")
    pieces = (item.text or "" for item in body.iter() if local(item) == "t") if body is not None else ()
    return fold(" ".join(pieces))
