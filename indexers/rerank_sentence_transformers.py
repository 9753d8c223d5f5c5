"""Scores of any cross-encoder that sentence-transformers loads: from the Hugging Face hub, or from a folder."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import PurePath
from typing import Any, Final

from indexers.cross_encoding import readable, score_of
from knowledge.errors import InputError, RerankError
from knowledge.registry import is_installed, missing

_EXTRA: Final = "sentence-transformers"
_WHAT: Final = "a reranker of sentence-transformers"


class SentenceTransformersReranker:
    """`sentence-transformers:MODEL_OR_PATH`; threads may share it. `fingerprint` loads the model, if need be.

    A text longer than the model's window is cut by it. Code that comes with a model is not run.
    """

    def __init__(self, argument: str) -> None:
        if not argument:
            raise InputError(
                f"unknown reranker '{_EXTRA}:'; write {_EXTRA}:MODEL_OR_PATH, as in "
                f"{_EXTRA}:BAAI/bge-reranker-v2-m3"
            )
        if not is_installed(_EXTRA):
            raise missing(_EXTRA, _WHAT)
        self._name = argument
        self._lock = threading.RLock()

    @property
    def fingerprint(self) -> str:
        return f"{_EXTRA}:{PurePath(self._name).name}, window {self._model.tokenizer.model_max_length}"

    def scores(self, query: str, texts: Sequence[str]) -> list[float | None]:
        from torch.nn import Identity

        pairs = [(readable(query), readable(text)) for text in texts]
        with self._lock:
            logits = self._model.predict(pairs, activation_fn=Identity(), show_progress_bar=False)
        return [score_of(float(logit)) for logit in logits]

    @property
    def _model(self) -> Any:
        with self._lock:
            return self._loaded

    @cached_property
    def _loaded(self) -> Any:
        try:
            from sentence_transformers import CrossEncoder
        except ImportError as error:
            raise missing(_EXTRA, _WHAT) from error
        try:
            model = CrossEncoder(self._name)
        except (OSError, ValueError, RuntimeError) as error:
            said = " ".join(str(error).split())[:200]
            raise RerankError(
                f"the reranker {self._name!r} cannot be loaded ({said}); give a name on the Hugging Face hub, or the "
                "folder of a saved model"
            ) from error
        if model.num_labels != 1:
            raise RerankError(
                f"the model {self._name!r} gives {model.num_labels} numbers for a text, a reranker gives one; "
                "choose another"
            )
        return model
