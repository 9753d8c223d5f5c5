"""The benchmark suites run from end to end and say what they measured, on sets that are made up here."""

import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("benchmarks", reason="the benchmarks are not in the wheel")

from benchmarks import ingest, peers, quality, query
from benchmarks.generated import SELECTIVE, library, questions
from benchmarks.harness import Options, table
from knowledge.errors import InputError
from knowledge.filters import matches

ENTRIES = {
    "valve": "The brass valve closes the water pipe.",
    "hotel": "Hotels are paid up to 120 euros a night.",
    "leave": "员工入职满一年后，每年享有十天带薪年假。",
}
ASKED = {"valve": "brass valve", "hotel": "hotel price a night", "leave": "带薪年假有几天"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with one labelled set, where each question has the entry of its own id."""
    folder = tmp_path / "data" / "tiny"
    folder.mkdir(parents=True)
    for name, texts in (("corpus", ENTRIES), ("queries", ASKED)):
        lines = (json.dumps({"_id": id_, "text": text}) for id_, text in texts.items())
        (folder / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    qrels = "".join(f"{id_}\t{id_}\t1\n" for id_ in ENTRIES)
    (folder / "qrels.tsv").write_text(f"query-id\tcorpus-id\tscore\n{qrels}", encoding="utf-8")
    return folder.parent


def options(data: Path | None = None, **given: Any) -> Options:
    return Options(data=data, **{"sets": [], "embedding": None, "limit_queries": None, "size": 200, **given})


def assert_same_columns(rows: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]) -> None:
    assert len({tuple(row) for row in rows}) == 1
    table(rows)
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(rows)


def test_quality_finds_what_each_peer_can_find(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = {row["search"]: row for row in quality.run(options(data, embedding="hash:256"))}
    fused = [name for name in peers.FUSED if not peers.missing(name)]
    assert {"hybrid (hash:256)", "full-text (hash:256)", *(f"{name} (hash:256)" for name in fused)} <= set(
        rows
    )
    assert rows["full-text (hash:256)"]["ndcg@10"] == 1.0
    assert all(0 <= row["ndcg@10"] <= 1 for row in rows.values())
    assert_same_columns(list(rows.values()), capsys)


def test_a_peer_that_is_not_installed_is_left_out(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("rank_bm25", "bm25s", "jieba"):
        monkeypatch.setitem(sys.modules, package, None)
    searches = [row["search"] for row in quality.run(options(data))]
    assert searches == ["keyword (economy)", "keyword (economy, 10 keywords)"]
    assert "left out: rank-bm25 (our words); not installed: rank_bm25" in capsys.readouterr().err


def test_a_suite_of_labelled_sets_asks_for_them() -> None:
    with pytest.raises(InputError, match="--data"):
        list(quality.run(options()))


@pytest.mark.slow
def test_query_measures_modes_filters_and_libraries(capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(query.run(options(limit_queries=2)))
    assert [(row["search"], row["filter"]) for row in rows[: len(query.MODES) * len(query.FILTERS)]] == [
        (mode, share) for mode in query.MODES for share in query.FILTERS
    ]
    assert {row["recall"] for row in rows if row["filter"]} == {1.0}
    assert_same_columns(rows, capsys)


@pytest.mark.slow
def test_ingest_measures_every_index_in_its_own_process(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = list(ingest.run(options(data)))
    assert rows[0]["index"] == ingest.OURS
    assert {row["chunks"] for row in rows} == {len(ENTRIES)}
    assert all(row["peak_mb"] >= row["texts_mb"] > 0 for row in rows)
    assert_same_columns(rows, capsys)


def test_a_made_up_library_is_the_same_every_time_and_its_shares_are_exact() -> None:
    made = library(2000)
    assert made == library(2000)
    assert questions(4) == questions(4)
    shares = {
        share: sum(matches(where, metadata) for metadata in made.metadata)
        for share, where in SELECTIVE.items()
    }
    assert shares == {"0.1 %": 2, "2 %": 40, "50 %": 1000}


def test_keyword_cosine_by_hand() -> None:
    both, one = math.log(3 / 3) + 1, math.log(3 / 2) + 1
    candidates = [frozenset({"年假", "天"}), frozenset({"年假"})]
    expected = [both / math.hypot(both, one), 1.0]
    assert peers.keyword_cosines(["年假", "unknown"], candidates) == pytest.approx(expected)
    assert peers.keyword_cosines(["unknown"], candidates) == [0.0, 0.0]


def test_dify_keywords_are_case_sensitive_words_of_two_letters_or_more() -> None:
    pytest.importorskip("jieba")
    assert peers.dify_keywords("Dify dify 的 a") == {"Dify", "dify"}
