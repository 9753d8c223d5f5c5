"""What no index takes in: a vector or a metadata value that would make later comparisons meaningless."""

from __future__ import annotations

import math
from collections.abc import Mapping

from knowledge.errors import EmbeddingError, InputError
from knowledge.filters import values_of
from knowledge.types import Value, Vector

_SHORTEST = 1e-3
_LONGEST = 1e3
"""Vectors are of unit length; beyond these, float32 arithmetic on their squares loses them."""


def vector_values(vector: Vector, dimension: int | None) -> list[float]:
    """The numbers of a vector. Raises `EmbeddingError` unless they can be compared by angle."""
    values: list[float] = vector.tolist()
    if dimension is None:
        raise EmbeddingError("this index holds no vectors; create it with the dimension of the model")
    if len(values) != dimension:
        raise EmbeddingError(
            f"the vector has {len(values)} dimensions, the index {dimension}; "
            "use the model that the index was built with, or index again"
        )
    length = math.hypot(*values)
    if not _SHORTEST <= length <= _LONGEST:
        raise EmbeddingError(
            f"the vector has length {length:g}, not 1; check what the embedding model returned"
        )
    return values


def check_metadata(metadata: Mapping[str, Value]) -> None:
    """Raises `InputError` for a number that is NaN or infinite."""
    for name, value in metadata.items():
        for scalar in values_of(value):
            if not isinstance(scalar, str) and not math.isfinite(scalar):
                raise InputError(
                    f"metadata field {name!r} holds {scalar!r}; allowed: finite numbers and strings"
                )
