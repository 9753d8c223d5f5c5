"""A pool of passages in the order of a reranker, a model that reads question and passage together.

The pool is the beginning of a ranking, of one length whatever is asked for: so the first hits of a longer search are
those of a shorter one. Reranking a first stage's best passages is Nogueira & Cho's (arXiv:1901.04085, 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING, Final

from knowledge.errors import RerankError
from knowledge.types import Scored
from retrieval.scoring import is_enough, shown

if TYPE_CHECKING:
    from knowledge.protocols import Reranker

ROUNDING: Final = 1e-3
"""How far beyond 0 or 1 a score may be for the arithmetic of half-precision floats to be the cause."""


def rerank(
    reranker: Reranker, query: str, texts: Sequence[str], threshold: float | None = None
) -> list[Scored]:
    """Positions in `texts` with their scores in [0, 1], best first, ties in the order of `texts`.

    Left out is what scores 0, less than `threshold`, or nothing because the reranker cannot judge it. Raises
    `RerankError` for scores that are not one for each text, no numbers or outside [0, 1].
    """
    scores = _checked(reranker.scores(query, texts), len(texts)) if texts else []
    enough = [
        Scored(position, shown(float(score)))
        for position, score in enumerate(scores)
        if score is not None and is_enough(score, threshold)
    ]
    return sorted(enough, key=lambda found: -found.score)


def _checked(scores: Sequence[float | None], count: int) -> Sequence[float | None]:
    if len(scores) != count:
        raise RerankError(f"the reranker gave {len(scores)} scores of {count} texts")
    for score in scores:
        if score is not None and not (isfinite(score) and -ROUNDING <= score <= 1 + ROUNDING):
            raise RerankError(
                f"the reranker gave the score {score}; allowed: 0 to 1 (for a server of logits: #scores=logits)"
            )
    return scores


def excerpt(text: str, length: int, start: int = 0, end: int = 0) -> str:
    """At most `length` characters of a text: its beginning, or if need be what is around `start` to `end`."""
    first = max(0, min((start + end - length) // 2, start, len(text) - length))
    return text[first : first + length]
