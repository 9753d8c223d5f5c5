"""Knowledge bases as a library: made, searched, filtered, emptied and dropped."""

from pathlib import Path

import pytest

from knowledge import Document, Field, KnowledgeBase, Workspace
from knowledge.errors import AlreadyExists, FilterError, InputError, ModeError, NotFound, WorkspaceLocked


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
