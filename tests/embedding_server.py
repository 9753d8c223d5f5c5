"""An OpenAI-compatible embedding server on the loopback, which can be made to fail in every way that servers do."""

from __future__ import annotations

import json
import random
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from zlib import crc32

from indexers.hashing import HashEmbedder
from knowledge.errors import TextsNotEmbedded
from knowledge.outgoing import HttpClient
from knowledge.types import Vector


def client() -> HttpClient:
    """Repeats at once."""
    return HttpClient(public_only=False, backoff_s=0)


Answer = tuple[int, dict[str, str], Any]


class EmbeddingServer(ThreadingHTTPServer):
    """Answers on the loopback with hash vectors in shuffled rows; `answers` come first, one per request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[Callable[[list[str]], Answer]] = []
        self.requests: list[dict[str, Any]] = []
        self.largest_batch = 1_000
        self.longest_text = 1_000_000
        self.refused = ""
        """A text that holds this is refused, and the texts beside it in its batch with it."""
        self.numberless = ""
        """The vector of a text that holds this is not a number."""
        self.tokens_a_text: int | None = None
        self._tries: Counter[str] = Counter()
        self.fails_first = 0.0
        """Share of the batches whose first try fails."""
        self.failed = 0

    def spec(self, model: str = "test@model", options: str = "") -> str:
        return f"{model}@http://127.0.0.1:{self.server_port}/v1/{options}"

    @property
    def texts(self) -> list[str]:
        """All that were ever sent, in no order that counts."""
        return [text for request in self.requests for text in request["input"]]

    def answer(self, texts: list[str]) -> Answer:
        if self.answers:
            return self.answers.pop(0)(texts)
        if len(texts) > self.largest_batch:
            return 400, {}, {"error": {"message": "batch size is invalid"}}
        if max(map(len, texts)) > self.longest_text:
            return 413, {}, {"error": {"message": "a text is too long"}}
        if self.refused and any(self.refused in text for text in texts):
            return 400, {}, {"error": {"message": "a text is not allowed"}}
        if self._fails(texts[0]):
            return 503, {"Retry-After": "0"}, {}
        body = rows(texts)
        for row in body["data"]:
            if self.numberless and self.numberless in texts[row["index"]]:
                row["embedding"][0] = float("nan")
        usage = {"prompt_tokens": self.tokens_a_text * len(texts)} if self.tokens_a_text else None
        return 200, {}, {**body, "usage": usage}

    def _fails(self, first: str) -> bool:
        """Which batches fail is settled by what they hold, not by the order in which threads come."""
        self._tries[first] += 1
        fails = self._tries[first] == 1 and crc32(first.encode()) % 100 < 100 * self.fails_first
        self.failed += fails
        return fails


def rows(texts: Sequence[str]) -> dict[str, Any]:
    vectors = 3 * HashEmbedder("16").embed_documents(texts)
    data = [{"index": at, "embedding": vector.tolist()} for at, vector in enumerate(vectors)]
    random.Random(len(texts)).shuffle(data)
    return {"data": data}


class _Handler(BaseHTTPRequestHandler):
    server: EmbeddingServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append({"path": self.path, "headers": dict(self.headers), **body})
        status, headers, content = self.server.answer(body["input"])
        if status == 0:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        """Silent."""


@contextmanager
def running() -> Iterator[EmbeddingServer]:
    server = EmbeddingServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def outcome(embed: Callable[[], Iterable[Vector]]) -> tuple[dict[int, Vector], Mapping[int, str]]:
    """The vectors by position, and why others have none."""
    try:
        return dict(enumerate(embed())), {}
    except TextsNotEmbedded as error:
        return dict(error.vectors), error.reasons


def fails(status: int, **headers: str) -> Callable[[list[str]], Answer]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda texts: (status, named, {"error": {"message": "no"}})


def gives(change: Callable[[dict[str, Any]], Any]) -> Callable[[list[str]], Answer]:
    return lambda texts: (200, {}, change(rows(texts)))


def set_number(value: object) -> Callable[[dict[str, Any]], Any]:
    def change(body: dict[str, Any]) -> Any:
        body["data"][0]["embedding"][0] = value
        return body

    return change
