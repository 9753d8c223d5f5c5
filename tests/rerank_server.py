"""A reranking server on the loopback: a score is the share of the question's words that a text has."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]
Answer = tuple[int, Any]


def overlap(query: str, texts: Sequence[str]) -> list[float]:
    words = set(query.lower().split())
    return [len(words & set(text.lower().split())) / len(words) for text in texts]


def cohere(body: Body) -> Answer:
    """Cohere v1 and v2, vLLM, SiliconFlow: best first, under `results`."""
    if not isinstance(body.get("documents"), list):
        return 400, {"message": "documents is required"}
    scored = enumerate(overlap(body["query"], body["documents"]))
    rows = [{"index": index, "relevance_score": score} for index, score in scored]
    rows.sort(key=lambda row: -float(row["relevance_score"]))
    return 200, {"id": "1", "results": rows[: body["top_n"]], "meta": {"api_version": {"version": "2"}}}


def jina(body: Body) -> Answer:
    """With the texts, and what they took."""
    status, answer = cohere(body)
    if status == 200:
        for row in answer["results"]:
            row["document"] = {"text": body["documents"][row["index"]]}
    return status, {**answer, "usage": {"total_tokens": 9}}


def xinference(body: Body) -> Answer:
    """Documents are null."""
    status, answer = cohere(body)
    if status == 200:
        for row in answer["results"]:
            row["document"] = None
    return status, answer


def voyage(body: Body) -> Answer:
    """Under `data`."""
    status, answer = cohere(body)
    return status, {"object": "list", "data": answer["results"]} if status == 200 else answer


def tei(body: Body) -> Answer:
    """text-embeddings-inference: a bare list, and never more than 3 texts here (32 as it is delivered)."""
    if "texts" not in body:
        return 422, "Failed to deserialize the JSON body into the target type: missing field `texts`"
    if len(body["texts"]) > 3:
        return 422, {"error": f"batch size {len(body['texts'])} > maximum allowed batch size 3"}
    scored = enumerate(overlap(body["query"], body["texts"]))
    return 200, sorted(({"index": at, "score": score} for at, score in scored), key=lambda row: -row["score"])


class RerankServer(ThreadingHTTPServer):
    """Answers with `answer`, and remembers what it was asked; `released` lets a `silent` answer end."""

    daemon_threads = True

    def __init__(self, answer: Callable[[Body], Answer] = cohere) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.requests: list[Body] = []
        self.released = threading.Event()

    def spec(self, path: str = "/v1", options: str = "") -> str:
        return f"http:test@model@http://127.0.0.1:{self.server_port}{path}{options}"

    def silent(self, body: Body) -> Answer:
        self.released.wait()
        return 503, {}


class _Handler(BaseHTTPRequestHandler):
    server: RerankServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(
            {
                "path": self.path,
                "headers": {name.lower(): value for name, value in self.headers.items()},
                **body,
            }
        )
        status, content = self.server.answer(body)
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        """Silent."""


@contextmanager
def running(answer: Callable[[Body], Answer] = cohere) -> Iterator[RerankServer]:
    server = RerankServer(answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
