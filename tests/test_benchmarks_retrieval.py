"""The suites that compare ways to search: bars and peers by hand, and each suite once over a set that is made up."""

import json
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rerank_server import running

pytest.importorskip("benchmarks", reason="the benchmarks are not in the wheel")

from benchmarks import bars, bases, peers, reranking, timing
from benchmarks.harness import Options
from benchmarks.langchain_ensemble import ensemble
from benchmarks.loopback import letters
from indexers.minilm import is_installed

ENTRIES = {
    f"e{at}": f"the {word} is kept in box {at}" for at, word in enumerate("pump valve hinge lamp".split())
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with one labelled set, where each question has the entry of its own id."""
    folder = tmp_path / "data" / "tiny"
    folder.mkdir(parents=True)
    asked = {id_: f"where is the {text.split()[1]}" for id_, text in ENTRIES.items()}
    for name, texts in (("corpus", ENTRIES), ("queries", asked)):
        lines = (json.dumps({"_id": id_, "text": text}) for id_, text in texts.items())
        (folder / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    qrels = "".join(f"{id_}\t{id_}\t1\n" for id_ in ENTRIES)
    (folder / "qrels.tsv").write_text(f"query-id\tcorpus-id\tscore\n{qrels}", encoding="utf-8")
    return folder.parent


def options(data: Path, **given: Any) -> Options:
    return Options(data=data, **{"sets": [], "embedding": None, "limit_queries": None, "size": 0, **given})


@given(nearest=st.permutations(range(4)), shared=st.sampled_from("pump valve hinge lamp".split()))
def test_the_ensemble_is_the_sum_of_both_ranks(nearest: list[int], shared: str) -> None:
    pytest.importorskip("langchain_classic")
    pytest.importorskip("langchain_community")
    pytest.importorskip("rank_bm25")
    texts = list(ENTRIES.values())
    found = ensemble(texts, lambda query: nearest, 1)(shared)
    first = next(at for at, text in enumerate(texts) if shared in text)
    scores: dict[int, float] = defaultdict(float)
    for rank, at in enumerate(nearest, 1):
        scores[at] += 0.5 / (60 + rank)
    scores[first] += 0.5 / (60 + 1)
    assert sorted(found) == [0, 1, 2, 3]
    assert found[0] == max(scores, key=scores.__getitem__) == first


def test_a_peer_that_needs_vectors_is_not_given_none(data: Path) -> None:
    from knowledge.evaluation import load

    entries = peers.Entries(load(data / "tiny"))
    assert entries.keys == list(ENTRIES)
    with pytest.raises(ValueError, match="no embedder"):
        entries.cosines("pump")


def rows(**found: dict[str, float]) -> list[dict[str, Any]]:
    return [
        {"set": name, "search": search, "ndcg@10": value}
        for search, of in found.items()
        for name, value in of.items()
    ]


def test_a_bar_holds_on_every_set_and_on_average() -> None:
    ours = {"a": 0.5, "b": 0.5}
    for theirs, holds in (
        ({"a": 0.503, "b": 0.4}, True),
        ({"a": 0.5032, "b": 0.4}, False),
        ({"a": 0.5, "b": 0.5}, False),
    ):
        found = bars.values(rows(**{"hybrid (local)": ours, "RRF of bm25s (local)": theirs}))
        (row,) = bars.bars(found)
        mean = math.fsum(ours[name] - theirs[name] for name in ours) / 2
        assert (row["ours"], row["peer"], row["mean"]) == ("hybrid", "RRF of bm25s", f"{mean:+.4f}")
        assert row["holds"] is holds


def test_what_stands_in_brackets_is_the_embedding_or_part_of_the_name() -> None:
    names = {
        "hybrid (local)": "hybrid",
        "RRF of bm25s (our words) (openai:m@http://h/v1)": "RRF of bm25s (our words)",
        "keyword (economy)": "keyword (economy)",
        "bm25s": "bm25s",
    }
    assert {name: bars.without_embedding(name) for name in names} == names


def test_letters_are_counted_in_either_case() -> None:
    counted = letters("Abba 1")
    assert (counted[0], counted[1], counted[-1], sum(counted)) == (2, 2, 2, 6)


def test_timing_asks_everyone(data: Path) -> None:
    measured = list(timing.run(options(data, embedding="hash:64")))
    assert {"hybrid (hash:64)", "keyword (economy)"} <= {row["search"] for row in measured}
    assert all(0 < row["p50_ms"] <= row["p99_ms"] for row in measured)


@pytest.mark.slow
def test_reranking_measures_a_reranker_beside_the_search_without(data: Path) -> None:
    with running() as server:
        measured = list(reranking.run(options(data, embedding="hash:64", rerank=server.spec())))
    by_name = {row["reranker"]: row for row in measured}
    assert {reranking.PLAIN, server.spec()} <= set(by_name)
    assert by_name[server.spec()]["ndcg@10"] == 1.0
    assert by_name[reranking.PLAIN]["p"] == 1.0


@pytest.mark.slow
@pytest.mark.skipif(not is_installed(), reason="the bundled model is not installed")
def test_late_interaction_prefers_the_passage_that_says_it() -> None:
    from benchmarks.late_interaction import LateInteraction

    asked, other = "the brass valve closes", "hotels are paid at night"
    same, different, longer = LateInteraction()(asked, [asked, other, asked + " " + other * 200])
    assert same == pytest.approx(1.0, abs=1e-2)
    assert different < longer < 1


@pytest.mark.slow
@pytest.mark.skipif(not is_installed(), reason="the bundled model is not installed")
def test_bases_are_asked_together_in_order(data: Path) -> None:
    measured = {row["bases"]: row for row in bases.run(options(data, limit_queries=2))}
    assert {row["in_order"] for row in measured.values()} == {1.0}
    assert measured["ten of three models"]["calibrated"]
    assert not measured["ten of three models, one not measured"]["calibrated"]
    assert measured["and one dead"]["warned of"] == "dead"
