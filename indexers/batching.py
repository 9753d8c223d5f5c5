"""Texts to vectors in batches, several at once: what is kept when some of them fail."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from knowledge.errors import EmbeddingError, TextsNotEmbedded

if TYPE_CHECKING:
    from knowledge.types import Vector

    Ask = Callable[[Sequence[str]], Sequence[Vector | str]]
    """The vector of every text, or why it alone has none. Raises `EmbeddingError` when there are none at all."""


def batches(texts: Sequence[str], most_texts: int, most_characters: int) -> Iterator[range]:
    """The positions of all texts in order, at most so many together; a text that is too long is alone."""
    start, characters = 0, 0
    for position, text in enumerate(texts):
        if position > start and (position - start == most_texts or characters + len(text) > most_characters):
            yield range(start, position)
            start, characters = position, 0
        characters += len(text)
    if texts:
        yield range(start, len(texts))


def embed_batches(
    texts: Sequence[str], parts: Sequence[range], ask: Ask, concurrency: int, *, has_answered: bool = True
) -> list[Vector]:
    """The vectors of `texts`, in order; `concurrency` of the `parts` are asked for at once.

    Unless the model `has_answered` before, the first goes alone: a wrong key is then refused once. Raises the error
    of the first batch that got nothing, after which no other is begun, or `TextsNotEmbedded`; either holds the
    vectors that came.
    """
    run = _Run(texts, ask)
    alone = 0 if has_answered else 1
    with ThreadPoolExecutor(concurrency, thread_name_prefix="embed") as threads:
        for together in (parts[:alone], parts[alone:]):
            list(threads.map(run.embed, together))
    return run.result()


class _Run:
    """What has come so far. Threads share it."""

    def __init__(self, texts: Sequence[str], ask: Ask) -> None:
        self._texts = texts
        self._ask = ask
        self._answers: dict[int, Vector | str] = {}
        self._error: EmbeddingError | None = None
        self._lock = threading.Lock()

    def embed(self, part: range) -> None:
        if self._error is not None:
            return
        try:
            answers = self._ask([self._texts[position] for position in part])
        except EmbeddingError as error:
            with self._lock:
                self._error = self._error or error
            return
        with self._lock:
            self._answers.update(zip(part, answers, strict=True))

    def result(self) -> list[Vector]:
        reasons: Mapping[int, str] = {at: why for at, why in self._answers.items() if isinstance(why, str)}
        vectors = {at: vector for at, vector in self._answers.items() if not isinstance(vector, str)}
        if self._error is not None:
            self._error.vectors = vectors
            raise self._error
        if reasons:
            raise TextsNotEmbedded(reasons, vectors)
        return [vectors[position] for position in range(len(self._texts))]
