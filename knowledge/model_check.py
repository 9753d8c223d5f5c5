"""What an embedding model is like, found out by asking it: speed, scripts, and how much of a text it reads."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from indexers.prompts import Prompted, Prompts
from knowledge.errors import EmbeddingBadRequest, TextsNotEmbedded
from knowledge.floors import SCRIPTS, ScriptFigures, figures, neutral_pairs

if TYPE_CHECKING:
    from knowledge.protocols import Embedder
    from knowledge.types import Matrix

ALONE: Final = 8
"""Texts that are also embedded one by one."""
LENGTHS: Final = (500, 1000, 2000, 4000, 8000)
"""Characters of the long texts; a chunk has 4,000 at most."""
SAME_COSINE: Final = 1e-6
"""Nearer than this, two vectors differ by rounding alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How much of a long text of one script counts."""

    script: str
    characters: int
    """The longest text tried whose last tenth changes the vector; 0 when none does."""
    refusal: str | None = None
    """What was said to the next longer one; None when it was cut without a word, or all were read."""

    @property
    def reads_all(self) -> bool:
        return self.characters == LENGTHS[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCheck:
    """The figures of one model."""

    fingerprint: str
    dimension: int
    prompts: Prompts
    length_error: float
    """How far the length of a vector is from 1 at most."""
    repeat_difference: float
    """1 - cosine between the vectors of a text that is embedded twice, at most."""
    batch_difference: float
    """The same between a text in a batch and alone."""
    texts: int
    texts_per_second: float
    """Of passages of one or two sentences, in one call."""
    query_ms: float
    scripts: tuple[ScriptFigures, ...]
    readings: tuple[Reading, ...]


def check_model(embedder: Embedder) -> ModelCheck:
    """Asks a model some 200 short texts and 20 long ones. Raises `EmbeddingError`."""
    import numpy as np

    texts = [passage for script in SCRIPTS for passage in neutral_pairs(script)[1]]
    dimension = len(embedder.embed_query("The first question loads the model."))
    started = time.perf_counter()
    first = embedder.embed_documents(texts)
    seconds = time.perf_counter() - started
    alone = np.concatenate([embedder.embed_documents([text]) for text in texts[:ALONE]])
    return ModelCheck(
        fingerprint=embedder.fingerprint,
        dimension=dimension,
        prompts=embedder.prompts if isinstance(embedder, Prompted) else Prompts(),
        length_error=float(np.abs(np.linalg.norm(first, axis=1) - 1).max()),
        repeat_difference=_difference(first, embedder.embed_documents(texts)),
        batch_difference=_difference(first[:ALONE], alone),
        texts=len(texts),
        texts_per_second=len(texts) / seconds,
        query_ms=_query_ms(embedder),
        scripts=tuple(figures(embedder, script) for script in SCRIPTS),
        readings=tuple(_reading(embedder, script) for script in SCRIPTS),
    )


def _query_ms(embedder: Embedder) -> float:
    """The median over the questions of one script."""
    import statistics

    times = []
    for query in neutral_pairs(SCRIPTS[0])[0]:
        started = time.perf_counter()
        embedder.embed_query(query)
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)


def _reading(embedder: Embedder, script: str) -> Reading:
    questions, passages, _ = neutral_pairs(script)
    read = 0
    for length in LENGTHS:
        text = _filled(passages, length)
        other = text[: length * 9 // 10] + _filled(questions, length - length * 9 // 10)
        try:
            vectors = embedder.embed_documents([text, other])
        except (TextsNotEmbedded, EmbeddingBadRequest) as error:
            return Reading(script=script, characters=read, refusal=str(error))
        if _difference(vectors[:1], vectors[1:]) <= SAME_COSINE:
            break
        read = length
    return Reading(script=script, characters=read)


def _filled(sentences: Sequence[str], length: int) -> str:
    text = " ".join(sentences)
    return (text * (length // len(text) + 1))[:length]


def _difference(some: Matrix, others: Matrix) -> float:
    """The largest 1 - cosine of two rows; half their squared distance, which keeps small ones exact."""
    import numpy as np

    return float((np.square(some.astype(np.float64) - others).sum(axis=1) / 2).max())
