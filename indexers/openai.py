"""Vectors from any server that speaks OpenAI's `POST /embeddings`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from indexers.batching import batches, embed_batches
from indexers.prompts import PROMPT_OPTIONS, Prompts, chosen_prompts, prompts_at_server
from indexers.unit_vectors import unit_or_reason
from knowledge.errors import (
    AddressError,
    EmbeddingBadRequest,
    EmbeddingError,
    EmbeddingRateLimited,
    EmbeddingUnauthorized,
    EmbeddingUnavailable,
    EmbeddingUnreachable,
    InputError,
    OutgoingError,
    TextsNotEmbedded,
)
from knowledge.model_servers import ModelServer

if TYPE_CHECKING:
    from knowledge.protocols import HttpAnswer, HttpPost
    from knowledge.types import Matrix, Vector

KEY_VARIABLE: Final = "KNOWLEDGE_EMBEDDING_API_KEY"

_BATCH_TEXTS: Final = 64
_BATCH_CHARACTERS: Final = 100_000
"""Under the 300,000 tokens that OpenAI takes at once: a character is seldom more than two tokens in any script."""
_SHORT_QUERY: Final = 256
"""Characters that any model takes; those of the smallest windows take 512 tokens."""
_MAYBE_TOO_MUCH: Final = frozenset({400, 413, 422})
"""What servers answer to more inputs than they take, or longer ones; some allow 10 or 32 and never say so."""
_PROBE: Final = "dimension"


class OpenAIEmbedder:
    """`openai:MODEL@BASE_URL`; the key, if the server wants one, is in KNOWLEDGE_EMBEDDING_API_KEY.

    `http` makes the client, which decides how long to wait and what to try again; it is called at the first
    question and closed with the embedder. `concurrency` batches are asked for at once. `dimension` asks the server
    once when no vector has been seen yet. What stands before the texts follows the model's name, or the options
    after a `#`: `prefixes=off`, `query_prefix`, `passage_prefix`, `query_parameter=NAME:VALUE`,
    `passage_parameter=NAME:VALUE`; `dimensions=N` asks for shorter vectors. Threads may share it.
    """

    def __init__(self, argument: str, *, http: Callable[[], HttpPost], concurrency: int = 1) -> None:
        self._server = ModelServer.named(
            argument,
            kind="embedding",
            example="bge-m3@http://localhost:11434/v1",
            key_variable=KEY_VARIABLE,
            options=(*PROMPT_OPTIONS, "dimensions"),
        )
        self._asked_dimensions = _dimensions(self._server.options)
        self._prompts = chosen_prompts(self._server.options, prompts_at_server(self._server.model))
        self._concurrency = concurrency
        self._most_texts = _BATCH_TEXTS
        self._dimension: int | None = None
        self._calls = 0
        self._tokens: int | None = None
        self._make_http = http
        self._http: HttpPost | None = None
        self._lock = threading.Lock()

    @property
    def fingerprint(self) -> str:
        asked = f"dimensions {self._asked_dimensions}" if self._asked_dimensions else ""
        parts = (f"openai:{self._server.model}@{self._server.base_url}", self._prompts.signature, asked)
        return ", ".join(filter(None, parts))

    @property
    def prompts(self) -> Prompts:
        return self._prompts

    @property
    def dimension(self) -> int:
        if self._dimension is None:
            return len(self._only(self._ask([_PROBE], self._prompts.passage_parameters)))
        return self._dimension

    @property
    def floors(self) -> Mapping[str, float]:
        return {}

    @property
    def scripts(self) -> frozenset[str] | None:
        return None

    @property
    def calls(self) -> int:
        return self._calls

    @property
    def tokens(self) -> int | None:
        return self._tokens

    @property
    def texts_at_once(self) -> int:
        return self._concurrency * self._most_texts

    def embed_documents(self, texts: Sequence[str]) -> Matrix:
        """Shape (len(texts), dimension), in the order of `texts`, whatever order the server answers in.

        Raises `TextsNotEmbedded` for texts that a server refuses, or answers with NaN or zero, while it takes others.
        """
        import numpy as np

        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        said = [self._prompts.passage + text for text in texts]
        return np.stack(self._embedded(said, self._prompts.passage_parameters))

    def embed_query(self, text: str) -> Vector:
        """Of a question that is too long for the model the beginning is taken, half as much at each refusal."""
        answer = self._ask_query(text)
        while answer.status in _MAYBE_TOO_MUCH and len(text) > _SHORT_QUERY:
            text = text[: len(text) // 2]
            answer = self._ask_query(text)
        return self._only(answer)

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        """As `embed_documents`; a question that the server refuses is asked again as `embed_query` does."""
        import numpy as np

        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        said = [self._prompts.query + text for text in texts]
        try:
            return np.stack(self._embedded(said, self._prompts.query_parameters))
        except TextsNotEmbedded as error:
            return np.stack(self._again(texts, error))

    def _again(self, texts: Sequence[str], refused: TextsNotEmbedded) -> list[Vector]:
        """The vectors of all texts, after those that were refused were asked for alone. Raises as `embed_queries`."""
        vectors, reasons = dict(refused.vectors), {}
        for at in refused.reasons:
            try:
                vectors[at] = self.embed_query(texts[at])
            except EmbeddingError as error:
                reasons[at] = str(error)
        if reasons:
            raise TextsNotEmbedded(reasons, vectors)
        return [vectors[at] for at in range(len(texts))]

    def close(self) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None

    def _embedded(self, said: Sequence[str], parameters: Mapping[str, str]) -> list[Vector]:
        parts = list(batches(said, self._most_texts, _BATCH_CHARACTERS))
        ask = partial(self._answers, parameters=parameters)
        has_answered = self._dimension is not None
        return embed_batches(said, parts, ask, self._concurrency, has_answered=has_answered)

    def _answers(self, texts: Sequence[str], parameters: Mapping[str, str]) -> list[Vector | str]:
        """Of each text its vector, or why it alone has none.

        Halves what is refused: if both halves are taken, it was their number, which is remembered.
        """
        if len(texts) > self._most_texts:
            return self._halves(texts, parameters)
        answer = self._ask(texts, parameters)
        if answer.status not in _MAYBE_TOO_MUCH:
            return self._vectors(answer, len(texts))
        if len(texts) == 1:
            _ = self.dimension  # Raises where every text is refused.
            return [self._told(self._said(answer), "cut shorter chunks (--max-length) or use another model")]
        found = self._halves(texts, parameters)
        if not any(isinstance(vector, str) for vector in found):
            self._most_texts = min(self._most_texts, -(-len(texts) // 2))
        return found

    def _halves(self, texts: Sequence[str], parameters: Mapping[str, str]) -> list[Vector | str]:
        middle = -(-len(texts) // 2)
        return self._answers(texts[:middle], parameters) + self._answers(texts[middle:], parameters)

    def _ask_query(self, text: str) -> HttpAnswer:
        return self._ask([self._prompts.query + text], self._prompts.query_parameters)

    def _only(self, answer: HttpAnswer) -> Vector:
        (vector,) = self._vectors(answer, 1)
        if isinstance(vector, str):
            raise EmbeddingError(vector)
        return vector

    def _ask(self, texts: Sequence[str], parameters: Mapping[str, str]) -> HttpAnswer:
        body: dict[str, Any] = {"model": self._server.model, "input": list(texts), **parameters}
        if self._asked_dimensions:
            body["dimensions"] = self._asked_dimensions
        with self._lock:
            self._calls += 1
        try:
            url = self._server.url("embeddings")
            return self._opened().post_json(url, body, headers=self._server.headers, repeatable=True)
        except (OutgoingError, AddressError) as error:
            raise EmbeddingUnreachable(f"no embeddings of model {self._server.model!r}: {error}") from error

    def _opened(self) -> HttpPost:
        with self._lock:
            if self._http is None:
                self._http = self._make_http()
            return self._http

    def _vectors(self, answer: HttpAnswer, count: int) -> list[Vector | str]:
        """In the order of their `index`, of unit length; a reason in place of one that is zero or not a number."""
        import numpy as np

        rows = self._rows(answer, count)
        try:
            with np.errstate(over="ignore"):
                matrix = np.asarray(rows, np.float32)
        except (TypeError, ValueError, OverflowError):
            raise self._failure("answered embeddings that are not equally long lists of numbers") from None
        if matrix.ndim != 2 or not matrix.shape[1]:
            raise self._failure("answered embeddings that are not lists of numbers")
        self._check_dimension(matrix.shape[1])
        return unit_or_reason(
            matrix, self._told("answered an embedding that is zero or not a number", "check the text")
        )

    def _rows(self, answer: HttpAnswer, count: int) -> list[Any]:
        if answer.status != 200:
            raise self._refusal(answer)
        try:
            body = answer.json()
            items = body["data"]
            row_of = {item["index"]: item["embedding"] for item in items}
        except (KeyError, TypeError, ValueError):
            said = answer.excerpt(self._server.key)
            raise self._failure(f"did not answer with embeddings ({said})") from None
        if len(items) != count or row_of.keys() != set(range(count)):
            raise self._failure(
                f"answered {len(items)} embeddings, or wrongly numbered ones, for {count} texts"
            )
        self._count_tokens(body.get("usage"))
        return [row_of[index] for index in range(count)]

    def _count_tokens(self, usage: object) -> None:
        counts = usage if isinstance(usage, dict) else {}
        tokens = counts.get("prompt_tokens", counts.get("total_tokens"))
        if isinstance(tokens, int):
            with self._lock:
                self._tokens = (self._tokens or 0) + tokens

    def _check_dimension(self, dimension: int) -> None:
        with self._lock:
            if self._dimension is None:
                self._dimension = dimension
        if self._dimension != dimension:
            raise self._failure(
                f"answered embeddings of {dimension} numbers after {self._dimension}",
                "check that it serves one and the same model",
            )

    def _refusal(self, answer: HttpAnswer) -> EmbeddingError:
        message = self._told(self._said(answer), self._server.advice(answer.status))
        return _kind(answer.status)(message)

    def _said(self, answer: HttpAnswer) -> str:
        return f"answered {answer.status} ({answer.excerpt(self._server.key)})"

    def _failure(
        self, what: str, advice: str = "check that it is an OpenAI-compatible embedding server"
    ) -> EmbeddingError:
        return EmbeddingError(self._told(what, advice))

    def _told(self, what: str, advice: str) -> str:
        return f"{self._server.base_url}/embeddings {what} for model {self._server.model!r}; {advice}"


def _kind(status: int) -> type[EmbeddingError]:
    if status in (401, 402, 403):
        return EmbeddingUnauthorized
    if status == 429:
        return EmbeddingRateLimited
    return EmbeddingUnavailable if status >= 500 else EmbeddingBadRequest


def _dimensions(options: Mapping[str, str]) -> int | None:
    given = options.get("dimensions")
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and int(given)):
        raise InputError(f"dimensions={given} is not possible; allowed: a whole number from 1")
    return int(given)
