"""One ranking of what several wordings of a question have found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from knowledge.types import Hit, Hits

if TYPE_CHECKING:
    from knowledge.many_queries import Outcome


def fused(queries: Sequence[str], found: Sequence[Outcome], top_k: int) -> Hits:
    """Every passage once, with the best of its scores: it says, as ever, how well the passage answers what is asked,
    in that wording. The best `top_k`, ties as in any search.

    A wording that was not searched is a warning. Raises the first error when none was.
    """
    answers = [hits for hits in found if isinstance(hits, Hits)]
    if not answers:
        raise next(error for error in found if not isinstance(error, Hits))
    best: dict[tuple[str, str], Hit] = {}
    warnings: dict[str, None] = {}
    for query, hits in zip(queries, found, strict=True):
        if not isinstance(hits, Hits):
            warnings[f"{query!r} was not searched: {hits}"] = None
            continue
        warnings.update(dict.fromkeys(hits.warnings))
        for hit in hits:
            key = (hit.knowledge_base.id, hit.chunk.id)
            if key not in best or hit.score > best[key].score:
                best[key] = _found_by(hit, query) if len(queries) > 1 else hit
    ranked = sorted(best.values(), key=lambda hit: (-hit.score, hit.document.key, hit.chunk.position))
    return replace(
        answers[0],
        query=queries[0],
        hits=tuple(ranked[:top_k]),
        calibrated=all(answer.calibrated for answer in answers),
        warnings=tuple(warnings),
    )


def _found_by(hit: Hit, query: str) -> Hit:
    """Evidence is about one wording: which."""
    return hit if hit.evidence is None else replace(hit, evidence=replace(hit.evidence, query=query))
