"""A small server of Dify's external knowledge contract over `knowledge.filters.matches`, right or with one fault."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import reduce
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from operator import and_, or_
from typing import Any, TypeVar

from knowledge.errors import FilterError
from knowledge.filters import Condition, Filter, check, matches, operator_named, parse_time, takes_values
from knowledge.query import parse_list
from knowledge.types import FieldType

Server = TypeVar("Server", bound=ThreadingHTTPServer)

KEY = "test-key-7f3a"
BASE = "base-1"
FIELDS: dict[str, FieldType] = {
    "category": "string",
    "year": "number",
    "published": "time",
    "tags": "string",
}
RECORDS: list[dict[str, Any]] = [
    {
        "title": f"document {number}",
        "content": f"passage {number}",
        "score": round(1 - number / 16, 4),
        "metadata": {
            **({"category": ("Annual leave", "Travel", "Travel, abroad")[number % 3]} if number % 4 else {}),
            "year": 2018 + number % 6,
            "published": f"20{18 + number % 6}-0{1 + number % 9}-01",
            "tags": ["red", "green"] if number % 2 else ["blue"],
        },
    }
    for number in range(12)
]


class Refused(Exception):
    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class ExternalServer(ThreadingHTTPServer):
    """`fault` names what it does wrong; `seen` holds the bodies of all requests with a right key."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, fault: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.fault = fault
        self.seen: list[dict[str, Any]] = []
        self.connections = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/api"


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet: no waiting for its acknowledgement in between
    server: ExternalServer

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1
        self.connection_number = self.server.connections

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            status, answer = 200, self._answer(body)
        except Refused as error:
            status, answer = error.status, {"error_code": error.code, "error_msg": str(error)}
            if self._has("errors without a code"):
                answer = {"detail": str(error)}
            if self._has("errors with a traceback"):
                answer["error_msg"] = 'Traceback (most recent call last):\n File "/srv/app.py", line 3'
        self._send(status, answer)

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._send(500 if self._has("GET crashes") else 405, {"error_code": 405, "error_msg": "POST only"})

    def do_PUT(self) -> None:
        self.do_GET()

    def do_PATCH(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        self.do_GET()

    def _send(self, status: int, answer: Mapping[str, Any]) -> None:
        content = json.dumps(answer, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _has(self, fault: str) -> bool:
        return self.server.fault == fault

    def _answer(self, body: bytes) -> dict[str, Any]:
        paths = ["/api/retrieval"] if self._has("no //retrieval") else ["/api/retrieval", "/api//retrieval"]
        if self.path not in paths:
            raise Refused(404, 404, "no such path")
        self._check_key()
        if len(body) > 2**20:
            raise Refused(500 if self._has("long bodies crash") else 413, 413, "too long")
        request = self._request(body)
        self.server.seen.append(request)
        if request["knowledge_id"] == "" or request["query"] == "":
            if self._has("the empty question is not found"):
                raise Refused(404, 2001, "no knowledge base ''")
            return {"records": []}
        if request["knowledge_id"] != BASE:
            if self._has("an unknown base is empty"):
                return {"records": []}
            raise Refused(404, 2001, f"no knowledge base {request['knowledge_id']!r}")
        return {"records": self._records(request)}

    def _check_key(self) -> None:
        scheme, _, key = (self.headers.get("Authorization") or "").partition(" ")
        wanted = scheme if self._has("Bearer only as written") else scheme.lower()
        if wanted != ("Bearer" if self._has("Bearer only as written") else "bearer") or not key:
            raise Refused(
                403, 1002 if self._has("a missing header is a bad key") else 1001, "Bearer KEY, please"
            )
        if self._has("prefixes of keys get in") and KEY.startswith(key[:5]):
            return
        if key != KEY:
            raise Refused(401 if self._has("bad keys are 401") else 403, 1002, "no such key")

    def _request(self, body: bytes) -> dict[str, Any]:
        if not body:
            raise Refused(404 if self._has("the empty body is not found") else 400, 400, "an empty body")
        try:
            request = json.loads(body)
            if not isinstance(request, dict):
                raise ValueError("not an object")
        except (ValueError, RecursionError) as error:
            raise Refused(500 if self._has("what is no JSON crashes") else 400, 400, "no JSON") from error
        setting = request.get("retrieval_setting")
        types = (
            (request.get("query"), str),
            (request.get("knowledge_id"), str),
            (setting, dict),
            (request.get("metadata_condition"), dict | None),
        )
        if not all(isinstance(value, kind) for value, kind in types):
            raise Refused(500 if self._has("wrong types crash") else 422, 422, "wrong types")
        assert isinstance(setting, dict)
        for name, kind in (("top_k", int | None), ("score_threshold", int | float | None)):
            if not isinstance(setting.get(name), kind):
                raise Refused(422, 422, f"{name} is {setting.get(name)!r}")
            if setting.get(name) is None and self._has(f"{name} must be given"):
                raise Refused(422, 422, f"{name} is missing")
        if len(request["query"]) > 10_000:
            raise Refused(500 if self._has("long questions crash") else 400, 400, "a long question")
        return request

    def _records(self, request: Mapping[str, Any]) -> list[dict[str, Any]]:
        setting = request["retrieval_setting"]
        least, limit = setting["score_threshold"] or 0.0, setting["top_k"] or 4
        if least == 0 and self._has("0.0 is refused"):
            raise Refused(400, 400, "no threshold")
        where = self._where(request)
        found = [record for record in RECORDS if where is None or matches(where, typed(record["metadata"]))]
        if not self._has("the threshold is ignored"):
            above = self._has("the threshold itself is too low")
            found = [record for record in found if record["score"] > least - (0 if above else 1e-9)]
        found = found if self._has("top_k is ignored") else found[: max(limit, 0)]
        if self._has("the order changes") and len(self.server.seen) % 2:
            found = found[1:]
        if self._has("several at once find nothing") and self.connection_number > 1:
            found = []
        return [self._spoiled(record, number) for number, record in enumerate(found)]

    def _spoiled(self, record: Mapping[str, Any], number: int) -> dict[str, Any]:
        spoiled = {
            "scores are text": {"score": str(record["score"])},
            "scores are percents": {"score": record["score"] * 100},
            "scores are null": {"score": None},
            "titles are null": {"title": None},
            "metadata are null": {"metadata": None if number else {}},
            "contents are empty": {"content": ""},
            "the lowest score is first": {"score": number / 16},
        }
        return {**record, **spoiled.get(self.server.fault, {})}

    def _where(self, request: Mapping[str, Any]) -> Filter | None:
        condition = request.get("metadata_condition")
        if condition is None:
            if "metadata_condition" in request and self._has("a null condition crashes"):
                raise Refused(500, 500, "none has no get")
            return None
        given = condition.get("conditions") or []
        if not given:
            nothing = Condition("year", "empty") & Condition("year", "not-empty")
            return nothing if self._has("no conditions find nothing") else None
        if self._has("conditions crash"):
            raise Refused(500, 500, "no such column")
        if self._has("fields are unknown"):
            raise Refused(400, 400, "no such field")
        if self._has("conditions find nothing"):
            return Condition("year", "empty") & Condition("year", "not-empty")
        if len(given) > 100:
            raise Refused(
                500 if self._has("a thousand conditions crash") else 400, 400, "too many conditions"
            )
        try:
            conditions = [part for item in given if (part := self._condition(item)) is not None]
            if not conditions:
                return None
            return check(reduce(self._joint(condition), conditions), FIELDS)
        except (FilterError, KeyError, TypeError, AttributeError) as error:
            raise Refused(400, 400, f"cannot read the conditions: {type(error).__name__}") from error

    def _joint(self, condition: Mapping[str, Any]) -> Any:
        if self._has("or is and"):
            return and_
        default = "or" if self._has("nothing said is or") else "and"
        return or_ if condition.get("logical_operator", default) == "or" else and_

    def _condition(self, given: Mapping[str, Any]) -> Filter | None:
        spelling, name = given["comparison_operator"], given["name"]
        if isinstance(name, list):
            if self._has("a list of names crashes"):
                raise Refused(500, 500, "unhashable")
            name = name[0]
        if self._has(f"{spelling} is ignored") or (
            self._has("the unknown is ignored") and name not in FIELDS
        ):
            return None
        if self._has(f"{spelling} finds nothing"):
            return Condition(name, "empty") & Condition(name, "not-empty")
        op = operator_named(spelling)
        if takes_values(op) == "nothing":
            if "value" not in given and self._has("a value must be given"):
                raise Refused(500, 500, "KeyError: 'value'")
            return Condition(name, op)
        value = given["value"]
        if isinstance(value, int | float) and self._has("numbers must be text"):
            return Condition(name, "empty") & Condition(name, "not-empty")
        if takes_values(op) == "several":
            if self._has("only the first of a list counts") and isinstance(value, list):
                value = value[1:] if len(value) > 1 else value
            return Condition(name, op, parse_list(value) if isinstance(value, str) else tuple(value))
        return Condition(name, op, value)


def typed(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """As a knowledge base stores them: lists as tuples, times as seconds."""
    return {
        name: tuple(value) if isinstance(value, list) else parse_time(value) if name == "published" else value
        for name, value in metadata.items()
    }
