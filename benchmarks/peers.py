"""The others of the quality suite: each peer makes a run of the same entries, and says whose rule it follows."""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, cached_property, partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, cast

from benchmarks.langchain_ensemble import Words, ensemble
from benchmarks.lexical import LIBRARIES, Search, our_query_words, our_words
from indexers.stop_words import CHINESE, ENGLISH
from knowledge.evaluation import DEPTH, Labelled, Run, sources
from knowledge.types import Matrix

if TYPE_CHECKING:
    from knowledge.protocols import Embedder

VECTOR_WEIGHT: Final = 0.7
KEYWORDS: Final = 10
RRF_CONSTANT: Final = 60
_STOP_WORDS: Final = ENGLISH | CHINESE

PACKAGES: Final = {
    "rank-bm25": ("rank_bm25",),
    "bm25s": ("bm25s",),
    "Dify economy": ("jieba",),
    "Dify weighted score": ("jieba", "rank_bm25"),
    "RRF": ("bm25s",),
    "LangChain": ("langchain_classic", "langchain_community", "rank_bm25"),
}
"""How a peer's name begins → what it imports."""


def missing(name: str) -> list[str]:
    """The packages of a peer that are not installed."""
    needed = next((packages for peer, packages in PACKAGES.items() if name.startswith(peer)), ())
    return [package for package in needed if find_spec(package) is None]


class Entries:
    """A labelled set as every peer gets it: title and text, and their vectors. What several use is made once."""

    def __init__(self, labelled: Labelled, embedder: Embedder | None = None) -> None:
        self.keys, self.texts = entries(labelled)
        self._embedder = embedder
        self.library: Callable[[str], Search] = cache(lambda name: LIBRARIES[name](self.texts))
        """One of the BM25 libraries over the texts."""

    @cached_property
    def _vectors(self) -> Matrix:
        if self._embedder is None:
            raise ValueError("these entries have no embedder")
        return self._embedder.embed_documents(self.texts)

    def cosines(self, query: str) -> Matrix:
        """Of the query with every entry, shape (n,)."""
        vectors = self._vectors
        assert self._embedder is not None
        similar: Matrix = vectors @ self._embedder.embed_query(query)
        return similar

    def nearest(self, query: str) -> list[int]:
        """Positions of the best `DEPTH` entries, best first."""
        return _best(self.cosines(query))


def lexical(name: str, entries: Entries) -> Run:
    """One of the BM25 libraries."""
    search = entries.library(name)
    return lambda query: [entries.keys[at] for at in search(query, DEPTH)]


def dify_weighted(entries: Entries) -> Run:
    """Dify's hybrid search with `weighted_score` and its weights .7 and .3.

    Each leg gives its best candidates. Every candidate then scores .7 · cosine + .3 · cosine of TF-IDF over the
    ten keywords of question and candidate, with an IDF taken over the candidates alone. The full-text leg is
    rank-bm25 over our words, kinder than the unranked match that some of its stores give.
    """
    keys = entries.keys
    full_text = entries.library("rank-bm25 (our words)")
    keywords = cache(lambda at: dify_keywords(entries.texts[at]))

    def run(query: str) -> list[str]:
        cosines = entries.cosines(query)
        found = list(dict.fromkeys([*_best(cosines), *full_text(query, DEPTH)]))
        similar = keyword_cosines(dify_keywords(query), [keywords(at) for at in found])
        final = {
            at: VECTOR_WEIGHT * float(cosines[at]) + (1 - VECTOR_WEIGHT) * share
            for at, share in zip(found, similar, strict=True)
        }
        return [keys[at] for at in sorted(final, key=lambda at: -final[at])[:DEPTH]]

    return run


def dify_economy(entries: Entries) -> Run:
    """Dify's economy search: how many keywords question and passage share.

    Ten keywords of the question meet ten of each passage; none weighs more than another. Dify keeps the passages of
    a keyword in a set of random ids, so ties come in no order; here in one drawn once. (The order of the corpus
    would tell: rgb_zh lists the relevant passages of a question first.)
    """
    keys = entries.keys
    table: dict[str, list[int]] = {}
    for at, text in enumerate(entries.texts):
        for keyword in dify_keywords(text):
            table.setdefault(keyword, []).append(at)
    drawn = random.Random(0).sample(range(len(keys)), len(keys))

    def run(query: str) -> list[str]:
        shared = Counter(at for keyword in dify_keywords(query) for at in table.get(keyword, ()))
        return [keys[at] for at in sorted(shared, key=lambda at: (-shared[at], drawn[at]))[:DEPTH]]

    return run


def reciprocal_rank(library: str, entries: Entries) -> Run:
    """Reciprocal rank fusion, Σ 1 / (60 + rank) (Cormack, Clarke & Büttcher, SIGIR 2009), of the vectors and a BM25
    library, `DEPTH` of each."""
    keys = entries.keys
    full_text = entries.library(library)

    def run(query: str) -> list[str]:
        final: dict[int, float] = {}
        for leg in (entries.nearest(query), full_text(query, DEPTH)):
            for rank, at in enumerate(leg, 1):
                final[at] = final.get(at, 0.0) + 1 / (RRF_CONSTANT + rank)
        return [keys[at] for at in sorted(final, key=lambda at: -final[at])[:DEPTH]]

    return run


def langchain(words: Words | None, entries: Entries) -> Run:
    """LangChain's `EnsembleRetriever` of its `BM25Retriever` and the vectors, weights .5 and .5."""
    search = ensemble(entries.texts, entries.nearest, DEPTH, words)
    return lambda query: [entries.keys[at] for at in search(query)[:DEPTH]]


def dify_keywords(text: str, count: int = KEYWORDS) -> frozenset[str]:
    """jieba's `count` tags of the text by TF-IDF, and the parts of those that punctuation divides.

    Upper and lower case are told apart and nothing is stemmed; the stop words are this project's.
    """
    found = set()
    for tag in _tags()(text, topK=count):
        parts = re.findall(r"\w+", tag)
        found.update([tag, *(parts if len(parts) > 1 else ())])
    return frozenset(word for word in found if word.lower() not in _STOP_WORDS)


@cache
def _tags() -> Callable[..., list[str]]:
    import jieba
    from jieba.analyse import TFIDF

    jieba.setLogLevel("WARNING")
    extractor = TFIDF()
    extractor.stop_words = set(_STOP_WORDS)
    return cast("Callable[..., list[str]]", extractor.extract_tags)


def keyword_cosines(query: Iterable[str], candidates: Sequence[frozenset[str]]) -> list[float]:
    """Cosine of the question's keywords with each candidate's; a keyword weighs ln((1 + N) / (1 + df)) + 1."""
    count: dict[str, int] = {}
    for keywords in candidates:
        for word in keywords:
            count[word] = count.get(word, 0) + 1
    squares = {word: (math.log((1 + len(candidates)) / (1 + df)) + 1) ** 2 for word, df in count.items()}
    asked = {word for word in query if word in squares}

    def length(words: Iterable[str]) -> float:
        return math.sqrt(sum(squares[word] for word in words))

    return [
        sum(squares[word] for word in asked & keywords) / (length(asked) * length(keywords))
        if asked and keywords
        else 0.0
        for keywords in candidates
    ]


def _best(scores: Matrix) -> list[int]:
    return [int(at) for at in (-scores).argsort(kind="stable")[:DEPTH]]


def entries(labelled: Labelled) -> tuple[list[str], list[str]]:
    """The keys of the entries and their texts, as our own index gets them."""
    entries, _ = sources(labelled)
    return [entry.key for entry in entries], [entry.document.text for entry in entries if entry.document]


LEXICAL: Final[Mapping[str, Callable[[Entries], Run]]] = {
    "rank-bm25 (our words)": partial(lexical, "rank-bm25 (our words)"),
    "bm25s": partial(lexical, "bm25s"),
    "bm25s (our words)": partial(lexical, "bm25s (our words)"),
    "Dify economy": dify_economy,
}
FUSED: Final[Mapping[str, Callable[[Entries], Run]]] = {
    "Dify weighted score": dify_weighted,
    "RRF of bm25s": partial(reciprocal_rank, "bm25s"),
    "RRF of bm25s (our words)": partial(reciprocal_rank, "bm25s (our words)"),
    "LangChain ensemble": partial(langchain, None),
    "LangChain ensemble (our words)": partial(langchain, (our_words, our_query_words)),
}
"""Those that need an embedder."""
