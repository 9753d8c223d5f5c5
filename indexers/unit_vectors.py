"""Vectors brought to unit length, and those that cannot be: zero, infinite, not a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from knowledge.errors import TextsNotEmbedded

if TYPE_CHECKING:
    from knowledge.types import Matrix, Vector


def unit_or_reason(matrix: Matrix, reason: str) -> list[Vector | str]:
    """Each row of unit length, or `reason` in place of one that has no direction."""
    import numpy as np

    lengths = np.linalg.norm(matrix.astype(np.float64), axis=1, keepdims=True)
    usable = np.isfinite(lengths[:, 0]) & (lengths[:, 0] > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        unit: Matrix = (matrix / lengths).astype(np.float32)
    return [row if good else reason for row, good in zip(unit, usable, strict=True)]


def unit_rows(matrix: Matrix, reason: str) -> Matrix:
    """Every row of unit length. Raises `TextsNotEmbedded` with this reason when some have no direction."""
    import numpy as np

    found = unit_or_reason(matrix, reason)
    reasons = {at: row for at, row in enumerate(found) if isinstance(row, str)}
    vectors = {at: row for at, row in enumerate(found) if not isinstance(row, str)}
    if reasons:
        raise TextsNotEmbedded(reasons, vectors)
    return np.stack(list(vectors.values())) if vectors else matrix
