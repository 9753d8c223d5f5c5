"""Servers on this machine for suites that ask others: an embedding model of letters, bases that take their time."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from string import ascii_lowercase
from typing import Any


class Loopback(ThreadingHTTPServer):
    """Answers `/embeddings` as OpenAI does, with the letters of each text counted, and all else as Dify's external
    knowledge contract has it: with no passages, after `wait_s`."""

    daemon_threads = True

    def __init__(self, wait_s: float = 0.0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.wait_s = wait_s
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Those who no longer want an answer hang up."""


@contextmanager
def serving(server: Loopback) -> Iterator[Loopback]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: Loopback

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        answer = _embeddings(body["input"]) if self.path.endswith("/embeddings") else self._passages()
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _passages(self) -> dict[str, Any]:
        self.server.closing.wait(self.server.wait_s)
        return {"records": []}


def _embeddings(texts: Sequence[str]) -> dict[str, Any]:
    rows = [{"index": at, "embedding": letters(text)} for at, text in enumerate(texts)]
    return {"data": rows, "model": "letters"}


def letters(text: str) -> list[float]:
    """How often each letter of the alphabet stands in a text, and how many other characters there are."""
    folded = text.lower()
    counts = [float(folded.count(letter)) for letter in ascii_lowercase]
    return [*counts, len(text) - sum(counts)]
