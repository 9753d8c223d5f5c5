"""Scores of a reranking server: Cohere, Jina, Xinference, vLLM and others alike, or text-embeddings-inference."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from indexers.cross_encoding import score_of
from knowledge.errors import AddressError, InputError, OutgoingError, RerankError
from knowledge.model_servers import ModelServer

if TYPE_CHECKING:
    from knowledge.protocols import HttpAnswer, HttpPost

KEY_VARIABLE: Final = "KNOWLEDGE_RERANK_API_KEY"
APIS: Final = ("cohere", "tei")
"""`documents` are asked about, as Cohere made it and most have it; `texts` at text-embeddings-inference."""

_OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {"api": APIS, "scores": ("relevance", "logits")}
_ENDPOINTS: Final = ("rerank", "reranks")
_BATCH_TEXTS: Final = 1_000
"""What Cohere takes at once."""
_REFUSED: Final = frozenset({400, 413, 422})
"""What servers answer to more texts than they take (text-embeddings-inference: 32), and to what they do not read."""


class HttpReranker:
    """`http:MODEL@BASE_URL[#OPTIONS]`; the key, if the server wants one, is in KNOWLEDGE_RERANK_API_KEY.

    What is called is BASE_URL/rerank, or BASE_URL where it ends so. Which of the `APIS` it has shows when it asks for
    `texts`; `api=tei` says so beforehand. Scores are taken as they come; `scores=logits` is for servers that give
    any number (llama.cpp). `http` makes the client, which decides how long to wait. Threads may share it.
    """

    def __init__(self, argument: str, *, http: Callable[[], HttpPost]) -> None:
        server = ModelServer.named(
            argument,
            kind="reranker",
            example="bge-reranker-v2-m3@http://localhost:9997/v1",
            key_variable=KEY_VARIABLE,
            options=tuple(_OPTIONS),
            scheme="http",
        )
        _check_options(server.options)
        self._server = server
        self._url = _endpoint(server)
        self._api = server.options.get("api")
        self._are_logits = server.options.get("scores") == "logits"
        self._most_texts = _BATCH_TEXTS
        self._make_http = http
        self._http: HttpPost | None = None
        self._lock = threading.Lock()

    @property
    def fingerprint(self) -> str:
        return f"http:{self._server.model}@{self._server.base_url}"

    def scores(self, query: str, texts: Sequence[str]) -> list[float | None]:
        """In the order of `texts`, whatever order the server answers in. Raises `RerankError`.

        Of what is refused half as much is asked for: if that is taken, it was too many, which is remembered.
        """
        found: list[float | None] = []
        most = self._most_texts
        while len(found) < len(texts):
            part = texts[len(found) : len(found) + most]
            answer = self._ask(query, part)
            if answer.status in _REFUSED and len(part) > 1:
                most = -(-len(part) // 2)
                continue
            found += self._read(answer, len(part))
        self._most_texts = most
        return found

    def _ask(self, query: str, texts: Sequence[str]) -> HttpAnswer:
        answer = self._sent(query, texts, self._api or "cohere")
        if self._api is None:
            if answer.status in _REFUSED and "texts" in answer.excerpt():
                answer = self._sent(query, texts, "tei")
                self._api = "tei" if answer.status == 200 else None
            elif answer.status == 200:
                self._api = "cohere"
        return answer

    def _sent(self, query: str, texts: Sequence[str], api: str) -> HttpAnswer:
        body = (
            {"query": query, "texts": list(texts), "truncate": True}
            if api == "tei"
            else {
                "model": self._server.model,
                "query": query,
                "documents": list(texts),
                "top_n": len(texts),
            }
        )
        try:
            return self._opened().post_json(self._url, body, headers=self._server.headers, repeatable=True)
        except (OutgoingError, AddressError) as error:
            raise RerankError(f"no scores of model {self._server.model!r}: {error}") from error

    def _opened(self) -> HttpPost:
        with self._lock:
            if self._http is None:
                self._http = self._make_http()
            return self._http

    def _read(self, answer: HttpAnswer, count: int) -> list[float | None]:
        said = answer.excerpt(self._server.key)
        if answer.status != 200:
            raise self._error(f"answered {answer.status} ({said})", self._server.advice(answer.status))
        try:
            body = answer.json()
            rows = body if isinstance(body, list) else body.get("results", body.get("data"))
            scores = {_index(row["index"], count): self._score(row) for row in rows}
        except (AttributeError, KeyError, TypeError, ValueError):
            raise self._error(
                f"did not answer with an index and a score of each text ({said})",
                "check that it is a reranking server",
            ) from None
        if len(scores) != count or len(rows) != count:
            raise self._error(f"answered {len(rows)} scores of {count} texts", "check the server")
        return [scores[at] for at in range(count)]

    def _score(self, row: Mapping[str, Any]) -> float | None:
        """Under Cohere's name or that of text-embeddings-inference."""
        given = row["relevance_score"] if "relevance_score" in row else row["score"]
        if given is None:
            return None
        return score_of(float(given)) if self._are_logits else float(given)

    def _error(self, what: str, advice: str) -> RerankError:
        return RerankError(f"{self._url} {what} for model {self._server.model!r}; {advice}")


def _check_options(given: Mapping[str, str]) -> None:
    for name, value in given.items():
        if value not in _OPTIONS[name]:
            raise InputError(
                f"the option {name} of a reranker is {value!r}; allowed: {', '.join(_OPTIONS[name])}"
            )


def _endpoint(server: ModelServer) -> str:
    before, _, last = server.base_url.rpartition("/")
    return replace(server, base_url=before).url(last) if last in _ENDPOINTS else server.url("rerank")


def _index(given: object, count: int) -> int:
    if not isinstance(given, int) or not 0 <= given < count:
        raise ValueError(given)
    return given
