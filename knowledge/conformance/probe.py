"""Asking the server that is checked, and the words in which a check tells its outcome."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

from knowledge.errors import OutgoingError
from knowledge.outgoing import Answer, HttpClient, Limits, one_line

Record = Mapping[str, Any]
SAMPLE_SIZE: Final = 50
ENOUGH: Final = 5
QUERIES: Final = ("what is this about", "information", "the", "a", "1", "介绍", "什么", "的", "中")
"""Tried in turn when nobody says which question finds something."""
_TIMEOUT_S: Final = 60.0
_BEARER: Final = object()
Outcome = Literal["found", "nothing found", "refused"]
"""What conditions on a field led to; refused is an answer with 4xx."""


class Violation(Exception):
    """The server does not do what a point demands; the text says what was seen."""


class NotApplicable(Exception):
    """This server cannot be asked; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One demand of the contract. `check` returns what was seen, or raises `Violation` or `NotApplicable`."""

    name: str
    demand: str
    check: Callable[[Probe], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    point: str
    demand: str
    outcome: Literal["pass", "fail", "not applicable"]
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """`error` says why there was no answer; `status` is then 0."""

    status: int
    text: str = ""
    body: Any = None
    seconds: float = 0.0
    error: str = ""

    @property
    def seen(self) -> str:
        return self.error or f"{self.status}: {one_line(self.text)[:100]}"


class Probe:
    """A server, its key, and perhaps a knowledge base and a question that finds something there."""

    def __init__(self, url: str, key: str, knowledge_id: str | None, query: str | None) -> None:
        self._url = url.strip().rstrip("/")
        self.key = key
        self.knowledge_id = knowledge_id
        self._queries = (query,) if query else QUERIES
        self._http = HttpClient(public_only=False, limits=Limits(total_s=_TIMEOUT_S, retries=0))
        self.replies: list[Reply] = []
        """Every answer so far."""
        self.tried: dict[str, Outcome] = {}
        """The returned fields that conditions were tried on, by name."""

    def send(
        self,
        body: object,
        *,
        method: str = "POST",
        authorization: str | object | None = _BEARER,
        path: str = "/retrieval",
    ) -> Reply:
        """`body` as JSON, bytes as they are. The key is sent unless another `authorization` is given."""
        header = f"Bearer {self.key}" if authorization is _BEARER else authorization
        content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        headers = {"content-type": "application/json"}
        if isinstance(header, str):
            headers["authorization"] = header
        started = time.perf_counter()
        try:
            answer = self._http.request(method, self._url + path, headers=headers, content=content)
        except OutgoingError as error:
            reply = Reply(status=0, error=str(error))
        else:
            reply = _reply(answer, time.perf_counter() - started)
        self.replies.append(reply)
        return reply

    def request(self, **changes: Any) -> dict[str, Any]:
        """A question as Dify sends it, with `changes`; top_k and score_threshold go where they belong."""
        limits = {name: changes.pop(name) for name in ("top_k", "score_threshold") if name in changes}
        return {
            "knowledge_id": self.knowledge_id or "",
            "query": "test",
            "retrieval_setting": {"top_k": SAMPLE_SIZE, "score_threshold": 0.0, **limits},
            **changes,
        }

    def records(self, **changes: Any) -> list[Record]:
        """The records for the sample's question. Raises `Violation` when the server does not answer with records."""
        return records_of(self.ask(**changes))

    def filtered(self, *conditions: Mapping[str, Any], **changes: Any) -> list[Record]:
        """Like `records`, with these conditions, all of which must hold unless `changes` say otherwise."""
        return records_of(self.ask_filtered(*conditions, **changes))

    def ask(self, **changes: Any) -> Reply:
        """The sample's question with `changes`, whatever the answer."""
        return self.send(self.request(**{"query": self.query, **changes}))

    def ask_filtered(self, *conditions: Mapping[str, Any], **changes: Any) -> Reply:
        """Like `filtered`, whatever the answer."""
        condition = {"logical_operator": "and", "conditions": list(conditions), **changes}
        return self.ask(metadata_condition=condition)

    @property
    def query(self) -> str:
        return self._sample[0]

    @property
    def sample(self) -> list[Record]:
        """What is found without conditions, one record at least. Raises `NotApplicable` when there is nothing."""
        return self._sample[1]

    @cached_property
    def _sample(self) -> tuple[str, list[Record]]:
        if self.knowledge_id is None:
            raise NotApplicable("needs a knowledge base: give --kb ID")
        found: dict[str, list[Record]] = {}
        for query in self._queries:
            found[query] = records_of(self.send(self.request(query=query)))
            if len(found[query]) >= ENOUGH:
                break
        query = max(found, key=lambda query: len(found[query]))
        if not found[query]:
            raise NotApplicable("no question found a record: give one with --query TEXT")
        return query, found[query]

    def close(self) -> None:
        self._http.close()


def _reply(answer: Answer, seconds: float) -> Reply:
    try:
        body = answer.json()
    except ValueError:
        body = None
    return Reply(status=answer.status, text=answer.text, body=body, seconds=seconds)


def records_of(reply: Reply) -> list[Record]:
    """Raises `Violation` for what is no answer with records."""
    if reply.status != 200:
        raise Violation(reply.seen)
    records = reply.body.get("records") if isinstance(reply.body, dict) else None
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise Violation(f"200 without a list of records: {one_line(reply.text)[:100]}")
    return records


def require(holds: object, seen: str) -> None:
    if not holds:
        raise Violation(seen)


def error_code(reply: Reply) -> int | None:
    """The error's number. Raises `Violation` when the body does not have the contract's shape."""
    body = reply.body
    is_right = (
        isinstance(body, dict)
        and type(body.get("error_code")) is int
        and isinstance(body.get("error_msg"), str)
        and body["error_msg"]
    )
    require(is_right, f"no error_code (a number) and error_msg (a text) in {reply.seen}")
    code: int = body["error_code"]
    return code
