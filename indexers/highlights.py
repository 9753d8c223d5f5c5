"""Where in a passage the terms of a question stand."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from typing import TYPE_CHECKING

from indexers.folding import fold_with_spans

if TYPE_CHECKING:
    from indexers.analysis import Located

Spans = list[tuple[int, int]]


def spans(
    text: str,
    located_terms: Callable[[str], tuple[list[Located], list[Located]]],
    query_terms: tuple[Container[str], Container[str]],
) -> Spans:
    """Spans of `text` whose terms are among those of the question, in order, none touching another."""
    folded, origins = fold_with_spans(text)
    places = (
        (origins[located.start][0], origins[located.end - 1][1])
        for field, wanted in zip(located_terms(folded), query_terms, strict=True)
        for located in field
        if located.term in wanted
    )
    return _merged(places)


def _merged(places: Iterable[tuple[int, int]]) -> Spans:
    merged: Spans = []
    for start, end in sorted(places):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
