"""Sorts out passages that say what one before them has said: page headers, disclaimers, navigation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from knowledge.types import Chunk

_NAMED: Final = 3
_SHOWN: Final = 40


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


def repeated_passages(removed: Sequence[Chunk]) -> tuple[str, ...]:
    """A line for people about the passages left out, the most frequent named; none where none was."""
    if not removed:
        return ()
    counts = Counter(folded(chunk.content) for chunk in removed).most_common(_NAMED)
    written = {folded(chunk.content): " ".join(chunk.content.split()) for chunk in reversed(removed)}
    named = ", ".join(f"{_short(written[said])!r} ({count})" for said, count in counts)
    others = ", …" if len(written) > len(counts) else ""
    noun = "passage" if len(removed) == 1 else "passages"
    return (f"{len(removed)} repeated {noun} left out: {named}{others}",)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def folded(text: str) -> str:
    """`text` in the form in which two are compared."""
    return " ".join(text.casefold().split())
