"""Reranking servers of every kind, and all the ways in which they fail."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import rerank_server
from hypothesis import given, settings
from hypothesis import strategies as st
from rerank_server import Answer, Body, RerankServer, cohere, overlap, running

from indexers.rerank_http import HttpReranker
from knowledge.errors import InputError, RerankError
from knowledge.outgoing import HttpClient
from knowledge.outgoing.client import Limits
from retrieval.reranking import rerank

TEXTS = ["cranes lift", "a harbour with cranes", "nothing", "harbour cranes lift", "harbour"]
QUERY = "harbour cranes lift"
SHAPES = ("cohere", "jina", "xinference", "voyage", "tei")


def client() -> HttpClient:
    return HttpClient(public_only=False, limits=Limits(retries=0))


def reranker(server: RerankServer, path: str = "/v1", options: str = "") -> HttpReranker:
    return HttpReranker(server.spec(path, options).removeprefix("http:"), http=client)


@pytest.mark.parametrize("shape", SHAPES)
def test_scores_come_in_the_order_of_the_texts(shape: str) -> None:
    with running(getattr(rerank_server, shape)) as server:
        asked = reranker(server)
        for _ in range(2):
            assert asked.scores(QUERY, TEXTS) == overlap(QUERY, TEXTS)


@given(texts=st.lists(st.text(max_size=9), max_size=9), query=st.sampled_from(["a", "a b c"]))
@settings(max_examples=25, deadline=None)
def test_whatever_the_texts(texts: list[str], query: str) -> None:
    for answer in (cohere, rerank_server.tei):
        with running(answer) as server:
            assert reranker(server).scores(query, texts) == overlap(query, texts)


def test_what_is_sent() -> None:
    with running() as server:
        reranker(server).scores(QUERY, TEXTS)
        (request,) = server.requests
        sent = {
            "path": "/v1/rerank",
            "model": "test@model",
            "query": QUERY,
            "documents": TEXTS,
            "top_n": len(TEXTS),
        }
        assert {name: value for name, value in request.items() if name != "headers"} == sent


@pytest.mark.parametrize(
    ("path", "called"),
    [
        ("", "/rerank"),
        ("/v2", "/v2/rerank"),
        ("/v2/rerank", "/v2/rerank"),
        ("/v1/reranks?a=1", "/v1/reranks?a=1"),
    ],
)
def test_where_it_is_asked(path: str, called: str) -> None:
    with running() as server:
        reranker(server, path).scores(QUERY, TEXTS)
        assert server.requests[0]["path"] == called


def test_the_key_is_sent_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KNOWLEDGE_RERANK_API_KEY", "secret-key")
    with running(lambda body: (401, {"message": "secret-key is wrong"})) as server:
        with pytest.raises(RerankError, match="check KNOWLEDGE_RERANK_API_KEY") as caught:
            reranker(server).scores(QUERY, TEXTS)
        assert server.requests[0]["headers"]["authorization"] == "Bearer secret-key"
        assert "secret-key" not in str(caught.value)


def test_text_embeddings_inference_is_found_out_once_and_asked_for_as_many_as_it_takes() -> None:
    with running(rerank_server.tei) as server:
        asked = reranker(server)
        asked.scores(QUERY, TEXTS)
        server.requests.clear()
        asked.scores(QUERY, TEXTS)
        assert [len(request["texts"]) for request in server.requests] == [3, 2]
        assert all(request["truncate"] for request in server.requests)


def test_it_can_be_named() -> None:
    with running(rerank_server.tei) as server:
        reranker(server, "", "#api=tei").scores(QUERY, TEXTS[:2])
        assert len(server.requests) == 1


def test_logits_are_mapped_where_the_spec_says_so() -> None:
    def logits(body: Body) -> Answer:
        return 200, {"results": [{"index": 0, "relevance_score": 3.0}, {"index": 1, "relevance_score": -2.0}]}

    with running(logits) as server:
        expected = [1 / (1 + math.exp(-3)), 1 / (1 + math.exp(2))]
        assert reranker(server, options="#scores=logits").scores("q", ["a", "b"]) == pytest.approx(expected)
        with pytest.raises(RerankError, match="#scores=logits"):
            rerank(reranker(server), "q", ["a", "b"])


def test_a_text_without_a_score() -> None:
    with running(lambda body: (200, [{"index": 1, "score": 0.5}, {"index": 0, "score": None}])) as server:
        assert reranker(server).scores("q", ["a", "b"]) == [None, 0.5]


def rows(*pairs: tuple[Any, Any]) -> Callable[[Body], Answer]:
    found = [{"index": index, "relevance_score": score} for index, score in pairs]
    return lambda body: (200, {"results": found})


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda body: (500, {"message": "broken"}), r"answered 500 \(.*broken.*\)"),
        (lambda body: (404, {}), "check the base URL"),
        (lambda body: (400, {"message": "no"}), "answered 400"),
        (lambda body: (200, "fine"), "did not answer with an index and a score"),
        (lambda body: (200, {"rows": []}), "did not answer with an index and a score"),
        (lambda body: (200, {"results": [{"index": 0}, {"index": 1}]}), "did not answer with"),
        (rows((0, 0.5)), "answered 1 scores of 2 texts"),
        (rows((0, 0.5), (1, 0.5), (1, 0.4)), "answered 3 scores of 2 texts"),
        (rows((0, 0.5), (0, 0.5)), "answered 2 scores of 2 texts"),
        (rows((0, 0.5), (2, 0.5)), "did not answer with an index and a score"),
        (rows((0, 0.5), (-1, 0.5)), "did not answer with an index and a score"),
        (rows((0, 0.5), ("1", 0.5)), "did not answer with an index and a score"),
        (rows((0, 0.5), (1, "good")), "did not answer with an index and a score"),
        (rows((0, 0.5), (1, math.nan)), "gave the score nan"),
    ],
)
def test_a_failure_is_one_line(answer: Callable[[Body], Answer], said: str) -> None:
    with running(answer) as server, pytest.raises(RerankError, match=said) as caught:
        rerank(reranker(server), "question", ["a", "b"])
    assert "\n" not in str(caught.value)


def test_nobody_there() -> None:
    asked = HttpReranker("model@http://127.0.0.1:9/v1", http=client)
    with pytest.raises(RerankError, match="cannot be reached"):
        asked.scores("q", ["a"])


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("model", "write http:MODEL@BASE_URL"),
        ("model@http://name:word@host/v1", "KNOWLEDGE_RERANK_API_KEY"),
        ("model@http://host/v1#api=dify", "allowed: cohere, tei"),
        ("model@http://host/v1#scores=many", "allowed: relevance, logits"),
        ("model@http://host/v1#speed=high", "unknown option 'speed'"),
    ],
)
def test_a_spec_that_cannot_be_read(argument: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        HttpReranker(argument, http=client)
