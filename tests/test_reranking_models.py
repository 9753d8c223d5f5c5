"""The rerankers of optional packages, with small models made here: nothing is downloaded."""

from __future__ import annotations

import json
import math
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from test_embedders_optional import (
    WINDOW,
    WORDS,
    needs_fastembed,
    needs_sentence_transformers,
    save_tokenizer,
)

from indexers.rerank_fastembed import FastEmbedReranker
from indexers.rerank_sentence_transformers import SentenceTransformersReranker
from knowledge import Document, Workspace
from knowledge.errors import InputError, MissingDependency, RerankError
from knowledge.protocols import Reranker
from knowledge.registry import load_reranker

SCHEMES = ("sentence-transformers", "fastembed")
QUERY = "the cat sleeps"
TEXTS = ["the dog barks", "猫", "", "broken \ud800 text", "the cat sleeps " * 20]


def contract(reranker: Reranker) -> None:
    """What every reranker promises, and a cross-encoder besides: a score does not depend on the other texts."""
    scores = reranker.scores(QUERY, TEXTS)
    assert len(scores) == len(TEXTS)
    assert all(score is not None and 0 < score < 1 for score in scores)
    alone = [reranker.scores(QUERY, [text])[0] for text in TEXTS]
    np.testing.assert_allclose(np.array(scores, float), np.array(alone, float), atol=1e-5)
    assert len(set(scores)) > 1


def in_order_of_its_scores(reranker: Reranker, spec: str, folder: Path) -> None:
    with Workspace(folder) as workspace:
        kb = workspace.create("here")
        texts = ["the cat sleeps", "the cat barks", "cat : dog", "question : cat"]
        kb.ingest([Document(name=text, text=text) for text in texts])
        found = kb.search(QUERY, rerank=spec)
        assert found.score_kind == "rerank"
        scores = dict(zip(texts, reranker.scores(QUERY, texts), strict=True))
        expected = sorted(scores, key=lambda text: -(scores[text] or 0))
        assert [hit.content for hit in found] == expected


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_package_that_is_not_there_is_said_with_the_command_that_brings_it(scheme: str) -> None:
    if find_spec(scheme.replace("-", "_")):
        pytest.skip(f"{scheme} is installed")
    with pytest.raises(MissingDependency, match=rf"pip install 'knowledge-pipeline\[{scheme}\]'"):
        load_reranker(f"{scheme}:BAAI/bge-reranker-base", http=pytest.fail)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_spec_that_names_no_model_is_refused(scheme: str) -> None:
    with pytest.raises(InputError, match=f"as in {scheme}:BAAI/"):
        load_reranker(f"{scheme}:", http=pytest.fail)


@pytest.fixture(scope="module")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a BERT with random weights and one number for an answer."""
    return _saved(tmp_path_factory.mktemp("one"), labels=1)


def _saved(folder: Path, labels: int) -> Path:
    import torch
    from sentence_transformers import CrossEncoder
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=WINDOW, num_labels=labels, initializer_range=0.5,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder / "plain")
    save_tokenizer(folder / "plain")
    CrossEncoder(str(folder / "plain")).save_pretrained(str(folder / "saved"))
    return folder / "saved"


@needs_sentence_transformers
class TestSentenceTransformers:
    def test_it_fulfils_the_contract(self, cross_encoder: Path) -> None:
        reranker = SentenceTransformersReranker(str(cross_encoder))
        contract(reranker)
        assert reranker.fingerprint == f"sentence-transformers:saved, window {WINDOW}"

    def test_its_logits_become_scores(self, cross_encoder: Path) -> None:
        import torch
        from sentence_transformers import CrossEncoder

        pairs = [(QUERY, text) for text in TEXTS if "\ud800" not in text]
        logits = CrossEncoder(str(cross_encoder)).predict(pairs, activation_fn=torch.nn.Identity())
        scores = SentenceTransformersReranker(str(cross_encoder)).scores(QUERY, [text for _, text in pairs])
        assert scores == pytest.approx([1 / (1 + math.exp(-float(logit))) for logit in logits], abs=1e-6)

    def test_a_search_uses_it(self, cross_encoder: Path, tmp_path: Path) -> None:
        reranker = SentenceTransformersReranker(str(cross_encoder))
        in_order_of_its_scores(reranker, f"sentence-transformers:{cross_encoder}", tmp_path)

    def test_a_folder_without_a_model_leaves_the_ranking_as_it_was(self, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        with Workspace(tmp_path / "workspace") as workspace:
            kb = workspace.create("here")
            kb.ingest(Document(name="a", text="the cat sleeps"))
            found = kb.search(QUERY, rerank=f"sentence-transformers:{tmp_path / 'empty'}")
        assert (len(found), found.score_kind) == (1, "absolute")
        assert "cannot be loaded" in found.warnings[0]

    def test_a_model_of_several_classes_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(RerankError, match="gives 3 numbers for a text"):
            _ = SentenceTransformersReranker(str(_saved(tmp_path, labels=3))).fingerprint


@pytest.fixture(scope="module")
def onnx_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The spec of a model whose logit is the sum of a random number for each token."""
    import onnx
    from fastembed.common.model_description import ModelSource
    from fastembed.rerank.cross_encoder import TextCrossEncoder
    from onnx import TensorProto, helper, numpy_helper

    folder = tmp_path_factory.mktemp("onnx")
    save_tokenizer(folder)
    (folder / "config.json").write_text(json.dumps({"pad_token_id": 0}))
    table = np.random.default_rng(0).normal(size=(len(WORDS), 1)).astype(np.float32)
    table[0] = 0
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["table", "input_ids"], ["numbers"]),
            helper.make_node("ReduceSum", ["numbers", "axes"], ["logits"], keepdims=0),
        ],
        "tiny",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"])
            for name in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 1])],
        [numpy_helper.from_array(table, "table"), numpy_helper.from_array(np.array([1]), "axes")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save_model(model, folder / "model.onnx")
    TextCrossEncoder.add_custom_model(
        model="test/tiny-reranker", sources=ModelSource(hf="test/tiny-reranker"), model_file="model.onnx"
    )
    return f"test/tiny-reranker@{folder}"


@needs_fastembed
class TestFastEmbed:
    def test_it_fulfils_the_contract(self, onnx_model: str) -> None:
        reranker = FastEmbedReranker(onnx_model)
        contract(reranker)
        assert reranker.fingerprint == "fastembed:test/tiny-reranker"

    def test_a_search_uses_it(self, onnx_model: str, tmp_path: Path) -> None:
        in_order_of_its_scores(FastEmbedReranker(onnx_model), f"fastembed:{onnx_model}", tmp_path)

    def test_a_model_that_it_does_not_know_is_said(self) -> None:
        with pytest.raises(RerankError, match="cannot be loaded"):
            _ = FastEmbedReranker("nobody/nothing").fingerprint
