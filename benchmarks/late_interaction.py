"""A reranker out of the bundled embedding model: late interaction of its token vectors.

The score is the mean over the question's tokens of the best cosine among the passage's (Khattab & Zaharia, ColBERT,
SIGIR 2020). The model was not trained for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from indexers import minilm
from indexers.local import WINDOW_TOKENS

if TYPE_CHECKING:
    from knowledge.types import Matrix

REMEMBERED: Final = 5_000
"""Passages, of at most 0.2 MB each: many are in the pools of several questions."""


class LateInteraction:
    """Scores in [0, 1], as a search's `rerank` wants them. Of a longer text only the first window is read."""

    def __init__(self) -> None:
        self._session = _session()
        self._tokenizer = _tokenizer()
        self._vectors = lru_cache(maxsize=REMEMBERED)(self._token_vectors)

    def __call__(self, query: str, texts: Sequence[str]) -> list[float]:
        asked = self._token_vectors(query).astype(np.float32)
        return [_score(asked, self._vectors(text).astype(np.float32)) for text in texts]

    def _token_vectors(self, text: str) -> Matrix:
        """Of unit length, shape (tokens, 384)."""
        ids = np.array([self._tokenizer.encode(text).ids], np.int32)
        hidden = self._session.run(["tokens"], {"ids": ids, "mask": np.ones_like(ids)})[0][0]
        vectors: Matrix = (hidden / np.linalg.norm(hidden, axis=1, keepdims=True)).astype(np.float16)
        return vectors


def _score(asked: Matrix, passage: Matrix) -> float:
    return float(np.clip((asked @ passage.T).max(axis=1).mean(), 0, 1))


def _tokenizer() -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(minilm.tokenizer_path()))
    tokenizer.enable_truncation(WINDOW_TOKENS)
    tokenizer.no_padding()
    return tokenizer


def _session() -> Any:
    """The model's graph, with what it pools as its output."""
    import onnx
    import onnxruntime

    model = onnx.load(minilm.graph_path())
    (pooled,) = (node for node in model.graph.node if node.op_type == "Squeeze")
    (product,) = (node for node in model.graph.node if pooled.input[0] in node.output)
    model.graph.node.append(onnx.helper.make_node("Identity", [product.input[1]], ["tokens"]))
    shape = ["batch", "length", minilm.DIMENSION]
    model.graph.output.append(onnx.helper.make_tensor_value_info("tokens", onnx.TensorProto.FLOAT, shape))
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
