"""Scores of the ONNX cross-encoders that fastembed knows, downloaded by it or from a folder."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

from indexers.cross_encoding import readable, score_of
from knowledge.errors import InputError, RerankError
from knowledge.registry import is_installed, missing

_EXTRA: Final = "fastembed"
_WHAT: Final = "a reranker of fastembed"


class FastEmbedReranker:
    """`fastembed:MODEL[@FOLDER]`; threads may share it. `fingerprint` loads the model, if need be.

    With a folder the model's files are read from there and nothing is downloaded. A text longer than the model's
    window is cut by it.
    """

    def __init__(self, argument: str) -> None:
        self._name, _, self._folder = argument.partition("@")
        if not self._name:
            raise InputError(
                f"unknown reranker '{_EXTRA}:{argument}'; write {_EXTRA}:MODEL, as in "
                f"{_EXTRA}:BAAI/bge-reranker-base"
            )
        if not is_installed(_EXTRA):
            raise missing(_EXTRA, _WHAT)
        self._lock = threading.RLock()

    @property
    def fingerprint(self) -> str:
        with self._lock:
            _ = self._loaded
        return f"{_EXTRA}:{self._name}"

    def scores(self, query: str, texts: Sequence[str]) -> list[float | None]:
        with self._lock:
            logits = list(self._loaded.rerank(readable(query), [readable(text) for text in texts]))
        return [score_of(float(logit)) for logit in logits]

    @cached_property
    def _loaded(self) -> Any:
        try:
            from fastembed.rerank.cross_encoder import TextCrossEncoder
            from loguru import logger
        except ImportError as error:
            raise missing(_EXTRA, _WHAT) from error
        # What it logs by itself on stderr is said again in our one line.
        logger.disable("fastembed")
        place = {"specific_model_path": self._folder} if self._folder else {}
        try:
            return TextCrossEncoder(self._name, **place)
        except (OSError, ValueError, RuntimeError) as error:
            said = " ".join(str(error).split())[:200]
            raise RerankError(
                f"the reranker {self._name!r} cannot be loaded ({said}); give a name that fastembed lists, and "
                "@FOLDER where its files are"
            ) from error
