"""Whether a server fulfils Dify's external knowledge contract: one point after the other, knowing only its URL, a key
and a knowledge base."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing

from knowledge.conformance import access, answers, conditions, robustness
from knowledge.conformance.probe import NotApplicable, Point, Probe, Result, Violation
from knowledge.errors import ExternalError

__all__ = ["POINTS", "Point", "Result", "check_server"]

POINTS: tuple[Point, ...] = (*access.POINTS, *answers.POINTS, *conditions.POINTS, *robustness.POINTS)


def check_server(
    url: str,
    key: str,
    knowledge_id: str | None = None,
    query: str | None = None,
    *,
    points: Iterable[Point] = POINTS,
) -> list[Result]:
    """A result for each point. `query` should find something in the knowledge base `knowledge_id`.

    Raises `ExternalError` when there is no server.
    """
    with closing(Probe(url, key, knowledge_id, query)) as probe:
        reply = probe.send(probe.request())
        if reply.error:
            raise ExternalError(reply.error)
        return [_result(point, probe) for point in points]


def _result(point: Point, probe: Probe) -> Result:
    try:
        seen = point.check(probe)
    except Violation as error:
        return Result(point=point.name, demand=point.demand, outcome="fail", seen=str(error))
    except NotApplicable as error:
        return Result(point=point.name, demand=point.demand, outcome="not applicable", seen=str(error))
    return Result(point=point.name, demand=point.demand, outcome="pass", seen=seen)
