"""What happens to requests that are no questions, to many at once, and how long an answer takes."""

from __future__ import annotations

import re
import statistics
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from knowledge.conformance.answers import identity
from knowledge.conformance.probe import Point, Probe, error_code, records_of, require

AT_ONCE: Final = 16
TIMED: Final = 20
CLIENT_TIMEOUT_S: Final = 5.0
"""After which Dify's client gives up, unless it is told otherwise."""
_INTERNALS: Final = re.compile(
    r"Traceback \(most recent|File \"[^\"]+\", line \d+|site-packages|\bat [\w.$]+\([\w.]+:\d+\)|goroutine \d+ \["
    r"|sqlalchemy|sqlite3?\.|psycopg|\bSELECT\b.{1,200}\bFROM\b|/(home|usr|var|opt|srv|root)/[\w.-]+/[\w./-]+",
    re.DOTALL,
)
_NOT_JSON: Final = (b"{", b"null", b"[]", b'"text"', b"\xff\xfe{}", b"[" * 100_000)


def not_json(probe: Probe) -> str:
    for body in _NOT_JSON:
        reply = probe.send(body)
        is_right = 400 <= reply.status < 500 and reply.status not in (403, 404)
        require(is_right, f"{body[:10]!r}: {reply.seen}")
    return "4xx"


def wrong_types(probe: Probe) -> str:
    wrong: tuple[dict[str, Any], ...] = (
        {"query": 1},
        {"query": None},
        {"knowledge_id": ["x"]},
        {"retrieval_setting": "x"},
        {"retrieval_setting": None},
        {"top_k": "many"},
        {"top_k": -1},
        {"score_threshold": "high"},
        {"metadata_condition": "x"},
        {"metadata_condition": {"conditions": [{}]}},
    )
    for changes in wrong:
        reply = probe.send(probe.request(**dict(changes)))
        require(200 <= reply.status < 500, f"{changes}: {reply.seen}")
    return "no 5xx"


def error_shape(probe: Probe) -> str:
    for reply in (probe.send(b"{"), probe.send(probe.request(), authorization=None)):
        require(reply.status >= 400, reply.seen)
        error_code(reply)
    return "error_code and error_msg"


def other_methods(probe: Probe) -> str:
    statuses = [probe.send(b"", method=method).status for method in ("GET", "PUT", "PATCH", "DELETE")]
    require(all(0 < status < 500 for status in statuses), f"GET, PUT, PATCH, DELETE: {statuses}")
    return ", ".join(map(str, statuses))


def long_query(probe: Probe) -> str:
    reply = probe.send(probe.request(query="long " * 20_000))
    require(200 <= reply.status < 500, reply.seen)
    return str(reply.status)


def long_body(probe: Probe) -> str:
    """A server may also hang up; what counts is that it is still there."""
    reply = probe.send(probe.request(padding="x" * 8 * 2**20))
    require(reply.status < 500, reply.seen)
    after = probe.send(probe.request())
    require(0 < after.status < 500, f"afterwards {after.seen}")
    return str(reply.status or "hung up")


def at_once(probe: Probe) -> str:
    request = probe.request(query=probe.query)
    wanted = list(map(identity, probe.sample))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        replies = list(pool.map(probe.send, [request] * AT_ONCE))
    for reply in replies:
        require(list(map(identity, records_of(reply))) == wanted, "other records than alone")
    return f"{AT_ONCE} calls answered alike"


def latency(probe: Probe) -> str:
    request = probe.request(query=probe.query, top_k=5)
    median_s = statistics.median(probe.send(request).seconds for _ in range(TIMED))
    require(median_s < CLIENT_TIMEOUT_S, f"p50 {median_s * 1000:.0f} ms")
    return f"p50 {median_s * 1000:.1f} ms"


def internals(probe: Probe) -> str:
    errors = [reply for reply in probe.replies if reply.status >= 400]
    for reply in errors:
        found = _INTERNALS.search(reply.text)
        require(not found, f"{found and found[0][:80]!r} in an answer with {reply.status}")
        require(probe.key not in reply.text, f"the key in an answer with {reply.status}")
    return f"nothing in {len(errors)} errors"


POINTS: Final = (
    Point(name="body: not an object", demand="what is no JSON object: 4xx, not 403 or 404", check=not_json),
    Point(name="body: wrong types", demand="values of a wrong type: never 5xx", check=wrong_types),
    Point(
        name="errors: shape",
        demand="errors have error_code, a number, and error_msg, a text",
        check=error_shape,
    ),
    Point(name="method: others", demand="other methods: never 5xx", check=other_methods),
    Point(name="body: long question", demand="100,000 characters: never 5xx", check=long_query),
    Point(name="body: 8 MB", demand="answered or refused, and the server goes on", check=long_body),
    Point(name="load: 16 at once", demand="16 calls at once find what one finds", check=at_once),
    Point(name="load: latency", demand="an answer within the 5 s of Dify's client", check=latency),
    Point(
        name="errors: nothing internal",
        demand="no traces, paths, statements or keys in errors",
        check=internals,
    ),
)
"""The last one looks at all errors before it."""
