"""Who gets an answer: the probes at registration, the key, the knowledge base."""

from __future__ import annotations

from typing import Final

from knowledge.conformance.probe import NotApplicable, Point, Probe, Reply, error_code, require

NO_KEY: Final = "knowledge-conformance-no-such-key"
NO_BASE: Final = "knowledge-conformance-no-such-base"
PROBE: Final = {
    "knowledge_id": "",
    "query": "",
    "retrieval_setting": {"top_k": 1, "score_threshold": 0.0},
}


def _is_accepted(reply: Reply) -> bool:
    """As a client takes it at registration: a server that is there and lets this key in."""
    return 200 <= reply.status < 500 and reply.status not in (401, 403, 404)


def empty_probe(probe: Probe) -> str:
    reply = probe.send(b"")
    require(_is_accepted(reply), reply.seen)
    return str(reply.status)


def question_probe(probe: Probe) -> str:
    reply = probe.send(PROBE)
    require(_is_accepted(reply), reply.seen)
    return str(reply.status)


def probe_with_bad_key(probe: Probe) -> str:
    for body in (b"", PROBE):
        reply = probe.send(body, authorization=f"Bearer {NO_KEY}")
        require(reply.status == 403, reply.seen)
    return "403"


def bearer_in_any_case(probe: Probe) -> str:
    for scheme in ("Bearer", "bearer", "BEARER"):
        reply = probe.send(PROBE, authorization=f"{scheme} {probe.key}")
        require(_is_accepted(reply), f"{scheme}: {reply.seen}")
    return "accepted"


def malformed_header(probe: Probe) -> str:
    for header in (None, probe.key, "Bearer", f"Basic {probe.key}"):
        reply = probe.send(probe.request(), authorization=header)
        shown = "no header" if header is None else header.replace(probe.key, "KEY")
        require(reply.status == 403 and error_code(reply) == 1001, f"{shown}: {reply.seen}")
    return "403, 1001"


def bad_key(probe: Probe) -> str:
    for key in (NO_KEY, f"{probe.key}x", probe.key[:-1] + ("A" if probe.key[-1:] != "A" else "B")):
        reply = probe.send(probe.request(), authorization=f"Bearer {key}")
        require(reply.status == 403 and error_code(reply) == 1002, reply.seen)
    return "403, 1002"


def unknown_base(probe: Probe) -> str:
    reply = probe.send(probe.request(knowledge_id=NO_BASE))
    require(reply.status in (400, 404) and error_code(reply) == 2001, reply.seen)
    return f"{reply.status}, 2001"


def double_slash(probe: Probe) -> str:
    reply = probe.send(PROBE, path="//retrieval")
    require(_is_accepted(reply), reply.seen)
    return str(reply.status)


def known_base(probe: Probe) -> str:
    if probe.knowledge_id is None:
        raise NotApplicable("needs a knowledge base: give --kb ID")
    reply = probe.send(probe.request())
    require(reply.status == 200, reply.seen)
    return "200"


POINTS: Final = (
    Point(
        name="probe: empty body",
        demand="registration sends an empty body: not 401, 403, 404 or 5xx",
        check=empty_probe,
    ),
    Point(
        name="probe: empty question",
        demand="registration sends an empty question: not 401, 403, 404 or 5xx",
        check=question_probe,
    ),
    Point(name="probe: bad key", demand="registration with a bad key: 403", check=probe_with_bad_key),
    Point(
        name="key: bearer in any case",
        demand="the scheme is accepted as Bearer, bearer, BEARER",
        check=bearer_in_any_case,
    ),
    Point(
        name="key: malformed header",
        demand="no or another authorization: 403 and 1001",
        check=malformed_header,
    ),
    Point(name="key: bad key", demand="a key that is not known: 403 and 1002", check=bad_key),
    Point(name="base: known", demand="the knowledge base is found: 200", check=known_base),
    Point(name="base: unknown", demand="an unknown knowledge_id: 400 or 404, and 2001", check=unknown_base),
    Point(name="path: //retrieval", demand="an endpoint with a slash at its end works", check=double_slash),
)
