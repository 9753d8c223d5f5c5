"""Reads MHTML (RFC 2557): a page saved with its pictures as one message, as browsers and Word do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from email.message import Message
from typing import Final
from urllib.parse import unquote

from extractors.html.document import page_text, write_page
from extractors.mail.mime import charset, content, field, leaves, parameter, parse, seconds
from extractors.writer import DocumentWriter
from knowledge.types import Document, ReadOptions

_PAGES: Final = ("text/html", "application/xhtml+xml")


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """As HTML, with the pictures that came with the page. Where the root only frames other pages, these are read."""
    writer = DocumentWriter(name)
    message = parse(data, name)
    parts = list(leaves(message))
    pages = [part for part in parts if part.get_content_type() in _PAGES]
    root = next((page for page in pages if _id(page) == _start(message)), pages[0] if pages else None)
    if root is not None:
        has_text = _write(writer, root, parts, options)
        for page in [] if has_text else pages:
            if page is not root:
                _write(writer, page, parts, replace(options, whole_page=True))
    facts = {"title": field(message, "Subject"), "url": field(message, "Snapshot-Content-Location")}
    writer.describe({key: value for key, value in facts.items() if key not in writer.metadata})
    writer.describe({"created": writer.metadata.get("created", seconds(field(message, "Date")))})
    return writer.finish()


def _write(writer: DocumentWriter, page: Message, parts: list[Message], options: ReadOptions) -> bool:
    text = page_text(writer, content(page), charset(page))
    return write_page(writer, text, options, _by_address(parts, _folder(page)))


def _by_address(parts: list[Message], folder: str) -> Mapping[str, bytes]:
    """Pictures by all the addresses that a page in `folder` may show them by."""
    found: dict[str, bytes] = {}
    for part in parts:
        if part.get_content_maintype() != "image":
            continue
        location = field(part, "Content-Location")
        for address in (f"cid:{_id(part)}", location, location.removeprefix(folder), unquote(location)):
            found.setdefault(address, content(part))
    return found


def _folder(part: Message) -> str:
    return field(part, "Content-Location").rpartition("/")[0] + "/"


def _start(message: Message) -> str:
    return parameter(message, "start").strip("<>") or "\n"


def _id(part: Message) -> str:
    return field(part, "Content-ID").strip("<>")
