"""Sorts out passages that say what one before them has said: page headers, disclaimers, navigation."""

from __future__ import annotations

from collections.abc import Iterable

from knowledge.types import Chunk


def without_duplicates(chunks: Iterable[Chunk]) -> tuple[list[Chunk], list[Chunk]]:
    """(kept, removed): the first of every content stays. Case, white space and context do not count."""
    kept: list[Chunk] = []
    removed: list[Chunk] = []
    seen: set[tuple[str, str | None]] = set()
    for chunk in chunks:
        said = (folded(chunk.content), chunk.answer)
        (removed if said in seen else kept).append(chunk)
        seen.add(said)
    return kept, removed


def folded(text: str) -> str:
    """`text` in the form in which two are compared."""
    return " ".join(text.casefold().split())
