"""A language model on the loopback that answers by rule: by what stands in what it is asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class ModelServer(ThreadingHTTPServer):
    """Answers a request that holds a key of `answers` with its value, and refuses one that holds a key of `refusals`
    with that message and `refusal_status`. `requests` are the messages it was sent, `bodies` all that it was sent."""

    daemon_threads = True

    def __init__(self, answers: Mapping[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = dict(answers)
        self.refusals: dict[str, str] = {}
        self.refusal_status = 400
        self.requests: list[list[dict[str, Any]]] = []
        self.bodies: list[dict[str, Any]] = []
        self.finish_reason = "stop"

    @property
    def spec(self) -> str:
        return f"openai:tiny@http://127.0.0.1:{self.server_port}/v1"

    def refusal(self, body: dict[str, Any]) -> str | None:
        self.bodies.append(body)
        said = json.dumps(body)
        return next((message for key, message in self.refusals.items() if key in said), None)

    def answer(self, messages: list[dict[str, Any]]) -> dict[str, Any]:
        self.requests.append(messages)
        asked = "\n".join(str(message["content"]) for message in messages)
        said = next((text for key, text in self.answers.items() if key in asked), "I do not know.")
        choice = {"message": {"role": "assistant", "content": said}, "finish_reason": self.finish_reason}
        return {"choices": [choice], "usage": {"prompt_tokens": 11, "completion_tokens": 7}}


class _Handler(BaseHTTPRequestHandler):
    server: ModelServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        refusal = self.server.refusal(body)
        answer = {"error": {"message": refusal}} if refusal else self.server.answer(body["messages"])
        data = json.dumps(answer).encode()
        self.send_response(self.server.refusal_status if refusal else 200)
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
