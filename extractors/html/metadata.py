"""What a page says of itself: title, description, author, times, address - in its head and as schema.org data."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from extractors.times import iso_seconds
from knowledge.types import Value

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_FIELDS: Final = {
    "title": ("title", "og:title", "twitter:title", "dc.title", "headline"),
    "description": ("description", "og:description", "twitter:description", "dc.description"),
    "author": ("author", "article:author", "dc.creator", "parsely-author", "sailthru.author"),
    "keywords": ("keywords",),
    "url": ("canonical", "og:url"),
    "language": ("lang", "content-language"),
}
"""Metadata field → names that pages use for it, best first."""
_TIMES: Final = {
    "created": ("article:published_time", "datepublished", "date", "dc.date", "dcterms.created", "pubdate"),
    "modified": ("article:modified_time", "datemodified", "og:updated_time", "dcterms.modified"),
}
_DATA_TYPE: Final = "application/ld+json"
_ADDRESSES: Final = ("http://", "https://")
_LONG_TEXTS: Final = ("articleBody", "description", "text")
_MOST_DATA: Final = 10_000
"""Values of schema.org data that are looked at."""


def structured_data(page: LexborHTMLParser, source: str) -> list[dict[str, Any]]:
    """The schema.org objects (JSON-LD) of a page parsed from `source`, outer ones first; damaged data is left out."""
    found: list[dict[str, Any]] = []
    for script in page.css(f"script[type='{_DATA_TYPE}']") if _DATA_TYPE in source else ():
        try:
            found.extend(_objects(json.loads(script.text(), strict=False)))
        except (ValueError, RecursionError):
            continue
    return found


def metadata(page: LexborHTMLParser, data: list[dict[str, Any]]) -> dict[str, Value | None]:
    """Title, description, author, keywords, url, language and times, where the page gives them."""
    said = _said(page)
    for thing in data:
        author = _name(thing.get("author"))
        for name, value in (("headline", thing.get("headline")), ("author", author)):
            if isinstance(value, str):
                said.setdefault(name, value)
        for name in ("datePublished", "dateModified"):
            if isinstance(thing.get(name), str):
                said.setdefault(name.lower(), thing[name])
    if said.get("article:author", "").startswith(_ADDRESSES):
        del said["article:author"]
    found: dict[str, Value | None] = {
        field: next((said[name] for name in names if said.get(name)), None)
        for field, names in _FIELDS.items()
    }
    for field, names in _TIMES.items():
        times = (iso_seconds(said[name]) for name in names if name in said)
        found[field] = next((time for time in times if time is not None), None)
    return found


def long_texts(data: list[dict[str, Any]]) -> list[str]:
    """What schema.org data holds of the content itself, as HTML: all there is of pages that a script fills."""
    texts = (thing.get(name) for thing in data for name in _LONG_TEXTS)
    return list(dict.fromkeys(text for text in texts if isinstance(text, str) and text.strip()))


def _said(page: LexborHTMLParser) -> dict[str, str]:
    """Name, lower case → the first value that is not blank. Selectors would cost a small page more than its text."""
    said = {"lang": (page.root.attributes.get("lang") if page.root is not None else None) or ""}
    # Wherever they stand: a head ends at the first picture in it, and the rest of it is then in the body.
    titles = (node.text().strip() for node in page.tags("title") if not _is_drawn(node))
    said["title"] = next(filter(None, titles), "")
    links = (node.attributes for node in page.tags("link"))
    said["canonical"] = next((link.get("href") or "" for link in links if link.get("rel") == "canonical"), "")
    for meta in page.tags("meta"):
        attributes = meta.attributes
        name = attributes.get("name") or attributes.get("property") or attributes.get("itemprop")
        name = (name or attributes.get("http-equiv") or "").strip().lower()
        value = (attributes.get("content") or "").strip()
        if value:
            said[name] = said.get(name) or value
    return said


def _is_drawn(title: LexborNode) -> bool:
    """Whether a title is that of a drawing in the page."""
    around = title.parent
    while around is not None and around.tag != "svg":
        around = around.parent
    return around is not None


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    waiting = deque([value])
    for _ in range(_MOST_DATA):
        if not waiting:
            return
        value = waiting.popleft()
        if isinstance(value, dict):
            yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _name(author: Any) -> Any:
    """An author is a name, a person or a list of either."""
    if isinstance(author, list):
        names = [_name(one) for one in author]
        return ", ".join(name for name in names if isinstance(name, str))
    return author.get("name") if isinstance(author, dict) else author
