"""The measures, by hand and as ir_measures has them; labelled sets and runs in files."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rerank_server import overlap, running

from knowledge.cli import main
from knowledge.errors import InputError, NotFound
from knowledge.evaluation import load, load_questions, read_qrels
from knowledge.measures import MEASURES, by_query, mrr, ndcg, recall
from knowledge.run_files import read_run, write_run

FOUND = ["a", "b", "c", "d"]
IR_MEASURES = {"ndcg@10": "nDCG@10", "recall@10": "R@10", "recall@100": "R@100", "mrr@10": "RR@10"}

documents = st.lists(st.sampled_from("abcdefghijklmnopqrst"), unique=True, max_size=20)
grades = st.dictionaries(st.sampled_from("abcdefghijklmnopqrst"), st.integers(1, 4), min_size=1)


@given(found=documents, wanted=grades)
@pytest.mark.parametrize("name", MEASURES)
def test_they_are_those_of_ir_measures(name: str, found: list[str], wanted: dict[str, int]) -> None:
    pytest.importorskip("ir_measures")
    rankings, qrels = {"q": found}, {"q": {document: float(grade) for document, grade in wanted.items()}}
    ours, theirs = (by_query(of, rankings, qrels) for of in (name, IR_MEASURES[name]))
    assert ours == pytest.approx(theirs)


def test_ndcg_by_hand() -> None:
    grades = {"b": 2.0, "d": 1.0, "x": 1.0}
    gained = 2 / math.log2(3) + 1 / math.log2(5)
    ideal = 2 / math.log2(2) + 1 / math.log2(3) + 1 / math.log2(4)
    assert ndcg(FOUND, grades, 10) == pytest.approx(gained / ideal)
    assert ndcg(FOUND, grades, 2) == pytest.approx((2 / math.log2(3)) / (2 + 1 / math.log2(3)))


def test_recall_and_mrr_by_hand() -> None:
    grades = {"b": 1.0, "x": 1.0}
    assert recall(FOUND, grades, 1) == 0.0
    assert recall(FOUND, grades, 10) == 0.5
    assert mrr(FOUND, grades) == 0.5
    assert mrr(FOUND, grades, k=1) == 0.0


def test_a_perfect_and_an_empty_answer() -> None:
    assert ndcg(["a"], {"a": 3.0}, 10) == 1.0
    assert (ndcg([], {"a": 3.0}, 10), recall([], {"a": 1.0}, 10), mrr([], {"a": 1.0})) == (0.0, 0.0, 0.0)


def test_a_query_that_was_not_asked_has_found_nothing() -> None:
    pytest.importorskip("ir_measures")
    qrels = {"q": {"a": 1.0}, "r": {"b": 1.0}}
    assert by_query("mrr@10", {"q": ["a"]}, qrels) == {"q": 1.0, "r": 0.0}
    assert by_query("AP", {"q": ["c", "a"]}, qrels) == {"q": 1 / 2, "r": 0.0}


def test_an_unknown_measure_says_which_there_are() -> None:
    pytest.importorskip("ir_measures")
    with pytest.raises(InputError, match=r"allowed: ndcg@10.*such as AP"):
        by_query("beauty", {}, {})


def test_qrels_of_beir_and_of_trec_say_the_same(tmp_path: Path) -> None:
    beir, trec = tmp_path / "beir.tsv", tmp_path / "trec.txt"
    beir.write_text("query-id\tcorpus-id\tscore\nq\tmy file.pdf\t2\nq\tb\t0\n", encoding="utf-8")
    trec.write_text("q\t0\tmy file.pdf\t2\nq 0 b 0\n", encoding="utf-8")
    assert read_qrels(beir) == read_qrels(trec) == {"q": {"my file.pdf": 2.0, "b": 0.0}}
    trec.write_text("q 0 b 1\nq b\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 2"):
        read_qrels(trec)


def test_queries_that_nothing_answers_are_kept_apart(tmp_path: Path) -> None:
    (tmp_path / "q.tsv").write_text(
        "q\tis it blue\nnone\tis it green\nnot judged\tis it red\n", encoding="utf-8"
    )
    (tmp_path / "qrels").write_text("q 0 a 1\nq 0 b 0\nnone 0 a 0\n", encoding="utf-8")
    labelled = load_questions(tmp_path / "q.tsv", tmp_path / "qrels")
    assert labelled.queries == {"q": "is it blue"}
    assert labelled.qrels == {"q": {"a": 1.0}}
    assert labelled.unanswerable == {"none": "is it green"}


def test_a_missing_file_is_named(labelled: Path) -> None:
    (labelled / "queries.jsonl").unlink()
    with pytest.raises(NotFound, match=r"no queries\.jsonl"):
        load(labelled)


ids = st.text("abc 文", min_size=1).map(str.strip).filter(bool)
runs = st.dictionaries(ids, st.dictionaries(ids, st.floats(0, 1), min_size=1))


@given(found=runs)
def test_a_run_is_read_as_it_was_written(found: dict, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("run") / "a.run"
    best_first = {query: dict(sorted(of.items(), key=lambda item: -item[1])) for query, of in found.items()}
    write_run(path, best_first, "a")
    assert read_run(path) == {query: list(of) for query, of in best_first.items()}


def test_equal_scores_keep_their_order_in_a_run(tmp_path: Path) -> None:
    write_run(tmp_path / "a.run", {"q": {"b": 0.5, "a": 0.5, "c": 0.25}}, "mine")
    assert (tmp_path / "a.run").read_text("utf-8").splitlines() == [
        "q\tQ0\tb\t1\t0.500000000\tmine",
        "q\tQ0\ta\t2\t0.499999999\tmine",
        "q\tQ0\tc\t3\t0.250000000\tmine",
    ]


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """A labelled folder of three documents and two queries; the second query is about the first document."""
    folder = tmp_path / "colours"
    folder.mkdir()
    corpus = {"sky": "the sky is blue", "grass": "grass is green", "snow": "snow is white"}
    queries = {"q1": "green grass", "q2": "snow in the sky"}
    for name, texts in (("corpus", corpus), ("queries", queries)):
        lines = (json.dumps({"_id": id_, "text": text}) for id_, text in texts.items())
        (folder / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (folder / "qrels.tsv").write_text("query\tdocument\tgrade\nq1\tgrass\t1\nq2\tsky\t1\n", encoding="utf-8")
    return folder


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, dict]:
    code = main(["--json", *map(str, arguments)])
    return code, json.loads(capsys.readouterr().out)


def test_eval_tells_of_every_query_and_writes_a_run(
    capsys: pytest.CaptureFixture[str], labelled: Path, tmp_path: Path
) -> None:
    path = tmp_path / "keyword.run"
    code, result = run(capsys, "eval", "--data", labelled, "--per-query", "--run", path)
    (row,) = result["results"]
    assert (code, row["mode"], result["queries"]) == (0, "keyword", 2)
    by_id = {query["query_id"]: query for query in row["per_query"]}
    assert by_id["q1"]["ndcg@10"] == by_id["q1"]["mrr@10"] == 1.0
    assert row["mrr@10"] == pytest.approx((1.0 + by_id["q2"]["mrr@10"]) / 2, abs=1e-4)
    assert read_run(path)["q1"][0] == "grass"


def test_a_run_is_of_one_mode(capsys: pytest.CaptureFixture[str], labelled: Path, tmp_path: Path) -> None:
    embedding = ("--embedding", "hash:64")
    code, result = run(capsys, "eval", "--data", labelled, *embedding, "--run", tmp_path / "a.run")
    assert (code, result["error"]["type"]) == (2, "InputError")
    assert "--modes" in result["error"]["message"]


def test_eval_measures_what_a_reranker_makes_of_it(
    capsys: pytest.CaptureFixture[str], labelled: Path, tmp_path: Path
) -> None:
    asked = ("eval", "--data", labelled, "--run", tmp_path / "a.run")
    plain = run(capsys, *asked)[1]
    with running() as server:
        code, result = run(capsys, *asked, "--rerank", server.spec(), "--rerank-pool", "2")
    scores = overlap("snow in the sky", ["the sky is blue", "snow is white"])
    assert (code, result["rerank"], "rerank" in plain) == (0, server.spec(), False)
    assert scores[0] > scores[1]
    assert read_run(tmp_path / "a.run")["q2"] == ["sky", "snow"]


def test_a_reranker_that_fails_is_not_measured(capsys: pytest.CaptureFixture[str], labelled: Path) -> None:
    with running(lambda body: (500, {"message": "no memory"})) as server:
        code, result = run(capsys, "eval", "--data", labelled, "--rerank", server.spec())
    assert (code, result["error"]["type"]) == (1, "RerankError")
    assert "no memory" in result["error"]["message"]


def test_a_reranker_that_there_is_not_is_told_before_anything_is_indexed(
    capsys: pytest.CaptureFixture[str], labelled: Path
) -> None:
    code, result = run(capsys, "eval", "--data", labelled, "--rerank", "cohere:large")
    assert (code, result["error"]["type"]) == (2, "InputError")


def test_eval_needs_something_to_measure(capsys: pytest.CaptureFixture[str]) -> None:
    code, result = run(capsys, "eval")
    assert (code, result["error"]["type"]) == (2, "InputError")
