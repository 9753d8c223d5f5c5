"""Requests that no client should send, and more of them than the server can take: it answers plainly and goes on."""

from __future__ import annotations

import json
import random
import re
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from copy import deepcopy
from typing import Any

import httpx
import pytest
from http_server import names, question, refused, running, until

from knowledge import Document, Workspace
from knowledge.server.running import in_thread, serving

LEAKS = re.compile(
    r"Traceback|File \"|\.py\b|sqlite|SELECT|/tmp|/work|/home|site-packages|pydantic|fastapi|uvicorn"
)
ODD: list[Any] = [
    None, True, 0, -1, 0.5, 1e308, 10**400, "", "x", "x" * 5000, "\u0000", "\ud800", "中" * 300, "'; DROP TABLE --",
    [], {}, [None], ["\ud800"], [[]], {"a": {}}, [True], "../../etc/passwd", "%00", "all,all", "NaN",
]  # fmt: skip
FULL = {
    "knowledge_id": "all",
    "query": "common",
    "retrieval_setting": {"top_k": 3, "score_threshold": 0.1},
    "metadata_condition": {
        "logical_operator": "and",
        "conditions": [{"name": ["tag", "year"], "comparison_operator": "in", "value": ["a", 1]}],
    },
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Workspace(tmp_path_factory.mktemp("library")) as opened:
        kb = opened.create("all")
        kb.ingest(Document(name="a", text="a common text"), metadata={"tag": "a", "year": 1})
        yield opened


@pytest.fixture(scope="module")
def client(library: Workspace) -> Iterator[httpx.Client]:
    with serving(library, no_auth=True) as service, running(service) as client:
        yield client


def check_answer(status: int, text: str) -> None:
    """Never a failure of the server, one shape, and nothing of its inside."""
    assert status < 500 or status == 503, text
    assert not LEAKS.search(text), text
    if status != 200:
        body = json.loads(text)
        assert set(body) == {"error_code", "error_msg"}


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def with_odd(path: tuple, odd: Any) -> Any:
    if not path:
        return odd
    body = deepcopy(FULL)
    inner = body
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = odd
    return body


@pytest.mark.parametrize("path", list(places(FULL)), ids=str)
def test_odd_values_anywhere(client: httpx.Client, path: tuple) -> None:
    for odd in ODD:
        body = json.dumps(with_odd(path, odd))
        response = client.post("/retrieval", content=body, headers={"content-type": "application/json"})
        check_answer(response.status_code, response.text)


def test_bodies_that_are_no_request(client: httpx.Client) -> None:
    good = json.dumps(FULL).encode()
    bodies = [
        good[: len(good) // 2], good + b"}", b"\xff\xfe", "查询".encode("gbk"), json.dumps(FULL).encode("utf-16"),
        b"\xef\xbb\xbf" + good, b"[" * 100_000, b'{"a":' * 50_000, b"9" * 10_000, b'{"query": NaN}', b"null", b"\x00",
        b'{"query": "\\ud800", "knowledge_id": "\\udfff"}', b'{"query": Infinity}', b'"' + b"\\" * 999,
    ]  # fmt: skip
    for body in bodies:
        response = client.post("/retrieval", content=body, headers={"content-type": "application/json"})
        check_answer(response.status_code, response.text)
        assert response.status_code == 400, body[:50]


def test_random_changes_of_a_good_request(client: httpx.Client) -> None:
    draw = random.Random(7)
    good = json.dumps(FULL, ensure_ascii=False).encode()
    for _ in range(300):
        body = bytearray(good)
        for _ in range(draw.randint(1, 6)):
            body[draw.randrange(len(body))] = draw.randrange(256)
        response = client.post(
            "/retrieval", content=bytes(body), headers={"content-type": "application/json"}
        )
        check_answer(response.status_code, response.text)


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_that_is_too_large_is_413(client: httpx.Client, announced: bool) -> None:
    body = b'{"query": "' + b"x" * 1_000_001 + b'"}'
    content = body if announced else iter([body[:600_000], body[600_000:]])
    response = client.post("/retrieval", content=content, headers={"content-type": "application/json"})
    assert refused(response) == (413, 413)
    assert names(client.post("/retrieval", json=question("all"))) == ["a"]


def spoken(client: httpx.Client, *parts: bytes) -> bytes:
    """What the server answers to these bytes until it ends the connection."""
    with closing(socket.create_connection((client.base_url.host, client.base_url.port))) as connection:
        with suppress(OSError):
            for part in parts:
                connection.sendall(part)
        return heard(connection)


def heard(connection: socket.socket) -> bytes:
    """What comes until the other side ends the connection, rudely when there is still something to be read."""
    connection.settimeout(60)
    answer = b""
    with suppress(ConnectionResetError):
        while received := connection.recv(65536):
            answer += received
    return answer


END = b"\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        b"\r\n\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET /health" + END,
        b"GET /health HTTP/9.9" + END,
        b"GET health HTTP/1.1" + END,
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST /retrieval HTTP/1.1\r\nContent-Length: -5" + END,
        b"POST /retrieval HTTP/1.1\r\nContent-Length: x" + END,
        b"POST /retrieval HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6" + END,
        b"POST /retrieval HTTP/1.1\r\nContent-Length: 99999999999999999999" + END,
        b"POST /retrieval HTTP/1.1\r\nTransfer-Encoding: gzip" + END,
        b"POST /retrieval HTTP/1.1\r\nTransfer-Encoding: chunked" + END + b"zz\r\n",
        b"GET /%ff%fe%00/../.. HTTP/1.1" + END,
        b"GET /\xe4\xb8\xad HTTP/1.1" + END,
        b"GET /health HTTP/1.1\r\nX: " + b"y" * 200_000 + END,
        b"GET /health HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + END,
        b"GET /health HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade" + END,
        b"PRI * HTTP/2.0" + END,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64 + b"\r\n\r\n",
    ],
    ids=lambda raw: repr(raw[:60]),
)
def test_bytes_that_are_hardly_http(client: httpx.Client, raw: bytes) -> None:
    head, _, body = spoken(client, raw).partition(b"\r\n\r\n")
    if head:
        status = int(head.split()[1])
        check_answer(status, body.decode())
    assert client.get("/health").status_code == 200


def test_slow_clients_hold_nobody_up(library: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KNOWLEDGE_SERVER_RECEIVE_TIMEOUT_S", "0.5")
    starts = [
        b"",
        b"POST /retrieval HT",
        b"POST /retrieval HTTP/1.1\r\nHost: localhost\r\nX-Slow:",
        b"POST /retrieval HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{",
    ]
    with serving(library, no_auth=True) as service, running(service) as client, ExitStack() as stack:
        place = (client.base_url.host, client.base_url.port)
        slow = [
            stack.enter_context(closing(socket.create_connection(place))) for _ in range(25) for _ in starts
        ]
        for connection, start in zip(slow, starts * 25, strict=True):
            connection.sendall(start)
        assert names(client.post("/retrieval", json=question("all"))) == ["a"]
        for connection in slow:
            assert heard(connection).startswith(b"HTTP/1.1 408 ")
        assert names(client.post("/retrieval", json=question("all"))) == ["a"]


class Blocking:
    """A search that waits until it is let go."""

    def __init__(self) -> None:
        self.entered, self.go = threading.Event(), threading.Event()

    def __call__(self, *_: object) -> list[dict[str, Any]]:
        self.entered.set()
        assert self.go.wait(60)
        return [{"content": "done", "score": 1, "title": "done"}]


def in_flight(client: httpx.Client) -> int:
    """Requests being answered, this one among them."""
    (line,) = [
        row for row in client.get("/metrics").text.splitlines() if row.startswith("knowledge_requests_in_fl")
    ]
    return int(line.split()[1])


def test_beyond_the_queue_there_is_503_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KNOWLEDGE_SERVER_THREADS", "1")
    monkeypatch.setenv("KNOWLEDGE_SERVER_QUEUE", "2")
    search = Blocking()
    with (
        serving(retrieve=search, no_auth=True) as service,
        running(service) as client,
        ThreadPoolExecutor() as pool,
    ):
        waiting = [pool.submit(client.post, "/retrieval", json=question("any"), timeout=60) for _ in range(3)]
        until(lambda: in_flight(client) == 4)
        response = client.post("/retrieval", json=question("any"))
        assert refused(response) == (503, 503)
        assert int(response.headers["retry-after"]) >= 1
        assert client.get("/health").status_code == 200
        search.go.set()
        assert [names(done.result()) for done in waiting] == [["done"]] * 3
        assert names(client.post("/retrieval", json=question("any"))) == ["done"]


def test_what_takes_too_long_is_503_and_keeps_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KNOWLEDGE_SERVER_REQUEST_TIMEOUT_S", "0.2")
    monkeypatch.setenv("KNOWLEDGE_SERVER_THREADS", "1")
    monkeypatch.setenv("KNOWLEDGE_SERVER_QUEUE", "0")
    search = Blocking()
    with serving(retrieve=search, no_auth=True) as service, running(service) as client:
        late = client.post("/retrieval", json=question("any"))
        busy = client.post("/retrieval", json=question("any"))
        assert (refused(late), refused(busy)) == ((503, 503), (503, 503))
        assert late.text != busy.text
        search.go.set()
        until(lambda: client.post("/retrieval", json=question("any")).status_code == 200)


def test_connections_are_counted(library: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KNOWLEDGE_SERVER_CONNECTIONS", "3")
    with serving(library, no_auth=True) as service, running(service) as client, ExitStack() as stack:
        place = (client.base_url.host, client.base_url.port)
        for _ in range(2):
            stack.enter_context(closing(socket.create_connection(place)))
        assert spoken(client).startswith(b"HTTP/1.1 503 ")
        assert names(client.post("/retrieval", json=question("all"))) == ["a"]


def test_until_it_is_warm_it_says_so() -> None:
    warming = threading.Event()
    with serving(retrieve=lambda *_: [], no_auth=True) as service:
        object.__setattr__(service, "warm", lambda: warming.wait(60))
        with in_thread(service) as url, httpx.Client(base_url=url) as client:
            assert client.get("/health").status_code == 503
            assert refused(client.post("/retrieval", json=question("any"))) == (503, 503)
            warming.set()
            until(lambda: client.get("/health").status_code == 200)
            assert client.post("/retrieval", json=question("any")).status_code == 200


def test_a_server_that_stops_answers_what_it_has_begun() -> None:
    search = Blocking()
    with ThreadPoolExecutor() as pool, serving(retrieve=search, no_auth=True) as service:
        with running(service) as client:
            url = f"{client.base_url}"
            begun = pool.submit(httpx.post, f"{url}/retrieval", json=question("any"), timeout=60)
            assert search.entered.wait(60)
            ended = pool.submit(until, lambda: not _answers(url))
            ended.add_done_callback(lambda _: search.go.set())
        assert names(begun.result()) == ["done"]


def _answers(url: str) -> bool:
    try:
        return bool(httpx.get(f"{url}/health"))
    except httpx.TransportError:
        return False
