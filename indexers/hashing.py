"""Vectors by feature hashing of character n-grams: deterministic and without a model. For tests only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final
from zlib import crc32

from knowledge.errors import InputError

if TYPE_CHECKING:
    from knowledge.types import Matrix, Vector

_GRAMS: Final = (2, 3)
_LARGEST: Final = 65_536


class HashEmbedder:
    """Texts that share letters get close vectors, nothing more: it knows no meaning. For tests only.

    Feature hashing with signs after Weinberger et al. (ICML 2009); the spec is `hash:DIM`.
    """

    def __init__(self, argument: str) -> None:
        if not (argument.isascii() and argument.isdigit() and 1 <= int(argument) <= _LARGEST):
            raise InputError(
                f"unknown embedding 'hash:{argument}'; DIM is a number from 1 to {_LARGEST}, as in hash:256"
            )
        self._dimension = int(argument)

    @property
    def fingerprint(self) -> str:
        return f"hash:{self._dimension}"

    @property
    def dimension(self) -> int:
        return self._dimension

    @property
    def floors(self) -> Mapping[str, float]:
        return {"latin": 0.0, "han": 0.0}

    @property
    def scripts(self) -> frozenset[str] | None:
        return None

    def embed_documents(self, texts: Sequence[str]) -> Matrix:
        """Shape (len(texts), dimension). A text without any n-gram gets the first unit vector."""
        import numpy as np

        vectors = np.zeros((len(texts), self._dimension), np.float32)
        for row, text in enumerate(texts):
            vectors[row] = self.embed_query(text)
        return vectors

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        return self.embed_documents(texts)

    def embed_query(self, text: str) -> Vector:
        import numpy as np

        hashes = np.array([crc32(gram.encode("utf-8", "surrogatepass")) for gram in _grams(text)], np.int64)
        signs = (hashes >> 16 & 1) * 2 - 1
        vector = np.bincount(hashes % self._dimension, signs, self._dimension)
        length = float(np.linalg.norm(vector))
        if length == 0:
            vector[0] = length = 1.0
        unit: Vector = (vector / length).astype(np.float32)
        return unit


def _grams(text: str) -> list[str]:
    padded = f" {' '.join(text.lower().split())} "
    return [padded[at : at + size] for size in _GRAMS for at in range(len(padded) - size + 1)]
