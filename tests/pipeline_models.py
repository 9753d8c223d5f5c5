"""A language model on the loopback that answers by rule: by what stands in what it is asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class ModelServer(ThreadingHTTPServer):
    """Answers a request that holds a key of `answers` with its value; `requests` are the messages it was sent."""

    daemon_threads = True

    def __init__(self, answers: Mapping[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = dict(answers)
        self.requests: list[list[dict[str, str]]] = []
        self.finish_reason = "stop"

    @property
    def spec(self) -> str:
        return f"openai:tiny@http://127.0.0.1:{self.server_port}/v1"

    def answer(self, messages: list[dict[str, str]]) -> dict[str, Any]:
        self.requests.append(messages)
        asked = "\n".join(message["content"] for message in messages)
        said = next((text for key, text in self.answers.items() if key in asked), "I do not know.")
        choice = {"message": {"role": "assistant", "content": said}, "finish_reason": self.finish_reason}
        return {"choices": [choice], "usage": {"prompt_tokens": 11, "completion_tokens": 7}}


class _Handler(BaseHTTPRequestHandler):
    server: ModelServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        data = json.dumps(self.server.answer(body["messages"])).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        """Silent."""


@contextmanager
def answering(answers: Mapping[str, str]) -> Iterator[ModelServer]:
    server = ModelServer(answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
