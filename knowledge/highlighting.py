"""Where the passages that were found say what the question says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from knowledge.types import Hits

if TYPE_CHECKING:
    from knowledge.protocols import Analyzer


def highlighted(found: Hits, analyzer: Analyzer) -> Hits:
    """The same hits with their `highlights`, as this analyzer sees words."""
    hits = (
        replace(hit, highlights=tuple(analyzer.highlights(hit.content, found.query))) for hit in found.hits
    )
    return replace(found, hits=tuple(hits))


def marked(text: str, spans: tuple[tuple[int, int], ...], mark: tuple[str, str]) -> str:
    """The text with something before and after each span."""
    pieces, at = [], 0
    for start, end in spans:
        pieces += [text[at:start], mark[0], text[start:end], mark[1]]
        at = end
    return "".join([*pieces, text[at:]])
