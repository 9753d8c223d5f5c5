"""Vectors of the ONNX models that fastembed knows, downloaded by it or from a folder."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import file_digest, sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from indexers.prompts import PREFIX_OPTIONS, Prompts, chosen_prompts, prompts_for
from indexers.unit_vectors import unit_rows
from knowledge.errors import EmbeddingError, InputError
from knowledge.model_servers import model_options
from knowledge.registry import is_installed, missing

if TYPE_CHECKING:
    from knowledge.types import Matrix, Vector

_EXTRA: Final = "fastembed"
_WHAT: Final = "an embedding model of fastembed"


class FastEmbedEmbedder:
    """`fastembed:MODEL[@FOLDER][#OPTIONS]`, loaded on first use; threads may share it.

    With a folder the model's files are read from there and nothing is downloaded. What stands before the texts
    follows the model's name, or the options `prefixes=off`, `query_prefix=…`, `passage_prefix=…`. Texts longer than
    the model's window are cut by it.
    """

    def __init__(self, argument: str) -> None:
        spec, _, options = argument.partition("#")
        self._name, _, self._folder = spec.partition("@")
        if not self._name:
            raise InputError(
                f"unknown embedding '{_EXTRA}:{argument}'; write {_EXTRA}:MODEL, as in "
                f"{_EXTRA}:BAAI/bge-small-zh-v1.5"
            )
        self._prompts = chosen_prompts(dict(model_options(options, PREFIX_OPTIONS)), prompts_for(self._name))
        if not is_installed(_EXTRA):
            raise missing(_EXTRA, _WHAT)
        self._lock = threading.RLock()

    @cached_property
    def fingerprint(self) -> str:
        """With fastembed's minor version: between them it has changed how the same model is pooled."""
        minor = ".".join(version("fastembed").split(".")[:2])
        files = f":{_files_hash(Path(self._folder))}" if self._folder else ""
        return ", ".join(filter(None, (f"{_EXTRA}:{self._name}:{minor}{files}", self._prompts.signature)))

    @property
    def prompts(self) -> Prompts:
        return self._prompts

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
        return self._encoded("passage_embed", [self._prompts.passage + text for text in texts])

    def embed_query(self, text: str) -> Vector:
        vector: Vector = self.embed_queries([text])[0]
        return vector

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        return self._encoded("query_embed", [self._prompts.query + text for text in texts])

    def _encoded(self, method: str, texts: Sequence[str]) -> Matrix:
        import numpy as np

        readable = [text.encode("utf-8", "replace").decode() for text in texts]
        with self._lock:
            matrix = np.stack(list(getattr(self._loaded, method)(readable)))
        return unit_rows(matrix, f"the model {self._name!r} gave a vector that is zero or not a number")

    @cached_property
    def _loaded(self) -> Any:
        try:
            from fastembed import TextEmbedding
            from loguru import logger
        except ImportError as error:
            raise missing(_EXTRA, _WHAT) from error
        # What it logs by itself on stderr is said again in our one line.
        logger.disable("fastembed")
        place = {"specific_model_path": self._folder} if self._folder else {}
        try:
            return TextEmbedding(self._name, **place)
        except (OSError, ValueError, RuntimeError) as error:
            said = " ".join(str(error).split())[:200]
            raise EmbeddingError(
                f"the model {self._name!r} cannot be loaded ({said}); give a name that fastembed lists, and "
                "@FOLDER where its files are"
            ) from error


def _files_hash(folder: Path) -> str:
    """The beginning of the SHA-256 of all files with their names. Raises `EmbeddingError` when there are none."""
    digest = sha256()
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        raise EmbeddingError(f"no files of a model in {str(folder)!r}; give the folder that holds them")
    for path in files:
        with path.open("rb") as file:
            digest.update(path.relative_to(folder).as_posix().encode() + file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
