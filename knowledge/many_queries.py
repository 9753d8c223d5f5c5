"""Many questions at once: their vectors asked for together, one question's trouble kept from the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from knowledge.errors import EmbeddingError, InputError, OutgoingError, TextsNotEmbedded
from knowledge.many_bases import ELSEWHERE, answers_of_each, is_reranked, merged, search_bases
from knowledge.queries import readable
from knowledge.searching import check_threshold, is_embedded
from knowledge.types import Hits

if TYPE_CHECKING:
    from knowledge.generations import Generation
    from knowledge.many_bases import Asked
    from knowledge.search_options import SearchOptions
    from knowledge.types import Vector

Outcome = Hits | EmbeddingError | OutgoingError
"""What one question found, or why a model or another server gave nothing for it."""


def search_many(
    generation: Generation,
    queries: Iterable[str],
    options: SearchOptions,
    search: Callable[[str, SearchOptions], Hits],
) -> list[Outcome]:
    """What `search` finds for each question, in their order. Raises what no question can be answered with."""
    texts = several(queries)
    check_threshold(generation.base, options)
    vectors = _vectors(generation, texts, options)
    prepared = replace(options, vectors=vectors)
    return each(lambda text: search(text, prepared), texts)


def search_bases_many(queries: Iterable[str], asked: Sequence[Asked], *, timeout_s: float) -> list[Outcome]:
    """`search_bases` for each question: each base is asked all of them at once, an external one has `timeout_s` for
    each. With a reranker, which judges the passages of all bases, it is one question after the other."""
    texts = several(queries)
    if len(asked) == 1:
        base, options = asked[0]
        return base.search_many(texts, **options)
    if not asked or is_reranked(asked):
        return each(partial(search_bases, asked=asked, timeout_s=timeout_s), texts)
    given = [readable(text) for text in texts]
    found = answers_of_each([text for text, _ in given], asked, timeout_s)
    return [
        _outcome(partial(merged, asked=asked, found=answers, warnings=warnings), text)
        for (text, warnings), answers in zip(given, found, strict=True)
    ]


def each(search: Callable[[str], Hits], queries: Sequence[str]) -> list[Outcome]:
    return [_outcome(search, query) for query in queries]


def several(queries: Iterable[str]) -> list[str]:
    """Raises `InputError` for one text, whose characters would be searched."""
    if isinstance(queries, str):
        raise InputError(f"one text is given where questions are wanted, {queries[:40]!r}; give a list")
    return list(queries)


def _outcome(search: Callable[[str], Hits], query: str) -> Outcome:
    try:
        return search(query)
    except ELSEWHERE as error:
        return error


def _vectors(
    generation: Generation, queries: Sequence[str], options: SearchOptions
) -> dict[str, Vector | EmbeddingError]:
    texts = dict.fromkeys(readable(query)[0] for query in queries)
    wanted = [text for text in texts if is_embedded(generation, text, options)]
    if generation.embedder is None or not wanted:
        return {}
    generation.check_embedder()
    try:
        return dict(zip(wanted, generation.embedder.embed_queries(wanted), strict=True))
    except TextsNotEmbedded as error:
        refused = {wanted[at]: EmbeddingError(reason) for at, reason in error.reasons.items()}
        return {**{wanted[at]: vector for at, vector in error.vectors.items()}, **refused}
    except EmbeddingError as error:
        return {text: error.vectors.get(at, error) for at, text in enumerate(wanted)}
