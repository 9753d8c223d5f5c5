"""Embeddings over HTTP: the request, the order, the limits of servers, and each way in which they fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from email.utils import formatdate
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from embedding_server import EmbeddingServer, client, fails, gives, outcome, rows, running, set_number
from hypothesis import given, settings
from hypothesis import strategies as st

from indexers.embedding_cache import CachedEmbedder, EmbeddingUsage
from indexers.hashing import HashEmbedder
from indexers.openai import KEY_VARIABLE, OpenAIEmbedder
from knowledge import Document, Workspace
from knowledge.errors import (
    EmbeddingBadRequest,
    EmbeddingError,
    EmbeddingRateLimited,
    EmbeddingUnauthorized,
    EmbeddingUnavailable,
    EmbeddingUnreachable,
    InputError,
    TextsNotEmbedded,
)
from knowledge.outgoing import HttpClient
from knowledge.registry import load_embedder
from knowledge.types import Matrix


def assert_unit_rows(vectors: Matrix) -> None:
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def hashed(texts: Sequence[str]) -> Any:
    return pytest.approx(HashEmbedder("16").embed_documents(texts), abs=1e-6)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddingServer]:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    with running() as server:
        yield server


@pytest.fixture
def embedder(server: EmbeddingServer) -> Iterator[OpenAIEmbedder]:
    embedder = OpenAIEmbedder(server.spec(), http=client)
    yield embedder
    embedder.close()


class TestOpenAI:
    @settings(max_examples=15, deadline=None)
    @given(texts=st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=150))
    def test_rows_come_back_in_the_order_of_the_texts(self, texts: list[str]) -> None:
        with running() as server:
            embedder = OpenAIEmbedder(server.spec(), http=client)
            vectors = embedder.embed_documents(texts)
            embedder.close()
        np.testing.assert_allclose(vectors, HashEmbedder("16").embed_documents(texts), atol=1e-6)
        assert max(len(request["input"]) for request in server.requests) <= 64

    def test_the_request_is_the_published_one(
        self, server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(KEY_VARIABLE, "sk-secret")
        embedder = OpenAIEmbedder(server.spec(), http=client)
        embedder.embed_query("年假")
        embedder.close()
        (request,) = server.requests
        assert request["path"] == "/v1/embeddings"
        assert request["headers"]["authorization"] == "Bearer sk-secret"
        assert (request["model"], request["input"]) == ("test@model", ["年假"])

    def test_the_dimension_is_learnt_once(self, server: EmbeddingServer, embedder: OpenAIEmbedder) -> None:
        assert [embedder.dimension, embedder.dimension] == [16, 16]
        assert embedder.embed_documents([]).shape == (0, 16)
        assert len(server.requests) == 1

    def test_the_fingerprint_names_model_and_server(
        self, server: EmbeddingServer, embedder: OpenAIEmbedder
    ) -> None:
        assert embedder.fingerprint == f"openai:test@model@http://127.0.0.1:{server.server_port}/v1"
        assert (embedder.floors, embedder.scripts) == ({}, None)
        assert server.requests == []

    @pytest.mark.parametrize(
        "problems",
        [
            [fails(429, Retry_After="0"), fails(500), fails(503)],
            [lambda texts: (0, {}, b"")],
            [fails(429, Retry_After=formatdate(0, usegmt=True)), fails(502, Retry_After="soon")],
        ],
        ids=["statuses", "connection lost", "odd Retry-After"],
    )
    def test_passing_trouble_is_tried_again(
        self, server: EmbeddingServer, embedder: OpenAIEmbedder, problems: list[Any]
    ) -> None:
        server.answers = list(problems)
        assert_unit_rows(embedder.embed_documents(["a", "b"]))
        assert len(server.requests) == len(problems) + 1

    def test_lasting_trouble_ends_after_four_tries(
        self, server: EmbeddingServer, embedder: OpenAIEmbedder
    ) -> None:
        server.answers = [fails(429) for _ in range(9)]
        with pytest.raises(EmbeddingError, match=r"/v1/embeddings answered 429 .*try again later"):
            embedder.embed_query("a")
        assert len(server.requests) == 4

    def test_a_refusal_is_not_repeated_and_keeps_the_key_to_itself(
        self, server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(KEY_VARIABLE, "sk-secret")
        server.answers = [lambda texts: (401, {}, b"wrong key\nsk-secret")]
        embedder = OpenAIEmbedder(server.spec(), http=client)
        with pytest.raises(EmbeddingError) as caught:
            embedder.embed_documents(["a", "b"])
        embedder.close()
        assert KEY_VARIABLE in str(caught.value)
        assert "sk-secret" not in str(caught.value)
        assert "\n" not in str(caught.value)
        assert len(server.requests) == 1

    def test_nobody_listening_is_said(self) -> None:
        server = EmbeddingServer()
        server.server_close()
        with pytest.raises(
            EmbeddingError, match=r"test@model.* cannot be reached .* check that the server runs"
        ):
            OpenAIEmbedder(server.spec(), http=client).embed_query("a")

    def test_a_server_that_takes_few_texts_gets_few(
        self, server: EmbeddingServer, embedder: OpenAIEmbedder
    ) -> None:
        server.largest_batch = 10
        texts = [f"text {number}" for number in range(100)]
        vectors = embedder.embed_documents(texts)
        np.testing.assert_allclose(vectors, HashEmbedder("16").embed_documents(texts), atol=1e-6)
        accepted = [len(request["input"]) for request in server.requests if len(request["input"]) <= 10]
        assert sum(accepted) == 100
        assert len(server.requests) - len(accepted) <= 5

    def test_of_a_question_that_is_too_long_the_beginning_counts(
        self, server: EmbeddingServer, embedder: OpenAIEmbedder
    ) -> None:
        server.longest_text = 1000
        question = "".join(f"word {number} " for number in range(500))
        vector = embedder.embed_query(question)
        beginning = question[: len(question) // 2 // 2 // 2]
        assert len(beginning) <= 1000 < len(question) // 2 // 2
        np.testing.assert_allclose(vector, HashEmbedder("16").embed_query(beginning), atol=1e-6)
        with pytest.raises(EmbeddingError, match="too long"):
            embedder.embed_documents([question])

    def test_a_text_that_is_refused_alone_is_an_error(
        self, server: EmbeddingServer, embedder: OpenAIEmbedder
    ) -> None:
        server.largest_batch = 0
        with pytest.raises(EmbeddingError, match=r"answered 400 .*batch size is invalid"):
            embedder.embed_documents(["a", "b", "c"])

    @pytest.mark.parametrize(
        "change",
        [
            lambda body: {"data": body["data"][:-1]},
            lambda body: {"data": body["data"] + body["data"][:1]},
            lambda body: {"data": [{**row, "index": 0} for row in body["data"]]},
            lambda body: {"data": [{"embedding": row["embedding"]} for row in body["data"]]},
            lambda body: {"data": [{**row, "embedding": [1.0] * (2 + row["index"])} for row in body["data"]]},
            lambda body: {"data": [{**row, "embedding": [0.0] * 16} for row in body["data"]]},
            lambda body: {"data": [{**row, "embedding": []} for row in body["data"]]},
            lambda body: {"data": [{**row, "embedding": "AAAA"} for row in body["data"]]},
            set_number(float("nan")),
            set_number(float("inf")),
            set_number(None),
            set_number(1e300),
            lambda body: {"data": None},
            lambda body: [],
            lambda body: b"<html>login</html>",
        ],
    )
    def test_unusable_vectors_are_an_error(
        self, server: EmbeddingServer, embedder: OpenAIEmbedder, change: Callable[[dict[str, Any]], Any]
    ) -> None:
        server.answers = [gives(change)]
        with pytest.raises(EmbeddingError, match=r"/v1/embeddings answered|did not answer with"):
            embedder.embed_documents(["a", "b", "c"])

    def test_another_dimension_than_before_is_an_error(
        self, server: EmbeddingServer, embedder: OpenAIEmbedder
    ) -> None:
        embedder.embed_query("a")
        server.answers = [gives(lambda body: {"data": [{"index": 0, "embedding": [1.0] * 8}]})]
        with pytest.raises(EmbeddingError, match="8 numbers after 16"):
            embedder.embed_query("b")

    @pytest.mark.parametrize(
        "argument", ["", "model", "@http://x/v1", "model@ftp://x", "model@http://", "m@https:///v1"]
    )
    def test_a_malformed_spec_is_refused(self, argument: str) -> None:
        with pytest.raises(InputError, match="openai:MODEL@BASE_URL"):
            OpenAIEmbedder(argument, http=client)

    def test_a_password_in_the_url_is_refused_and_not_repeated(self) -> None:
        with pytest.raises(InputError, match=KEY_VARIABLE) as caught:
            OpenAIEmbedder("model@https://user:hunter2@example.org/v1", http=client)
        assert "hunter2" not in str(caught.value)

    def test_it_is_loaded_with_what_makes_its_client(self, server: EmbeddingServer) -> None:
        spec = f"openai:{server.spec()}"
        embedder = load_embedder(spec, http=client)
        assert embedder.dimension == 16
        embedder.close()
        with pytest.raises(InputError, match="asks a server"):
            load_embedder(spec)

    def test_a_knowledge_base_asks_the_server_of_its_spec(
        self, server: EmbeddingServer, tmp_path: Path
    ) -> None:
        with Workspace(tmp_path) as workspace:
            base = workspace.create("far", embedding=f"openai:{server.spec()}")
            base.ingest(Document(name="a.txt", text="The cat sleeps."))
            assert [hit.document.name for hit in base.search("The cat sleeps.", mode="vector")] == ["a.txt"]
        assert {request["path"] for request in server.requests} == {"/v1/embeddings"}

    def test_a_closed_embedder_asks_with_a_new_client(
        self, server: EmbeddingServer, embedder: OpenAIEmbedder
    ) -> None:
        embedder.embed_query("a")
        embedder.close()
        np.testing.assert_allclose(embedder.embed_query("b"), HashEmbedder("16").embed_query("b"), atol=1e-6)

    def test_a_key_that_no_header_can_carry_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(KEY_VARIABLE, "密钥")
        with pytest.raises(InputError, match=KEY_VARIABLE):
            OpenAIEmbedder("model@http://localhost/v1", http=client)


TEXTS = [f"text {number}" for number in range(1000)]


@pytest.fixture
def busy(server: EmbeddingServer) -> Iterator[OpenAIEmbedder]:
    """Asks for four batches at once."""
    embedder = OpenAIEmbedder(server.spec(), http=client, concurrency=4)
    yield embedder
    embedder.close()


class TestFailures:
    def test_a_server_that_fails_every_third_time_costs_only_time(
        self, server: EmbeddingServer, busy: OpenAIEmbedder
    ) -> None:
        server.fails_first = 0.5
        assert busy.embed_documents(TEXTS) == hashed(TEXTS)
        assert 0.25 <= server.failed / len(server.requests) <= 0.4

    def test_it_waits_as_long_as_the_server_asks(self, server: EmbeddingServer) -> None:
        waits: list[float] = []
        server.answers = [fails(429, Retry_After="7"), fails(429, Retry_After="11")]
        http = HttpClient(public_only=False, backoff_s=0, wait=waits.append)
        embedder = OpenAIEmbedder(server.spec(), http=lambda: http)
        assert_unit_rows(embedder.embed_documents(["a"]))
        embedder.close()
        assert waits == [7, 11]

    @pytest.mark.parametrize(
        ("status", "kind", "advice"),
        [
            (401, EmbeddingUnauthorized, f"check {KEY_VARIABLE}"),
            (403, EmbeddingUnauthorized, "may use this model"),
            (429, EmbeddingRateLimited, "try again later"),
            (500, EmbeddingUnavailable, "look into its log"),
            (503, EmbeddingUnavailable, "look into its log"),
            (400, EmbeddingBadRequest, "check the server"),
            (404, EmbeddingBadRequest, "check the base URL"),
        ],
    )
    def test_each_kind_of_refusal_has_its_error_with_one_line_and_a_next_step(
        self, server: EmbeddingServer, busy: OpenAIEmbedder, status: int, kind: type[Exception], advice: str
    ) -> None:
        server.answers = [fails(status) for _ in range(100)]
        with pytest.raises(kind, match=advice) as caught:
            busy.embed_documents(TEXTS)
        assert type(caught.value) is kind
        assert "\n" not in str(caught.value)

    def test_no_connection_is_an_error_of_its_own(self) -> None:
        with running() as server:
            embedder = OpenAIEmbedder(server.spec(), http=client)
        with pytest.raises(EmbeddingUnreachable, match="cannot be reached"):
            embedder.embed_documents(["a"])

    def test_a_wrong_key_is_refused_once_whatever_there_is_to_do(
        self, server: EmbeddingServer, busy: OpenAIEmbedder
    ) -> None:
        server.answers = [fails(401) for _ in range(100)]
        with pytest.raises(EmbeddingUnauthorized):
            busy.embed_documents(TEXTS)
        assert len(server.requests) == 1

    @settings(max_examples=15)
    @given(
        bad=st.sets(st.integers(0, 199), max_size=4), largest_batch=st.integers(1, 100), refuses=st.booleans()
    )
    def test_a_text_that_is_refused_or_not_a_number_costs_no_other(
        self, bad: set[int], largest_batch: int, refuses: bool
    ) -> None:
        texts = [f"text {number}{' bad' * (number in bad)}" for number in range(200)]
        with running() as server:
            server.largest_batch = largest_batch
            server.refused, server.numberless = ("bad", "") if refuses else ("", "bad")
            embedder = OpenAIEmbedder(server.spec(), http=client, concurrency=3)
            found, reasons = outcome(lambda: embedder.embed_documents(texts))
            embedder.close()
        assert reasons.keys() == bad
        assert all(("cut shorter" if refuses else "not a number") in said for said in reasons.values())
        assert found.keys() == set(range(200)) - bad
        for at, vector in found.items():
            assert vector == pytest.approx(HashEmbedder("16").embed_query(texts[at]), abs=1e-6)

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (lambda body: {"data": body["data"][:-1]}, "63 embeddings"),
            (
                lambda body: {"data": [{"embedding": row["embedding"]} for row in body["data"]]},
                "did not answer",
            ),
            (
                lambda body: {"data": [{**row, "embedding": [1.0] * 8} for row in body["data"]]},
                "8 numbers after 16",
            ),
        ],
        ids=["too few", "no index", "another dimension"],
    )
    def test_a_broken_answer_ends_it_and_the_good_batches_are_kept(
        self, server: EmbeddingServer, change: Callable[[dict[str, Any]], Any], said: str
    ) -> None:
        server.answers = [lambda texts: (200, {}, rows(texts)), gives(change)]
        embedder = OpenAIEmbedder(server.spec(), http=client)
        with pytest.raises(EmbeddingError, match=said) as caught:
            embedder.embed_documents(TEXTS)
        embedder.close()
        assert type(caught.value) is EmbeddingError
        assert sorted(caught.value.vectors) == list(range(64))
        assert len(server.requests) == 2

    def test_what_came_before_the_failure_is_not_asked_for_again(
        self, server: EmbeddingServer, busy: OpenAIEmbedder, tmp_path: Path
    ) -> None:
        cached = CachedEmbedder(busy, tmp_path / "v.db")
        server.refused = "text 900"
        with pytest.raises(TextsNotEmbedded) as caught:
            cached.embed_documents(TEXTS)
        assert list(caught.value.reasons) == [900]
        assert len(caught.value.vectors) == 999
        server.refused = ""
        server.requests.clear()
        assert cached.embed_documents(TEXTS) == hashed(TEXTS)
        assert server.texts == ["text 900"]

    def test_a_server_that_goes_down_leaves_what_it_had_given(
        self, server: EmbeddingServer, busy: OpenAIEmbedder, tmp_path: Path
    ) -> None:
        cached = CachedEmbedder(busy, tmp_path / "v.db")
        good = [lambda texts: (200, {}, rows(texts))] * 6
        server.answers = [*good, *(fails(500) for _ in range(100))]
        with pytest.raises(EmbeddingUnavailable) as caught:
            cached.embed_documents(TEXTS)
        kept = len(caught.value.vectors)
        assert 64 <= kept <= 5 * 64
        server.answers.clear()
        server.requests.clear()
        assert cached.embed_documents(TEXTS) == hashed(TEXTS)
        assert len(server.texts) == len(TEXTS) - kept


class TestUsage:
    def test_texts_calls_and_tokens_are_counted(
        self, server: EmbeddingServer, embedder: OpenAIEmbedder, tmp_path: Path
    ) -> None:
        server.tokens_a_text = 3
        cached = CachedEmbedder(embedder, tmp_path / "v.db")
        cached.embed_documents(["a", "b", "a"])
        before = cached.usage
        cached.embed_documents(["a", "b", "c", "d"])
        assert (before.texts, before.cached, before.calls, before.tokens) == (3, 1, 1 + 1, 3 * (1 + 2))
        used = cached.usage.since(before)
        assert (used.texts, used.cached, used.calls, used.tokens, used.cached_share) == (4, 2, 1, 6, 0.5)
        assert 0 < used.seconds < cached.usage.seconds

    def test_a_server_that_does_not_count_tokens_leaves_them_open(
        self, server: EmbeddingServer, embedder: OpenAIEmbedder, tmp_path: Path
    ) -> None:
        cached = CachedEmbedder(embedder, tmp_path / "v.db")
        cached.embed_documents(["a"])
        assert cached.usage.tokens is None
        assert EmbeddingUsage().cached_share == 0


class TestRequests:
    def ask(
        self, server: EmbeddingServer, model: str, options: str = ""
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """What is sent for a passage and for a question."""
        embedder = OpenAIEmbedder(server.spec(model, options), http=client)
        embedder.embed_documents(["text"])
        embedder.embed_query("text")
        embedder.close()
        passage, query = server.requests
        return passage, query

    def test_azure_wants_its_version_in_the_query_and_its_key_in_a_header(
        self, server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(KEY_VARIABLE, "secret")
        options = "?api-version=2024-10-21#key_header=api-key&header=X-Team:search"
        passage, _ = self.ask(server, "text-embedding-3-small", options)
        sent = {name.lower(): value for name, value in passage["headers"].items()}
        assert passage["path"] == "/v1/embeddings?api-version=2024-10-21"
        assert (sent["api-key"], sent["x-team"]) == ("secret", "search")
        assert "authorization" not in sent

    @pytest.mark.parametrize(
        ("model", "options", "passage", "query"),
        [
            ("multilingual-e5-large", "", "passage: text", "query: text"),
            ("bge-large-zh-v1.5", "", "text", "为这个句子生成表示以用于检索相关文章：text"),
            ("bge-m3", "", "text", "text"),
            ("nomic-embed-text", "", "search_document: text", "search_query: text"),
            ("nomic-embed-text", "#prefixes=off", "text", "text"),
            ("own", "#query_prefix=Q:%20&passage_prefix=P:%20", "P: text", "Q: text"),
        ],
    )
    def test_the_words_that_a_model_was_trained_with_stand_before_the_text(
        self, server: EmbeddingServer, model: str, options: str, passage: str, query: str
    ) -> None:
        sent = self.ask(server, model, options)
        assert [request["input"] for request in sent] == [[passage], [query]]

    @pytest.mark.parametrize(
        ("model", "options", "name", "passage", "query"),
        [
            ("voyage-3.5", "", "input_type", "document", "query"),
            ("embed-multilingual-v3.0", "", "input_type", "search_document", "search_query"),
            ("jina-embeddings-v3", "", "task", "retrieval.passage", "retrieval.query"),
            ("own", "#query_parameter=kind:q&passage_parameter=kind:p", "kind", "p", "q"),
        ],
    )
    def test_servers_that_take_it_are_told_what_a_text_is(
        self, server: EmbeddingServer, model: str, options: str, name: str, passage: str, query: str
    ) -> None:
        sent = self.ask(server, model, options)
        assert [request[name] for request in sent] == [passage, query]

    def test_shorter_vectors_are_asked_for(self, server: EmbeddingServer) -> None:
        passage, query = self.ask(server, "text-embedding-3-small", "#dimensions=16")
        assert passage["dimensions"] == query["dimensions"] == 16

    def test_the_fingerprint_changes_with_all_that_changes_vectors(self, server: EmbeddingServer) -> None:
        specs = [
            server.spec("nomic-embed-text", options)
            for options in ("", "#prefixes=off", "#query_prefix=q", "#passage_prefix=q", "#dimensions=64")
        ]
        assert len({OpenAIEmbedder(spec, http=client).fingerprint for spec in specs}) == len(specs)
        with_key = server.spec("nomic-embed-text", "?api-version=1#key_header=api-key")
        assert (
            OpenAIEmbedder(with_key, http=client).fingerprint
            == OpenAIEmbedder(specs[0], http=client).fingerprint
        )

    @pytest.mark.parametrize(
        "options",
        ["#speed=high", "#prefixes=maybe", "#header=nothing", "#dimensions=many", "#query_parameter=x", "#x"],
    )
    def test_options_that_there_are_not_are_refused(self, options: str) -> None:
        with pytest.raises(InputError):
            OpenAIEmbedder(f"model@http://localhost/v1{options}", http=client)
