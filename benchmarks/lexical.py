"""The BM25 libraries of the field, each with its usual words and with ours: texts in, a search over them out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any, Final, Protocol

from indexers import StandardAnalyzer


class Search(Protocol):
    """What each library becomes."""

    def __call__(self, query: str, k: int) -> list[int]:
        """Positions of the best `k` texts, best first; those that share no word with the query are left out."""
        ...


def rank_bm25(
    texts: Sequence[str], words: Callable[[str], list[str]], query_words: Callable[[str], list[str]]
) -> Search:
    """`BM25Okapi` with its own defaults: k1 1.5, b .75."""
    from rank_bm25 import BM25Okapi

    index = BM25Okapi([words(text) or [""] for text in texts])

    def search(query: str, k: int) -> list[int]:
        scores = index.get_scores(query_words(query))
        return [int(at) for at in scores.argsort()[::-1][:k] if scores[at] > 0]

    return search


def bm25s_own(texts: Sequence[str]) -> Search:
    """As its README does it: its own tokenizer, English stop words out, words stemmed."""
    import bm25s
    import Stemmer

    stemmer = Stemmer.Stemmer("english")
    index = bm25s.BM25()
    index.index(
        bm25s.tokenize(list(texts), stopwords="en", stemmer=stemmer, show_progress=False), show_progress=False
    )
    tokenize = partial(bm25s.tokenize, stemmer=stemmer, return_ids=False, show_progress=False)
    return partial(_bm25s_search, index, len(texts), lambda query: tokenize(query)[0])


def bm25s_words(texts: Sequence[str]) -> Search:
    """With the words of our analyzer; k1 1.5, b .75, its own defaults."""
    import bm25s

    index = bm25s.BM25()
    index.index([our_words(text) or [""] for text in texts], show_progress=False)
    return partial(_bm25s_search, index, len(texts), our_query_words)


def _bm25s_search(index: Any, size: int, words: Callable[[str], list[str]], query: str, k: int) -> list[int]:
    asked = words(query)
    if not asked:
        return []
    found, scores = index.retrieve([asked], k=min(k, size), show_progress=False)
    return [int(at) for at, score in zip(found[0], scores[0], strict=True) if score > 0]


def split_words(text: str) -> list[str]:
    """As rank-bm25's README does it."""
    return text.split(" ")


def our_words(text: str) -> list[str]:
    return list(_analyzer().document_terms(text)[0])


def our_query_words(text: str) -> list[str]:
    return list(_analyzer().query_terms(text)[0])


@cache
def _analyzer() -> StandardAnalyzer:
    return StandardAnalyzer()


LIBRARIES: Final[Mapping[str, Callable[[Sequence[str]], Search]]] = {
    "rank-bm25": partial(rank_bm25, words=split_words, query_words=split_words),
    "rank-bm25 (our words)": partial(rank_bm25, words=our_words, query_words=our_query_words),
    "bm25s": bm25s_own,
    "bm25s (our words)": bm25s_words,
}
