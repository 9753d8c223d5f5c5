"""The bundled embedding model: English, 384 numbers, no service and no torch."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from indexers import minilm
from indexers.unit_vectors import unit_rows
from knowledge.errors import InputError
from knowledge.registry import missing

if TYPE_CHECKING:
    from knowledge.types import Matrix, Vector

WINDOW_TOKENS: Final = 256
"""The length the model was tuned for, [CLS] and [SEP] included. It would take 512 at twice the attention."""

_FINGERPRINT: Final = f"local:minilm-l6-v2:fp32:w{WINDOW_TOKENS}:1"
_FLOORS: Final = {"latin": 0.20, "han": 0.64}
"""The 95th percentile of unrelated question–passage pairs: `python -m benchmarks.floors local`. That of Chinese
lies above the median of pairs that do belong together (.56): the model cannot tell them apart."""
_ERRORS_ONLY: Final = 3
_CLS: Final = 101
_SEP: Final = 102
_BATCH_TOKENS: Final = 256
"""Tokens of one run, padding included. From 128 to 1024 the speed is the same; small runs need little memory."""


class LocalEmbedder:
    """all-MiniLM-L6-v2 on the processor, for texts of any length. Loads on first use; threads may share it."""

    def __init__(self, argument: str) -> None:
        if argument:
            raise InputError(f"unknown embedding 'local:{argument}'; there is one bundled model: local")
        if not (minilm.is_installed() and find_spec("onnxruntime") and find_spec("tokenizers")):
            raise missing("local", "the local embedding model")
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None

    @property
    def fingerprint(self) -> str:
        return _FINGERPRINT

    @property
    def dimension(self) -> int:
        return minilm.DIMENSION

    @property
    def floors(self) -> Mapping[str, float]:
        return _FLOORS

    @property
    def scripts(self) -> frozenset[str] | None:
        return frozenset({"latin"})

    def embed_documents(self, texts: Sequence[str]) -> Matrix:
        """Shape (len(texts), 384). A text longer than a window gets the mean of its windows' vectors.

        The mean is weighted by the windows' tokens and brought back to unit length, so no text is cut.
        """
        import numpy as np

        pooled = np.zeros((len(texts), minilm.DIMENSION), np.float32)
        windows, owners = self._windows(texts)
        for batch in _batches(windows):
            vectors = self._run([windows[at] for at in batch])
            for at, vector in zip(batch, vectors, strict=True):
                pooled[owners[at]] += max(1, len(windows[at])) * vector
        return unit_rows(pooled, "the local embedding model gave a vector that is zero or not a number")

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        return self.embed_documents(texts)

    def embed_query(self, text: str) -> Vector:
        vector: Vector = self.embed_documents([text])[0]
        return vector

    def _windows(self, texts: Sequence[str]) -> tuple[list[list[int]], list[int]]:
        """The token windows of all texts, and for each the row of its text."""
        if not texts:
            return [], []
        _, tokenizer = self._load()
        readable = [text.encode("utf-8", "replace").decode() for text in texts]
        windows: list[list[int]] = []
        owners: list[int] = []
        for row, encoding in enumerate(tokenizer.encode_batch_fast(readable, add_special_tokens=False)):
            for window in _cut(encoding.ids):
                windows.append(window)
                owners.append(row)
        return windows, owners

    def _run(self, windows: Sequence[Sequence[int]]) -> Matrix:
        import numpy as np

        session, _ = self._load()
        ids = np.zeros((len(windows), max(map(len, windows)) + 2), np.int32)
        mask = np.zeros_like(ids)
        for row, window in enumerate(windows):
            length = len(window) + 2
            ids[row, :length] = [_CLS, *window, _SEP]
            mask[row, :length] = 1
        vectors: Matrix = session.run(["vectors"], {"ids": ids, "mask": mask})[0]
        return vectors

    def _load(self) -> tuple[Any, Any]:
        """The session and the tokenizer."""
        with self._lock:
            if self._loaded is None:
                self._loaded = _session(), _tokenizer()
            return self._loaded


def _session() -> Any:
    """Builds a graph that does not load a second time: its files may have been damaged.

    Threads do not spin while they wait: beside other work on the same cores, spinning ones cost a third of the speed.
    """
    try:
        import onnxruntime
        from onnxruntime.capi import onnxruntime_pybind11_state as state
    except ImportError as error:
        raise missing("local", "the local embedding model") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = _available_cores()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = _ERRORS_ONLY
    path = minilm.graph_path()
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except (state.Fail, state.InvalidProtobuf, state.InvalidGraph, state.InvalidArgument, state.NoSuchFile):
        minilm.forget_graph(path)
        path = minilm.graph_path()
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _tokenizer() -> Any:
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise missing("local", "the local embedding model") from error
    tokenizer = Tokenizer.from_file(str(minilm.tokenizer_path()))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _available_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cut(ids: Sequence[int]) -> Iterator[list[int]]:
    """As few windows as hold all tokens, equally long: a short rest would count as a poor vector."""
    room = WINDOW_TOKENS - 2
    count = max(1, -(-len(ids) // room))
    for part in range(count):
        yield list(ids[part * len(ids) // count : (part + 1) * len(ids) // count])


def _batches(windows: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Positions of windows of similar length, at most `_BATCH_TOKENS` together with their padding."""
    batch: list[int] = []
    for at in sorted(range(len(windows)), key=lambda at: len(windows[at]), reverse=True):
        if batch and (len(windows[batch[0]]) + 2) * (len(batch) + 1) > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch
