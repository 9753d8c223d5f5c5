"""Vectors from any server that speaks OpenAI's `POST /embeddings`."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from knowledge.errors import EmbeddingError, InputError

if TYPE_CHECKING:
    import httpx

    from knowledge.types import Matrix, Vector

KEY_VARIABLE: Final = "KNOWLEDGE_EMBEDDING_API_KEY"

_TRIES: Final = 4
_LONGEST_WAIT_S: Final = 60.0
_TIMEOUT_S: Final = 60.0
_CONNECT_TIMEOUT_S: Final = 10.0
_BATCH_TEXTS: Final = 64
_BATCH_CHARACTERS: Final = 100_000
_MAYBE_TOO_MANY: Final = frozenset({400, 413, 422})
"""What servers answer to more inputs than they take; some allow 10 or 32 a request and never say so."""
_SPEC: Final = re.compile(r"(?P<model>.+?)@(?P<base>https?://(?P<login>[^/?#\s]*@)?[^/?#@\s]+[^?#\s]*)")
_NO_ANSWER: Final = "check that the server runs and that the base URL is right"
_ADVICE: Final = {
    401: f"check {KEY_VARIABLE}",
    403: f"check {KEY_VARIABLE} and that it may use this model",
    404: "check the base URL (it usually ends in /v1) and the model name",
    429: "the server limits requests; try again later",
}


class OpenAIEmbedder:
    """`openai:MODEL@BASE_URL`; the key, if the server wants one, is in KNOWLEDGE_EMBEDDING_API_KEY.

    Rate limits, server errors and lost connections are tried again, four times in all. `dimension` asks the
    server once when no vector has been seen yet.
    """

    def __init__(self, argument: str, *, backoff_s: float = 0.5) -> None:
        self._model, self._base = _parse(argument)
        self._url = f"{self._base}/embeddings"
        self._key = _key()
        self._backoff_s = backoff_s
        self._batch_texts = _BATCH_TEXTS
        self._dimension: int | None = None
        self._client: httpx.Client | None = None
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
        vector: Vector = self._embed_batch([text])[0]
        return vector

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

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
        response = self._post(texts)
        if response.status_code in _MAYBE_TOO_MANY and len(texts) > 1:
            before = self._batch_texts
            self._batch_texts = min(before, len(texts) // 2)
            try:
                return self.embed_documents(texts)
            except EmbeddingError:
                # It was one of the texts that was refused, not their number.
                self._batch_texts = before
                raise
        if not response.is_success:
            raise self._refused(response)
        return self._vectors(response, len(texts))

    def _post(self, texts: list[str]) -> httpx.Response:
        """The last answer: a success, a refusal, or what the server said when the tries ran out."""
        import httpx

        body = {"model": self._model, "input": [_sendable(text) for text in texts]}
        tries_left = _TRIES
        while True:
            tries_left -= 1
            waiting_s = self._backoff_s * 2 ** (_TRIES - 1 - tries_left)
            try:
                response = self._http().post(self._url, json=body)
            except httpx.TransportError as error:
                if not tries_left:
                    raise self._failure(f"did not answer ({_one_line(error)})", _NO_ANSWER) from error
            else:
                if not tries_left or not _worth_repeating(response):
                    return response
                waiting_s = max(waiting_s, _retry_after_s(response))
            time.sleep(min(waiting_s, _LONGEST_WAIT_S))

    def _http(self) -> httpx.Client:
        import httpx

        with self._lock:
            if self._client is None:
                headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
                timeout = httpx.Timeout(_TIMEOUT_S, connect=_CONNECT_TIMEOUT_S)
                self._client = httpx.Client(headers=headers, timeout=timeout)
            return self._client

    def _vectors(self, response: httpx.Response, count: int) -> Matrix:
        """The rows in the order of their `index`, of unit length."""
        import numpy as np

        rows = self._rows(response, count)
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

    def _rows(self, response: httpx.Response, count: int) -> list[Any]:
        try:
            items = response.json()["data"]
            row_of = {item["index"]: item["embedding"] for item in items}
        except (KeyError, TypeError, ValueError):
            raise self._failure(f"did not answer with embeddings ({_excerpt(response, self._key)})") from None
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

    def _refused(self, response: httpx.Response) -> EmbeddingError:
        said = _excerpt(response, self._key)
        advice = _ADVICE.get(response.status_code, "check the server")
        return self._failure(f"answered {response.status_code} ({said})", advice)

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


def _sendable(text: str) -> str:
    """`text` without lone surrogates, which JSON over HTTP cannot carry."""
    return text.encode("utf-8", "replace").decode()


def _worth_repeating(response: httpx.Response) -> bool:
    return response.status_code == 429 or response.status_code >= 500


def _retry_after_s(response: httpx.Response) -> float:
    """Seconds that the server asks to wait: a number or a date (RFC 9110, 10.2.3); 0 when it does not say."""
    value = response.headers.get("Retry-After", "")
    if value.strip().isdigit():
        return float(value)
    try:
        return (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return 0.0


def _excerpt(response: httpx.Response, key: str) -> str:
    return _one_line(response.text.replace(key, "…") if key else response.text)


def _one_line(text: object) -> str:
    return " ".join(str(text).split())[:200] or "nothing"
