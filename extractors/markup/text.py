"""Reads plain text: any encoding, kept as written, one block per paragraph."""

from __future__ import annotations

from collections.abc import Iterator

from extractors.encodings.decoding import decode
from extractors.writer import written
from knowledge.types import Block, Document, Locator, ReadOptions


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """The text as written; a paragraph is what stands between blank lines."""
    decoded = decode(data)
    return written(name, decoded.text, list(paragraphs(decoded.text)), {}, decoded.warnings)


def paragraphs(text: str) -> Iterator[Block]:
    start = end = line = offset = 0
    for number, content in enumerate(text.split("\n"), start=1):
        stripped = content.strip()
        if stripped:
            if end == start:
                start, line = offset + content.index(stripped), number
            end = offset + len(content.rstrip())
        elif end > start:
            yield Block(kind="paragraph", start=start, end=end, locator=Locator(line=line))
            start = end
        offset += len(content) + 1
    if end > start:
        yield Block(kind="paragraph", start=start, end=end, locator=Locator(line=line))
