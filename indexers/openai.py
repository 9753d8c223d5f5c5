"""Vectors from any server that speaks OpenAI's `POST /embeddings`."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from knowledge.errors import AddressError, EmbeddingError, InputError, OutgoingError

if TYPE_CHECKING:
    from knowledge.protocols import HttpAnswer, HttpPost
    from knowledge.types import Matrix, Vector

KEY_VARIABLE: Final = "KNOWLEDGE_EMBEDDING_API_KEY"

_BATCH_TEXTS: Final = 64
_BATCH_CHARACTERS: Final = 100_000
_SHORT_QUERY: Final = 256
"""Characters that any model takes; those of the smallest windows take 512 tokens."""
_MAYBE_TOO_MUCH: Final = frozenset({400, 413, 422})
"""What servers answer to more inputs than they take, or longer ones; some allow 10 or 32 and never say so."""
_SPEC: Final = re.compile(r"(?P<model>.+?)@(?P<base>https?://(?P<login>[^/?#\s]*@)?[^/?#@\s]+[^?#\s]*)")
_ADVICE: Final = {
    401: f"check {KEY_VARIABLE}",
    403: f"check {KEY_VARIABLE} and that it may use this model",
    404: "check the base URL (it usually ends in /v1) and the model name",
    429: "the server limits requests; try again later",
}


class OpenAIEmbedder:
    """`openai:MODEL@BASE_URL`; the key, if the server wants one, is in KNOWLEDGE_EMBEDDING_API_KEY.

    `http` makes the client, which decides how long to wait and what to try again; it is called at the first
    question and closed with the embedder. `dimension` asks the server once when no vector has been seen yet.
    """

    def __init__(self, argument: str, *, http: Callable[[], HttpPost]) -> None:
        self._model, self._base = _parse(argument)
        self._url = f"{self._base}/embeddings"
        self._key = _key()
        self._batch_texts = _BATCH_TEXTS
        self._dimension: int | None = None
        self._make_http = http
        self._http: HttpPost | None = None
        self._lock = threading.Lock()

    @property
    def fingerprint(self) -> str:
        return f"openai:{self._model}@{self._base}"

    @property
    def dimension(self) -> int:
        if self._dimension is None:
            return int(self._embed_batch(["dimension"]).shape[1])
        return self._dimension

    @property
    def floors(self) -> Mapping[str, float]:
        return {}

    @property
    def scripts(self) -> frozenset[str] | None:
        return None

    def embed_documents(self, texts: Sequence[str]) -> Matrix:
        """Shape (len(texts), dimension), in the order of `texts`, whatever order the server answers in."""
        import numpy as np

        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        return np.concatenate([self._embed_batch(batch) for batch in self._batches(texts)])

    def embed_query(self, text: str) -> Vector:
        """Of a question that is too long for the model the beginning is taken, half as much at each refusal."""
        answer = self._ask([text])
        while answer.status in _MAYBE_TOO_MUCH and len(text) > _SHORT_QUERY:
            text = text[: len(text) // 2]
            answer = self._ask([text])
        vector: Vector = self._vectors(answer, 1)[0]
        return vector

    def close(self) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None

    def _batches(self, texts: Sequence[str]) -> Iterator[list[str]]:
        batch: list[str] = []
        characters = 0
        for text in texts:
            if batch and (len(batch) >= self._batch_texts or characters + len(text) > _BATCH_CHARACTERS):
                yield batch
                batch, characters = [], 0
            batch.append(text)
            characters += len(text)
        yield batch

    def _embed_batch(self, texts: list[str]) -> Matrix:
        answer = self._ask(texts)
        if answer.status in _MAYBE_TOO_MUCH and len(texts) > 1:
            before = self._batch_texts
            self._batch_texts = min(before, len(texts) // 2)
            try:
                return self.embed_documents(texts)
            except EmbeddingError:
                # It was one of the texts that was refused, not their number.
                self._batch_texts = before
                raise
        return self._vectors(answer, len(texts))

    def _ask(self, texts: list[str]) -> HttpAnswer:
        headers = {"authorization": f"Bearer {self._key}"} if self._key else {}
        body = {"model": self._model, "input": texts}
        try:
            return self._opened().post_json(self._url, body, headers=headers, repeatable=True)
        except (OutgoingError, AddressError) as error:
            raise EmbeddingError(f"no embeddings of model {self._model!r}: {error}") from error

    def _opened(self) -> HttpPost:
        with self._lock:
            if self._http is None:
                self._http = self._make_http()
            return self._http

    def _vectors(self, answer: HttpAnswer, count: int) -> Matrix:
        """The rows in the order of their `index`, of unit length."""
        import numpy as np

        if answer.status != 200:
            raise self._refused(answer)
        rows = self._rows(answer, count)
        try:
            with np.errstate(over="ignore"):
                matrix = np.asarray(rows, np.float32)
        except (TypeError, ValueError, OverflowError):
            raise self._failure("answered embeddings that are not equally long lists of numbers") from None
        if matrix.ndim != 2 or not matrix.shape[1]:
            raise self._failure("answered embeddings that are not lists of numbers")
        self._check_dimension(matrix.shape[1])
        lengths = np.linalg.norm(matrix.astype(np.float64), axis=1, keepdims=True)
        if not np.isfinite(lengths).all() or not lengths.all():
            raise self._failure("answered an embedding that is zero or not a number")
        unit: Matrix = (matrix / lengths).astype(np.float32)
        return unit

    def _rows(self, answer: HttpAnswer, count: int) -> list[Any]:
        try:
            items = answer.json()["data"]
            row_of = {item["index"]: item["embedding"] for item in items}
        except (KeyError, TypeError, ValueError):
            raise self._failure(f"did not answer with embeddings ({answer.excerpt(self._key)})") from None
        if len(items) != count or row_of.keys() != set(range(count)):
            raise self._failure(
                f"answered {len(items)} embeddings, or wrongly numbered ones, for {count} texts"
            )
        return [row_of[index] for index in range(count)]

    def _check_dimension(self, dimension: int) -> None:
        with self._lock:
            if self._dimension is None:
                self._dimension = dimension
        if self._dimension != dimension:
            raise self._failure(
                f"answered embeddings of {dimension} numbers after {self._dimension}",
                "check that it serves one and the same model",
            )

    def _refused(self, answer: HttpAnswer) -> EmbeddingError:
        said = answer.excerpt(self._key)
        advice = _ADVICE.get(answer.status, "check the server")
        return self._failure(f"answered {answer.status} ({said})", advice)

    def _failure(
        self, what: str, advice: str = "check that it is an OpenAI-compatible embedding server"
    ) -> EmbeddingError:
        return EmbeddingError(f"{self._url} {what} for model {self._model!r}; {advice}")


def _parse(argument: str) -> tuple[str, str]:
    """Model and base URL. A model name may hold "@": the first one before http:// or https:// divides."""
    match = _SPEC.fullmatch(argument)
    if match is None:
        raise InputError(
            f"unknown embedding 'openai:{argument}'; write openai:MODEL@BASE_URL, "
            "as in openai:bge-m3@http://localhost:11434/v1"
        )
    if match["login"]:
        raise InputError(
            f"the base URL of 'openai:{match['model']}@…' holds a user name or password; "
            f"leave it out and put the key in {KEY_VARIABLE}"
        )
    return match["model"], match["base"].rstrip("/")


def _key() -> str:
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise InputError(f"{KEY_VARIABLE} holds characters that no key has; set it to the bare key")
    return key
