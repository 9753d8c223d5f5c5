"""Vectors of any model that sentence-transformers loads: from the Hugging Face hub, or from a folder."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from indexers.prompts import PREFIX_OPTIONS, Prompts, chosen_prompts, prompts_for
from indexers.unit_vectors import unit_rows
from knowledge.errors import EmbeddingError, InputError
from knowledge.model_servers import model_options
from knowledge.registry import is_installed, missing

if TYPE_CHECKING:
    from knowledge.types import Matrix, Vector

_EXTRA: Final = "sentence-transformers"
_WHAT: Final = "an embedding model of sentence-transformers"


class SentenceTransformersEmbedder:
    """`sentence-transformers:MODEL_OR_PATH[#OPTIONS]`, loaded on first use; threads may share it.

    What stands before the texts is what the model's own configuration says, else what its name does, or the options
    `prefixes=off`, `query_prefix=…`, `passage_prefix=…`. Texts longer than the model's window are cut by it. Code
    that comes with a model is not run.
    """

    def __init__(self, argument: str) -> None:
        self._name, _, options = argument.partition("#")
        self._options = dict(model_options(options, PREFIX_OPTIONS))
        if not self._name:
            raise InputError(
                f"unknown embedding '{_EXTRA}:{argument}'; write {_EXTRA}:MODEL_OR_PATH, "
                f"as in {_EXTRA}:BAAI/bge-small-zh-v1.5"
            )
        chosen_prompts(self._options, Prompts())
        if not is_installed(_EXTRA):
            raise missing(_EXTRA, _WHAT)
        self._lock = threading.RLock()

    @cached_property
    def fingerprint(self) -> str:
        """Of a model in a folder as of the same one from the hub: its weights count, not where they lie."""
        window = f"w{self._model.max_seq_length}"
        parts = (
            f"{_EXTRA}:{PurePath(self._name).name}:{_weights_hash(self._model)}:{window}",
            self.prompts.signature,
        )
        return ", ".join(filter(None, parts))

    @cached_property
    def prompts(self) -> Prompts:
        own = self._model.prompts
        query, passage = own.get("query") or "", own.get("document") or own.get("passage") or ""
        configured = Prompts(query=query, passage=passage, source="the model's configuration")
        return chosen_prompts(self._options, configured if query or passage else prompts_for(self._name))

    @cached_property
    def dimension(self) -> int:
        return len(self.embed_query("dimension"))

    @property
    def floors(self) -> Mapping[str, float]:
        return {}

    @property
    def scripts(self) -> frozenset[str] | None:
        return None

    def embed_documents(self, texts: Sequence[str]) -> Matrix:
        """Shape (len(texts), dimension)."""
        import numpy as np

        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        return self._encoded(self._model.encode_document, texts, self.prompts.passage)

    def embed_query(self, text: str) -> Vector:
        vector: Vector = self.embed_queries([text])[0]
        return vector

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        return self._encoded(self._model.encode_query, texts, self.prompts.query)

    def _encoded(self, encode: Any, texts: Sequence[str], prefix: str) -> Matrix:
        readable = [text.encode("utf-8", "replace").decode() for text in texts]
        with self._lock:
            matrix = encode(readable, prompt=prefix, show_progress_bar=False, convert_to_numpy=True)
        return unit_rows(matrix, f"the model {self._name!r} gave a vector that is zero or not a number")

    @property
    def _model(self) -> Any:
        with self._lock:
            return self._loaded

    @cached_property
    def _loaded(self) -> Any:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise missing(_EXTRA, _WHAT) from error
        try:
            return SentenceTransformer(self._name)
        except (OSError, ValueError, RuntimeError) as error:
            said = " ".join(str(error).split())[:200]
            raise EmbeddingError(
                f"the model {self._name!r} cannot be loaded ({said}); give a name on the Hugging Face hub, or the "
                "folder of a saved model"
            ) from error


def _weights_hash(model: Any) -> str:
    """The beginning of the SHA-256 of all tensors with their names."""
    import torch

    digest = sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        # Seen as bytes: numpy knows no bfloat16.
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()[:16]
