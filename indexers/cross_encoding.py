"""On both sides of a cross-encoder: texts that its tokenizer takes, and scores in [0, 1] of what it puts out."""

from __future__ import annotations

from math import exp


def readable(text: str) -> str:
    """Without lone surrogates."""
    return text.encode("utf-8", "replace").decode()


def score_of(logit: float) -> float:
    """1 / (1 + e^−logit), in double precision: single precision makes one score of all logits over 17."""
    if logit < 0:
        return exp(logit) / (1 + exp(logit))
    return 1 / (1 + exp(-logit))
