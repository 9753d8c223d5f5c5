"""Suite server: how long an answer over HTTP takes: at a steady rate, as fast as it goes, while documents come in.

    python -m benchmarks server --size 100000

The server runs in a process of its own. Times of the open loop count from the moment when a question was due, so that
a server that stands still is not asked less often and does not look faster for it.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks.generated import library, questions
from benchmarks.harness import Options, resident_mb
from benchmarks.query import NAME, build
from knowledge import Workspace
from knowledge.sources import Source
from knowledge.types import Document

RATE_PER_S: Final = 150
OPEN_LOOP_S: Final = 30
CLOSED_LOOP_S: Final = 15
CONNECTIONS: Final = 16
QUESTIONS: Final = 2000
ADDED: Final = 1000
"""Texts that come in while questions are asked."""
TOP_K: Final = 5


def run(options: Options) -> Iterator[dict[str, Any]]:
    """Yields one row for each load, with the server's memory after it."""
    with tempfile.TemporaryDirectory() as folder:
        with Workspace(folder) as workspace:
            build(workspace, options.size)
        yield from loads(folder)


def loads(folder: str) -> Iterator[dict[str, Any]]:
    """The rows for a workspace that holds the library."""
    started = time.perf_counter()
    with _Server(folder) as server:
        asyncio.run(_first_answer(server.url))
        yield _row("start to first answer", server, [time.perf_counter() - started], 0)
        requests = _requests(server.url)

        def steady(load: str) -> dict[str, Any]:
            return _measured(load, server, lambda: _open_loop(server.url, requests, OPEN_LOOP_S))

        for mode in ("hybrid", "full-text"):
            server.ask(f"mode {mode}")
            yield _measured(
                f"{mode}, closed loop", server, lambda: _closed_loop(server.url, requests, CLOSED_LOOP_S)
            )
        yield steady("full-text, open loop")
        server.ask("ingest")
        yield steady("full-text, open loop, ingest")
        print(f"{ADDED} texts came in within {server.ask('wait')} s", file=sys.stderr)
        yield steady("full-text, open loop, after it")


class _Server:
    """The server in a process of its own, told what to do line by line."""

    def __init__(self, folder: str) -> None:
        self._command = [sys.executable, "-m", "benchmarks.server", folder]

    def __enter__(self) -> _Server:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[1],
        )
        self.url: str = self._answer()
        return self

    def __exit__(self, *_: object) -> None:
        self.ask("stop")
        self._process.wait()

    def ask(self, what: str) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


@dataclass(slots=True)
class _Answers:
    """Seconds of the good answers, and how many were not good."""

    seconds: list[float] = field(default_factory=list)
    failed: int = 0


def _measured(load: str, server: _Server, ask: Callable[[], Awaitable[_Answers]]) -> dict[str, Any]:
    started = time.perf_counter()
    answers = asyncio.run(_awaited(ask()))
    elapsed = time.perf_counter() - started
    return _row(load, server, answers.seconds, answers.failed, len(answers.seconds) / elapsed)


async def _awaited(answers: Awaitable[_Answers]) -> _Answers:
    return await answers


def _row(
    load: str, server: _Server, seconds: Sequence[float], failed: int, per_s: float | None = None
) -> dict[str, Any]:
    return {
        "load": load,
        "answers": len(seconds),
        "not_200": failed,
        "per_s": None if per_s is None else round(per_s),
        "p50_ms": _percentile_ms(seconds, 0.5),
        "p99_ms": _percentile_ms(seconds, 0.99),
        "max_ms": _percentile_ms(seconds, 1),
        "server_mb": server.ask("memory"),
    }


def _percentile_ms(seconds: Sequence[float], share: float) -> float | None:
    if not seconds:
        return None
    ordered = sorted(seconds)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 1)


def _requests(url: str) -> Iterator[bytes]:
    """Whole requests, one for each question, in turn for ever."""
    return cycle([_request(url, text) for text in questions(QUESTIONS)])


def _request(url: str, text: str) -> bytes:
    asked = {"knowledge_id": NAME, "query": text[:250], "retrieval_setting": {"top_k": TOP_K}}
    body = json.dumps(asked).encode()
    head = (
        f"POST /retrieval HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _connect(url: str) -> Connection:
    place = urlsplit(url)
    return await asyncio.open_connection(place.hostname, place.port)


async def _ask(connection: Connection, request: bytes) -> int:
    """The status. A client library would take more of the machine than the server does."""
    reader, writer = connection
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    await reader.readexactly(length)
    return int(head.split(None, 2)[1])


async def _first_answer(url: str) -> None:
    request = _request(url, "the first question")
    connection = await _connect(url)
    while await _ask(connection, request) != 200:
        await asyncio.sleep(0.01)
    connection[1].close()


async def _open_loop(url: str, requests: Iterator[bytes], seconds: float) -> _Answers:
    """Asks at a steady rate, whether or not the answers keep up."""
    answers = _Answers()
    idle: list[Connection] = []

    async def one(request: bytes, due: float) -> None:
        connection = idle.pop() if idle else await _connect(url)
        _note(answers, await _ask(connection, request), time.perf_counter() - due)
        idle.append(connection)

    started = time.perf_counter()
    tasks = []
    for number in range(int(RATE_PER_S * seconds)):
        due = started + number / RATE_PER_S
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(one(next(requests), due)))
    await asyncio.gather(*tasks)
    for _, writer in idle:
        writer.close()
    return answers


async def _closed_loop(url: str, requests: Iterator[bytes], seconds: float) -> _Answers:
    """Every connection asks again as soon as it has its answer."""
    answers = _Answers()
    until = time.perf_counter() + seconds

    async def one() -> None:
        connection = await _connect(url)
        while (begun := time.perf_counter()) < until:
            _note(answers, await _ask(connection, next(requests)), time.perf_counter() - begun)
        connection[1].close()

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return answers


def _note(answers: _Answers, status: int, seconds: float) -> None:
    if status == 200:
        answers.seconds.append(seconds)
    else:
        answers.failed += 1


def _serve(folder: str) -> None:
    """The server's process: answers each line of standard input with one of JSON."""
    from threading import Thread

    from knowledge.server.running import in_thread, serving

    with (
        Workspace(folder) as workspace,
        serving(workspace, no_auth=True) as service,
        in_thread(service) as url,
    ):
        print(json.dumps(url), flush=True)
        adding = Thread(target=_ingest, args=(workspace,))
        began = 0.0
        for line in sys.stdin:
            answer: Any = None
            match line.split():
                case ["mode", mode]:
                    workspace.open(NAME).change_settings({"mode": mode})
                case ["memory"]:
                    answer = resident_mb()
                case ["ingest"]:
                    began = time.perf_counter()
                    adding.start()
                case ["wait"]:
                    adding.join()
                    answer = round(time.perf_counter() - began, 1)
            print(json.dumps(answer), flush=True)
            if line.strip() == "stop":
                return


def _ingest(workspace: Workspace) -> None:
    texts = library(ADDED).texts
    workspace.open(NAME).ingest_sources(
        [
            Source(key=f"added-{number}", name=f"added-{number}", document=Document(text=text))
            for number, text in enumerate(texts)
        ]
    )


if __name__ == "__main__":
    _serve(sys.argv[1])
