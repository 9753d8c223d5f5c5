"""Tuning: half of the questions choose, the other half decides, and nothing else changes a setting."""

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rerank_server import Answer, Body, overlap, running

from knowledge import KnowledgeBase, Workspace
from knowledge.cli import main
from knowledge.errors import InputError, RerankError
from knowledge.evaluation import Labelled, sources
from knowledge.tuning import changes, halves, is_right, tune

SUBJECTS = "anchor barrel candle donkey engine feather glacier hammer island jacket kettle lantern".split()
PLACES = "north south".split()

names = st.dictionaries(st.text("abc", min_size=1), st.just("text"), max_size=20)


def labelled() -> Labelled:
    """A passage for each subject and place, a question that shares its two words and as many others, and as many
    questions about nothing that is there."""
    pairs = [(subject, place) for subject in SUBJECTS for place in PLACES]
    corpus = [
        {"_id": f"{subject}-{place}", "text": f"The {subject} of the {place} is kept in a box of its own."}
        for subject, place in pairs
    ]
    queries = {
        f"q {subject} {place}": f"where does the {place} keep its {subject}" for subject, place in pairs
    }
    qrels = {f"q {subject} {place}": {f"{subject}-{place}": 1.0} for subject, place in pairs}
    nothing = {f"n {subject}": f"which novels of {subject[::-1]} are in a box" for subject in SUBJECTS}
    return Labelled(name="boxes", corpus=corpus, queries=queries, qrels=qrels, unanswerable=nothing)


def filled(kb: KnowledgeBase) -> KnowledgeBase:
    kb.ingest_sources(sources(labelled())[0])
    return kb


@pytest.fixture
def economy(workspace: Workspace) -> KnowledgeBase:
    return filled(workspace.create("economy"))


@pytest.fixture
def with_vectors(workspace: Workspace) -> KnowledgeBase:
    """Its vectors know next to nothing: of eight dimensions, made of letters."""
    kb = filled(workspace.create("vectors", embedding="hash:8"))
    kb.change_settings({"mode": "vector"})
    return kb


@given(queries=names, unanswerable=names, seed=st.integers(0, 5))
def test_every_question_is_in_one_half(queries: dict, unanswerable: dict, seed: int) -> None:
    qrels = {query: {"a": 1.0} for query in queries}
    given = Labelled(name="", corpus=(), queries=queries, qrels=qrels, unanswerable=unanswerable)
    split = halves(given, seed)
    for part in ("queries", "unanswerable"):
        tuning, held_out = getattr(split.tuning, part), getattr(split.held_out, part)
        assert not tuning.keys() & held_out.keys()
        assert {**tuning, **held_out} == getattr(given, part)
        assert 0 <= len(held_out) - len(tuning) <= 1
    assert halves(given, seed) == split


@given(scores=st.dictionaries(st.sampled_from("abc"), st.floats(0, 1)), grade=st.sampled_from("abc"))
def test_a_threshold_helps_either_kind_of_question(scores: dict[str, float], grade: str) -> None:
    """The higher it is, the fewer questions with an answer are right, and the more of those without."""
    answerable = [is_right(scores, {grade: 1.0}, tenth / 10) for tenth in range(12)]
    unanswerable = [is_right(scores, {}, tenth / 10) for tenth in range(12)]
    assert answerable == sorted(answerable, reverse=True)
    assert unanswerable == sorted(unanswerable)


def test_a_threshold_is_found_that_keeps_strangers_out(economy: KnowledgeBase) -> None:
    (choice,) = tune(economy, labelled())
    assert (choice.stage, choice.is_better) == ("threshold", True)
    # Without a threshold the 12 questions of a half that have an answer are right, and the 6 without one wrong.
    assert choice.candidates[0].value == pytest.approx(12 / 18)
    assert choice.held_out.difference > 0
    assert set(choice.held_out.better) <= labelled().unanswerable.keys()
    assert changes([choice]) == {"threshold": choice.chosen.settings["threshold"]}


def test_a_better_mode_is_taken_and_nothing_is_written(with_vectors: KnowledgeBase) -> None:
    before = with_vectors.settings
    ranking = tune(with_vectors, labelled())[0]
    assert ranking.is_better
    assert ranking.chosen.settings["mode"] in ("full-text", "hybrid")
    assert ranking.held_out.is_significant
    assert with_vectors.settings == before


def test_the_same_questions_and_seed_give_the_same_choices(with_vectors: KnowledgeBase) -> None:
    given = labelled()
    shuffled = list(given.queries.items())
    Random(1).shuffle(shuffled)
    again = Labelled(
        name="", corpus=(), queries=dict(shuffled), qrels=given.qrels, unanswerable=given.unanswerable
    )
    first, second = (tune(with_vectors, questions, seed=3) for questions in (given, again))
    assert [choice.chosen for choice in first] == [choice.chosen for choice in second]


def test_what_is_in_force_stays_when_nothing_is_better(with_vectors: KnowledgeBase) -> None:
    with_vectors.change_settings(changes(tune(with_vectors, labelled())))
    assert changes(tune(with_vectors, labelled())) == {}


def test_a_margin_takes_the_place_of_the_test(economy: KnowledgeBase) -> None:
    (gain,) = (choice.held_out.difference for choice in tune(economy, labelled()))
    assert changes(tune(economy, labelled(), margin=gain - 0.01))
    assert not changes(tune(economy, labelled(), margin=gain + 0.01))


def worst_first(body: Body) -> Answer:
    scores = overlap(body["query"], body["documents"])
    return 200, {"results": [{"index": at, "relevance_score": 1 - score} for at, score in enumerate(scores)]}


def test_a_reranker_that_harms_is_switched_off(economy: KnowledgeBase) -> None:
    with running(worst_first) as server:
        economy.change_settings({"rerank": server.spec()})
        reranking = tune(economy, labelled())[0]
    assert (reranking.stage, reranking.is_better) == ("reranking", True)
    assert reranking.chosen.settings == {"rerank": "none"}
    economy.change_settings(changes([reranking]))
    assert economy.settings["rerank"] is None


def test_a_reranker_that_fails_is_not_measured(economy: KnowledgeBase) -> None:
    with running(lambda _: (400, {})) as server:
        economy.change_settings({"rerank": server.spec()})
        with pytest.raises(RerankError, match="mend it"):
            tune(economy, labelled())


def test_too_few_questions_are_refused(economy: KnowledgeBase) -> None:
    few = Labelled(name="", corpus=(), queries={"q": "anchor"}, qrels={"q": {"anchor-north": 1.0}})
    with pytest.raises(InputError, match="at least 12"):
        tune(economy, few)


def test_qrels_of_another_base_are_refused(economy: KnowledgeBase) -> None:
    given = labelled()
    elsewhere = {query: {"4711": 1.0} for query in given.queries}
    strange = Labelled(name="", corpus=(), queries=given.queries, qrels=elsewhere)
    with pytest.raises(InputError, match=r"none of the relevant documents, such as '4711'.*knowledge docs"):
        tune(economy, strange)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The questions in files, and a knowledge base `economy` in the workspace of the command line."""
    monkeypatch.setenv("KNOWLEDGE_WORKSPACE", str(tmp_path / "w"))
    with Workspace(tmp_path / "w") as workspace:
        filled(workspace.create("economy"))
    given = labelled()
    texts = {**given.queries, **given.unanswerable}
    judged = [(query, document, 1) for query, of in given.qrels.items() for document in of]
    judged += [(query, "anchor-north", 0) for query in given.unanswerable]
    for name, rows in (("queries", texts.items()), ("qrels", judged)):
        lines = ("\t".join(map(str, row)) for row in rows)
        (tmp_path / f"{name}.tsv").write_text("\n".join(lines), encoding="utf-8")
    return ["--queries", str(tmp_path / "queries.tsv"), "--qrels", str(tmp_path / "qrels.tsv")]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict]:
    code = main(["--json", *arguments])
    return code, json.loads(capsys.readouterr().out)


def test_the_command_writes_what_is_better(capsys: pytest.CaptureFixture[str], files: list[str]) -> None:
    code, tried = run(capsys, "tune", "economy", *files, "--dry-run")
    assert (code, tried["written"], list(tried["better"])) == (0, False, ["threshold"])
    assert stored_threshold(capsys) is None

    code, done = run(capsys, "tune", "economy", *files)
    assert (code, done["written"], done["stages"]) == (0, True, tried["stages"])
    assert stored_threshold(capsys) == done["better"]["threshold"]


def stored_threshold(capsys: pytest.CaptureFixture[str]) -> float | None:
    settings = run(capsys, "settings", "economy")[1]["settings"]
    (value,) = (row["value"] for row in settings if row["name"] == "threshold")
    return value


def test_it_says_when_nothing_is_better(capsys: pytest.CaptureFixture[str], files: list[str]) -> None:
    main(["tune", "economy", *files])
    assert "set: threshold=" in capsys.readouterr().out
    main(["tune", "economy", *files])
    out = capsys.readouterr().out
    assert "nothing is better than what is in force" in out
    assert "the settings stay as they are" in out


@pytest.mark.parametrize("given", [[], ["--queries", "q.tsv"], ["--data", ".", "--qrels", "q.tsv"]])
def test_it_needs_labelled_questions(capsys: pytest.CaptureFixture[str], given: list[str]) -> None:
    code, report = run(capsys, "tune", "economy", *given)
    assert (code, report["error"]["type"]) == (2, "InputError")
