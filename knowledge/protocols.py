"""What each pluggable stage promises. A stage imports these and is handed the others as arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, runtime_checkable

from knowledge.chat import Completion, Message
from knowledge.filters import Filter
from knowledge.types import Chunk, Document, FieldType, Matrix, Point, ReadOptions, Scored, Value, Vector

TextField = Literal["words", "bigrams"]


class Extractor(Protocol):
    """Reads one format."""

    def __call__(self, data: bytes, name: str, options: ReadOptions) -> Document:
        """The text and blocks of `data`. Raises `ExtractionError`."""
        ...


class Chunker(Protocol):
    """Cuts a document into passages."""

    def chunk(self, document: Document | str) -> list[Chunk]:
        """Passages in order of `start`, each a span of the document's text."""
        ...


class Analyzer(Protocol):
    """Turns text into the terms of the two text fields."""

    @property
    def signature(self) -> str:
        """Changes whenever the same text would give other terms."""
        ...

    def document_terms(self, text: str) -> tuple[list[str], list[str]]:
        """(words, bigrams) with repetitions, in order. No term holds white space."""
        ...

    def query_terms(self, text: str) -> tuple[dict[str, int], dict[str, int]]:
        """(words, bigrams) without function words: term → how often it occurs in `text`.

        In order of first occurrence, at most 64 in each.
        """
        ...

    def highlights(self, text: str, query: str) -> list[tuple[int, int]]:
        """Spans of `text`, (start, end) in characters, where terms of `query` stand: in order, disjoint."""
        ...


class Embedder(Protocol):
    """Turns texts into unit vectors."""

    @property
    def fingerprint(self) -> str:
        """Names the model and everything that changes its vectors."""
        ...

    @property
    def dimension(self) -> int: ...

    @property
    def floors(self) -> Mapping[str, float]:
        """Cosine of unrelated texts per script ("latin", "han"); empty when never measured."""
        ...

    @property
    def scripts(self) -> frozenset[str] | None:
        """Scripts the model was trained for; None when it covers all or nobody knows."""
        ...

    def embed_documents(self, texts: Sequence[str]) -> Matrix:
        """Shape (len(texts), dimension), rows of unit length, in the order of `texts`.

        Raises `TextsNotEmbedded` when rows would be NaN or zero, another `EmbeddingError` when the model gives none;
        either holds the vectors that there are.
        """
        ...

    def embed_query(self, text: str) -> Vector:
        """Shape (dimension,), unit length."""
        ...

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        """Many questions in as few calls as the model takes; errors are those of `embed_documents`."""
        ...


@runtime_checkable
class AsksServer(Protocol):
    """An embedder whose vectors come from a server."""

    @property
    def calls(self) -> int:
        """What it has asked so far; repetitions of a call that failed are not counted."""
        ...

    @property
    def tokens(self) -> int | None:
        """What the server has counted so far; None when it does not tell."""
        ...

    @property
    def texts_at_once(self) -> int:
        """How many texts keep all of its connections busy."""
        ...

    def close(self) -> None:
        """Closes the connections; the next question opens new ones."""
        ...


class Reranker(Protocol):
    """Judges how well passages answer a question by reading both together. Threads may share it."""

    @property
    def fingerprint(self) -> str:
        """Names the model. It is loaded when this is asked for. Raises `RerankError` when it cannot be."""
        ...

    def scores(self, query: str, texts: Sequence[str]) -> Sequence[float | None]:
        """A score in [0, 1] for each text, in their order; None for one that it cannot judge.

        Raises `RerankError`.
        """
        ...


class LanguageModel(Protocol):
    """Writes text. Threads may share it."""

    def complete(
        self, messages: Sequence[Message], parameters: Mapping[str, Any] | None = None
    ) -> Completion:
        """The answer to these messages. `parameters` are how to answer, by their names in OpenAI's API; those that a
        model does not have are left out.

        Raises `LanguageModelError` when there is none; its kind `LanguageModelRefused` says that there will be none
        for others either.
        """
        ...


class Index(Protocol):
    """Stores points and finds them by text, by vector and by filter.

    Scores are raw (BM25, cosine); equal scores come in any order. Writes are durable after `flush`.
    """

    def upsert(self, points: Sequence[Point]) -> None: ...

    def delete_versions(self, versions: Sequence[str]) -> None: ...

    def set_metadata(self, version: str, metadata: Mapping[str, Value]) -> None:
        """Replaces the metadata of every point of a version."""
        ...

    def declare_field(self, name: str, kind: FieldType) -> None:
        """Makes a metadata field filterable. Doing it twice changes nothing."""
        ...

    def flush(self) -> None: ...

    def search_text(
        self,
        field: TextField,
        terms: Sequence[str],
        limit: int,
        where: Filter | None = None,
        ids: Sequence[int] | None = None,
    ) -> list[Scored]:
        """BM25 (k1 1.2, b 0.75) over the live points, best first; only points sharing a term.

        N and the average length are those of the points that have a term in `field`.
        `where` narrows what is returned, never the statistics. With `ids`, only these points are scored.
        """
        ...

    def search_vector(
        self, vector: Vector, limit: int, where: Filter | None = None, ids: Sequence[int] | None = None
    ) -> list[Scored]:
        """Cosine similarity, best first, exact."""
        ...

    def term_weights(self, field: TextField, terms: Sequence[str]) -> dict[str, float]:
        """ln(1 + (N - df + .5) / (df + .5)) of each term that occurs; the others are left out."""
        ...

    def point_ids(self) -> set[int]: ...

    def count(self) -> int: ...

    def optimize(self) -> None:
        """Tidies the files for faster opening and searching. Changes no result."""
        ...

    def close(self) -> None: ...


class HttpAnswer(Protocol):
    """What a server answered."""

    @property
    def status(self) -> int: ...

    def json(self) -> Any:
        """Raises `ValueError` when the body is no JSON."""
        ...

    def excerpt(self, *secrets: str) -> str:
        """The beginning of the body in one line, without `secrets`."""
        ...


class HttpPost(Protocol):
    """Asks other servers. Threads may share it."""

    def post_json(
        self, url: str, body: object, *, headers: Mapping[str, str] | None = None, repeatable: bool = False
    ) -> HttpAnswer:
        """The answer, whatever its status. `repeatable`: the call may be sent again.

        Raises `OutgoingError` when there is none in time.
        """
        ...

    def close(self) -> None: ...
