"""Batches: every text once and in order, whatever the limits; and what is kept when some of them fail."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import pytest
from embedding_server import outcome
from hypothesis import given
from hypothesis import strategies as st

from indexers.batching import batches, embed_batches
from indexers.hashing import HashEmbedder
from knowledge.errors import EmbeddingError, EmbeddingUnavailable, TextsNotEmbedded
from knowledge.types import Vector

HASH = HashEmbedder("8")
limits = st.tuples(st.integers(1, 9), st.integers(1, 40))


@given(texts=st.lists(st.text(max_size=15), max_size=40), limit=limits)
def test_every_text_is_in_one_batch_in_order_and_within_the_limits(
    texts: list[str], limit: tuple[int, int]
) -> None:
    most_texts, most_characters = limit
    parts = list(batches(texts, most_texts, most_characters))
    assert [position for part in parts for position in part] == list(range(len(texts)))
    for part in parts:
        characters = sum(len(texts[position]) for position in part)
        assert len(part) <= most_texts
        assert characters <= most_characters or len(part) == 1
        if part.stop < len(texts):
            assert len(part) == most_texts or characters + len(texts[part.stop]) > most_characters


def test_by_hand() -> None:
    assert list(batches(["aa", "bb", "c", "dddddd", "e"], 2, 4)) == [
        range(2),
        range(2, 3),
        range(3, 4),
        range(4, 5),
    ]
    assert list(batches([], 2, 4)) == []


@given(
    texts=st.lists(st.sampled_from(["good", "fine", "bad"]), min_size=1, max_size=30),
    limit=limits,
    concurrency=st.integers(1, 4),
    has_answered=st.booleans(),
)
def test_texts_that_are_refused_leave_the_vectors_of_all_others(
    texts: list[str], limit: tuple[int, int], concurrency: int, has_answered: bool
) -> None:
    def ask(batch: Sequence[str]) -> list[Vector | str]:
        return ["bad" if text == "bad" else HASH.embed_query(text) for text in batch]

    expected = {at: HASH.embed_query(text) for at, text in enumerate(texts) if text != "bad"}
    parts = list(batches(texts, *limit))
    found, reasons = outcome(lambda: embed_batches(texts, parts, ask, concurrency, has_answered=has_answered))
    assert reasons == {at: "bad" for at, text in enumerate(texts) if text == "bad"}
    assert found.keys() == expected.keys()
    assert all((found[at] == expected[at]).all() for at in expected)


def test_after_a_batch_without_any_answer_no_other_begins_and_the_vectors_are_kept() -> None:
    asked: list[str] = []

    def ask(batch: Sequence[str]) -> list[Vector | str]:
        asked.extend(batch)
        if "c" in batch:
            raise EmbeddingUnavailable("down")
        return list(HASH.embed_documents(batch))

    texts = list("abcdef")
    with pytest.raises(EmbeddingUnavailable, match="down") as caught:
        embed_batches(texts, list(batches(texts, 1, 100)), ask, 1)
    assert asked == list("abc")
    assert sorted(caught.value.vectors) == [0, 1]
    np.testing.assert_array_equal(caught.value.vectors[1], HASH.embed_query("b"))


def test_batches_are_asked_for_at_once_but_the_first_alone() -> None:
    together = threading.Barrier(3)
    alone: list[bool] = []

    def ask(batch: Sequence[str]) -> list[Vector | str]:
        if batch == ["a"]:
            alone.append(together.n_waiting == 0)
        else:
            together.wait(timeout=60)
        return list(HASH.embed_documents(batch))

    texts = list("abcd")
    vectors = embed_batches(texts, list(batches(texts, 1, 100)), ask, 3, has_answered=False)
    np.testing.assert_array_equal(vectors, HASH.embed_documents(texts))
    assert alone == [True]


def test_the_message_names_the_first_text_and_how_many() -> None:
    error = TextsNotEmbedded({4: "too long", 2: "zero"}, {0: HASH.embed_query("a")})
    assert str(error) == "2 of 3 texts have no vector; text 2: zero"
    assert isinstance(error, EmbeddingError)
