"""The embedders of optional packages, with small models made here: nothing is downloaded."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from indexers.fastembed_embedder import FastEmbedEmbedder
from indexers.sentence_transformers_embedder import SentenceTransformersEmbedder
from knowledge import Document, Workspace
from knowledge.errors import EmbeddingError, InputError, MissingDependency
from knowledge.protocols import Embedder
from knowledge.registry import load_embedder

SCHEMES = ("sentence-transformers", "fastembed")
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = [*SPECIAL, *"the cat dog sleeps barks query passage question : 猫 狗".split()]
TEXTS = ["the cat sleeps", "the dog barks", "猫", "", "broken \ud800 text"]
WINDOW = 16

needs_sentence_transformers = pytest.mark.skipif(
    not find_spec("sentence_transformers"), reason="the extra sentence-transformers is not installed"
)
needs_fastembed = pytest.mark.skipif(
    not (find_spec("fastembed") and find_spec("onnx")), reason="the extra fastembed is not installed"
)


def save_tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordPiece({word: at for at, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.save(str(folder / "tokenizer.json"))
    special = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
    settings = {**special, "model_max_length": WINDOW, "tokenizer_class": "BertTokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    (folder / "special_tokens_map.json").write_text(json.dumps(special))


def contract(embedder: Embedder) -> None:
    """What every embedder promises."""
    vectors = embedder.embed_documents(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(vectors[1], embedder.embed_documents(TEXTS[1:2])[0], atol=1e-5)
    assert embedder.embed_documents([]).shape == (0, embedder.dimension)
    questions = [embedder.embed_query(text) for text in TEXTS]
    np.testing.assert_allclose(embedder.embed_queries(TEXTS), questions, atol=1e-5)
    assert (embedder.floors, embedder.scripts) == ({}, None)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_package_that_is_not_there_is_said_with_the_command_that_brings_it(scheme: str) -> None:
    if find_spec(scheme.replace("-", "_")):
        pytest.skip(f"{scheme} is installed")
    with pytest.raises(MissingDependency, match=rf"pip install 'knowledge-pipeline\[{scheme}\]'"):
        load_embedder(f"{scheme}:BAAI/bge-small-zh-v1.5")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("argument", ["", "#prefixes=off", "model#speed=high", "model#prefixes=maybe"])
def test_a_spec_that_names_no_model_or_an_unknown_option_is_refused(scheme: str, argument: str) -> None:
    with pytest.raises(InputError):
        load_embedder(f"{scheme}:{argument}")


# sentence-transformers


Build = Callable[..., Path]


@pytest.fixture(scope="module")
def transformer(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Makes the folder of a BERT with random weights, and with these prompts in its configuration."""

    def build(name: str = "tiny", seed: int = 0, prompts: dict[str, str] | None = None) -> Path:
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers import BertConfig, BertModel

        plain = tmp_path_factory.mktemp("bert") / name
        torch.manual_seed(seed)
        config = BertConfig(
            vocab_size=len(WORDS), hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
            intermediate_size=32, max_position_embeddings=WINDOW,
        )  # fmt: skip
        BertModel(config).save_pretrained(plain)
        save_tokenizer(plain)
        folder = tmp_path_factory.mktemp("model") / name
        SentenceTransformer(str(plain), prompts=prompts).save(str(folder))
        return folder

    return build


@needs_sentence_transformers
class TestSentenceTransformers:
    def test_it_fulfils_the_contract(self, transformer: Build) -> None:
        embedder = SentenceTransformersEmbedder(str(transformer()))
        contract(embedder)
        assert embedder.dimension == 32
        assert embedder.prompts.signature == ""

    def test_the_fingerprint_is_of_the_weights_not_of_the_place(
        self, transformer: Build, tmp_path: Path
    ) -> None:
        first, second = transformer(), transformer(seed=1)
        shutil.copytree(first, tmp_path / "tiny")
        fingerprints = [
            SentenceTransformersEmbedder(str(path)).fingerprint for path in (first, tmp_path / "tiny", second)
        ]
        assert fingerprints[0] == fingerprints[1] != fingerprints[2]
        assert fingerprints[0].startswith("sentence-transformers:tiny:")

    def test_prompts_come_from_the_model_then_from_its_name_and_the_spec_decides(
        self, transformer: Build
    ) -> None:
        configured = str(transformer("e5-tiny", prompts={"query": "question : ", "document": ""}))
        by_name = str(transformer("e5-tiny"))
        assert SentenceTransformersEmbedder(configured).prompts.query == "question : "
        assert SentenceTransformersEmbedder(by_name).prompts.query == "query: "
        own, off = (
            SentenceTransformersEmbedder(f"{by_name}#{options}")
            for options in ("query_prefix=the%20", "prefixes=off")
        )
        np.testing.assert_allclose(own.embed_query("cat"), off.embed_query("the cat"), atol=1e-5)
        assert own.fingerprint != off.fingerprint

    def test_a_folder_without_a_model_is_said(self, tmp_path: Path) -> None:
        embedder = SentenceTransformersEmbedder(str(tmp_path))
        with pytest.raises(EmbeddingError, match="cannot be loaded") as caught:
            embedder.embed_query("a")
        assert "\n" not in str(caught.value)

    def test_a_knowledge_base_uses_it(self, transformer: Build, tmp_path: Path) -> None:
        with Workspace(tmp_path) as workspace:
            kb = workspace.create("here", embedding=f"sentence-transformers:{transformer()}")
            kb.ingest(
                [Document(name="a.txt", text="the cat sleeps"), Document(name="b.txt", text="the dog barks")]
            )
            assert kb.search("the cat sleeps", mode="vector")[0].document.name == "a.txt"


# fastembed


@pytest.fixture(scope="module")
def onnx_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The spec of a model whose hidden states are rows of a random table."""
    import onnx
    from fastembed import TextEmbedding
    from fastembed.common.model_description import ModelSource, PoolingType
    from onnx import TensorProto, helper, numpy_helper

    folder = tmp_path_factory.mktemp("onnx")
    save_tokenizer(folder)
    (folder / "config.json").write_text(json.dumps({"pad_token_id": 0}))
    table = np.random.default_rng(0).normal(size=(len(WORDS), 24)).astype(np.float32)
    shape = ["batch", "length"]
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])],
        "tiny",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, shape)
            for name in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*shape, 24])],
        [numpy_helper.from_array(table, "table")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save_model(model, folder / "model.onnx")
    TextEmbedding.add_custom_model(
        model="test/tiny", pooling=PoolingType.MEAN, normalization=True,
        sources=ModelSource(hf="test/tiny"), dim=24, model_file="model.onnx",
    )  # fmt: skip
    return f"test/tiny@{folder}"


@needs_fastembed
class TestFastEmbed:
    def test_it_fulfils_the_contract(self, onnx_model: str) -> None:
        embedder = FastEmbedEmbedder(onnx_model)
        contract(embedder)
        assert embedder.dimension == 24

    def test_the_files_and_prefixes_are_in_the_fingerprint(self, onnx_model: str, tmp_path: Path) -> None:
        name, _, folder = onnx_model.partition("@")
        shutil.copytree(folder, tmp_path / "copy")
        shutil.copytree(folder, tmp_path / "changed")
        (tmp_path / "changed" / "config.json").write_text("{}")
        places = [folder, tmp_path / "copy", tmp_path / "changed", f"{folder}#query_prefix=q"]
        fingerprints = [FastEmbedEmbedder(f"{name}@{place}").fingerprint for place in places]
        assert fingerprints[0] == fingerprints[1]
        assert len(set(fingerprints)) == 3

    def test_prefixes_stand_before_the_text(self, onnx_model: str) -> None:
        own = FastEmbedEmbedder(f"{onnx_model}#query_prefix=the%20&passage_prefix=the%20")
        plain = FastEmbedEmbedder(onnx_model)
        np.testing.assert_allclose(own.embed_query("cat"), plain.embed_query("the cat"), atol=1e-6)
        np.testing.assert_allclose(
            own.embed_documents(["cat"]), plain.embed_documents(["the cat"]), atol=1e-6
        )

    def test_a_model_that_it_does_not_know_is_said(self) -> None:
        embedder = FastEmbedEmbedder("nobody/nothing")
        with pytest.raises(EmbeddingError, match="cannot be loaded"):
            embedder.embed_query("a")

    def test_a_folder_without_files_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(EmbeddingError, match="no files of a model"):
            _ = FastEmbedEmbedder(f"test/tiny@{tmp_path}").fingerprint

    def test_a_knowledge_base_uses_it(self, onnx_model: str, tmp_path: Path) -> None:
        with Workspace(tmp_path) as workspace:
            kb = workspace.create("here", embedding=f"fastembed:{onnx_model}")
            kb.ingest(
                [Document(name="a.txt", text="the cat sleeps"), Document(name="b.txt", text="the dog barks")]
            )
            assert kb.search("the cat sleeps", mode="vector")[0].document.name == "a.txt"
