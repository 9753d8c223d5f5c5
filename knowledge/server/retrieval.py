"""`POST /retrieval`: Dify's external knowledge API."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Depends, Request, Response

from knowledge.defaults import BY_NAME
from knowledge.server.answers import Refusal, encoded
from knowledge.server.asking import Finder, Question
from knowledge.server.authorization import key_of, may_read
from knowledge.server.conditions import filter_of
from knowledge.server.messages import REFUSALS, RetrievalAnswer, RetrievalRequest, RetrievalSetting

MOST_RECORDS: Final = int(BY_NAME["top_k"].maximum or 0)
WARNING: Final = "x-knowledge-warning"
"""The header of an answer that was found with less than was asked."""


async def is_json(request: Request) -> None:
    """A dependency of routes. Raises `Refusal` for a body in another format; an empty one has none."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    subtype = media_type.removeprefix("application/")
    if await request.body() and subtype != "json" and not subtype.endswith("+json"):
        raise Refusal(
            415, f"the body is of type {media_type!r}; send JSON with Content-Type: application/json"
        )


def router(find: Finder, *, query_characters: int, log_queries: bool) -> APIRouter:
    """The route, before whatever finds passages."""
    routes = APIRouter()

    @routes.post(
        "/retrieval",
        dependencies=[Depends(may_read), Depends(is_json)],
        responses=REFUSALS,
        response_model=RetrievalAnswer,
        summary="Passages that answer a question",
    )
    def retrieval(request: Request, asked: RetrievalRequest) -> Response:
        """Dify's external knowledge API: the best passages of one or several knowledge bases."""
        log = request.state.log
        log["knowledge_id"] = asked.knowledge_id[:200]
        query, headers = asked.query[:query_characters], {}
        if log_queries:
            log["query"] = query
        if len(asked.query) > query_characters:
            log["query_characters"] = len(asked.query)
            headers[WARNING] = f"only the first {query_characters} characters of the query were searched"
        records = find(_question(request, asked, query))
        log["records"] = len(records)
        return Response(encoded({"records": records}), media_type="application/json", headers=headers)

    return routes


def _question(request: Request, asked: RetrievalRequest, query: str) -> Question:
    """`top_k` is the most that is wanted: beyond what is possible it is not an error."""
    wanted = asked.retrieval_setting or RetrievalSetting()
    return Question(
        knowledge_id=asked.knowledge_id,
        query=query,
        top_k=None if wanted.top_k is None else min(wanted.top_k, MOST_RECORDS),
        threshold=wanted.score_threshold,
        where=filter_of(asked.metadata_condition),
        key=key_of(request),
    )
