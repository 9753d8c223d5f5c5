"""Whatever happened to a knowledge base, it answers as one that was built from what is left."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from knowledge import Document, KnowledgeBase, Workspace

TOPICS = (
    "meter probe leave 年假 报销 校准 warranty invoice 传感器 gateway LT-210 pH 会议室 battery 值班".split()
)
MODES = ("hybrid", "vector", "full-text")


def text(chance: random.Random) -> str:
    """Words of a Zipfian vocabulary in two languages, and a few that questions ask for."""
    words = [f"w{int(chance.paretovariate(0.8))}" for _ in range(chance.randint(5, 25))]
    return " ".join([*words, *chance.sample(TOPICS, chance.randint(1, 3))])


def document(number: int, chance: random.Random) -> Document:
    return Document(text=text(chance), name=f"{number}.txt")


def answers(kb: KnowledgeBase) -> dict[tuple[str, str], list[tuple[str, float]]]:
    chance = random.Random(9)
    questions = [" ".join(chance.sample(TOPICS, 3)) + f" w{chance.randint(1, 40)}" for _ in range(20)]
    return {
        (question, mode): [(hit.document.key, hit.score) for hit in kb.search(question, mode=mode, top_k=20)]
        for question in questions
        for mode in MODES
    }


@pytest.mark.slow
def test_scores_equal_those_of_a_clean_build(tmp_path: Path) -> None:
    chance = random.Random(4)
    with Workspace(tmp_path) as workspace:
        worn = workspace.create("worn", embedding="hash:16")
        # Enough to be packed; what leaves afterwards leaves a packed segment.
        documents = {number: document(number, chance) for number in range(6_000)}
        worn.ingest(list(documents.values()), metadata={"year": 2024})
        for number in chance.sample(range(6_000), 30):
            worn.remove(f"{number}.txt")
            del documents[number]
        changed = {number: document(number, chance) for number in chance.sample(sorted(documents), 300)}
        documents |= changed
        worn.ingest(list(changed.values()))
        for number in chance.sample(sorted(documents), 20):
            worn.set_metadata(f"{number}.txt", {"year": 2025})
        before = answers(worn)
        more = {number: document(number, chance) for number in range(6_000, 7_000)}
        documents |= more
        worn.ingest(list(more.values()), metadata={"year": 2024})
        assert answers(worn) != before

        clean = workspace.create("clean", embedding="hash:16")
        clean.ingest(list(documents.values()))
        expected = answers(clean)
        for question, hits in answers(worn).items():
            assert [score for _, score in hits] == pytest.approx(
                [score for _, score in expected[question]], abs=1e-6
            )
            assert [key for key, _ in hits] == [key for key, _ in expected[question]]
