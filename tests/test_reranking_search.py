"""Searches that are reranked: the pool in the reranker's order, and the ranking as it was where it fails."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from external_server import BASE, KEY, ExternalServer, serving
from hypothesis import given, settings
from hypothesis import strategies as st
from rerank_server import overlap, running

from knowledge import Hits, KnowledgeBase, Workspace
from knowledge.cli import main
from knowledge.errors import InputError
from knowledge.server.asking import Question
from knowledge.server.bases import WorkspaceBases
from knowledge.types import Block, Document, Fusion

TEXTS = {
    f"{place}-{number}": f"The {place} has {number} cranes and a {thing}."
    for number, (place, thing) in enumerate(
        (place, thing)
        for place in ("harbour", "garden", "island")
        for thing in ("pond", "tower", "gate", "road")
    )
}
QUERY = "cranes of the harbour and the garden gate"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Workspace(tmp_path_factory.mktemp("workspace")) as made:
        for name, embedding in (("places", "hash:16"), ("more", None)):
            kb = made.create(name, embedding=embedding)
            for number, (key, text) in enumerate(TEXTS.items()):
                kb.ingest(Document(name=key, text=text), metadata={"even": number % 2})
        yield made


@pytest.fixture
def kb(workspace: Workspace) -> KnowledgeBase:
    return workspace.open("places")


def noise(query: str, texts: Sequence[str]) -> list[float]:
    """Scores that have nothing to do with the ranking, few of them so that some tie."""
    return [crc32(f"{query}{text}".encode()) % 7 / 7 for text in texts]


def names(found: Hits) -> list[str]:
    return [hit.document.name for hit in found]


def same(one: Hits, other: Hits) -> bool:
    """But for what time it took and what is warned of."""
    return (one.hits, one.calibrated, one.score_kind) == (other.hits, other.calibrated, other.score_kind)


ASKED: dict[str, st.SearchStrategy[Any]] = {
    "pool": st.integers(1, 14),
    "top_k": st.integers(1, 14),
    "threshold": st.sampled_from([None, 0.0, 0.3, 0.6]),
    "fusion": st.sampled_from(["weighted", "rrf"]),
    "where": st.sampled_from([None, "even = 1"]),
}


@settings(max_examples=60, deadline=None)
@given(**ASKED)
def test_it_is_the_pool_in_the_order_of_the_scores(
    workspace: Workspace, pool: int, top_k: int, threshold: float | None, fusion: Fusion, where: str | None
) -> None:
    kb = workspace.open("places")
    threshold = None if fusion == "rrf" else threshold
    fused = kb.search(QUERY, top_k=pool, fusion=fusion, where=where)
    scores = dict(zip(names(fused), noise(QUERY, [hit.content for hit in fused]), strict=True))
    enough = [name for name in names(fused) if scores[name] > 0 and scores[name] >= (threshold or 0)]
    asked: dict[str, Any] = {"rerank": noise, "rerank_pool": pool, "fusion": fusion, "where": where}
    found = kb.search(QUERY, top_k=top_k, threshold=threshold, **asked)
    assert names(found) == sorted(enough, key=lambda name: -scores[name])[:top_k]
    assert [hit.score for hit in found] == [scores[name] for name in names(found)]
    assert (found.calibrated, found.score_kind) == (False, "rerank")
    longer = kb.search(QUERY, top_k=top_k + 3, threshold=threshold, **asked)
    assert longer.hits[:top_k] == found.hits


def fails(query: str, texts: Sequence[str]) -> list[float]:
    raise RuntimeError("out of memory")


def gives_nan(query: str, texts: Sequence[str]) -> list[float]:
    return [math.nan for _ in texts]


def gives_one(query: str, texts: Sequence[str]) -> list[float]:
    return [0.5]


@settings(max_examples=30, deadline=None)
@given(**ASKED, broken=st.sampled_from([fails, gives_nan, gives_one]))
def test_where_it_fails_the_search_is_the_one_without(
    workspace: Workspace,
    pool: int,
    top_k: int,
    threshold: float | None,
    fusion: Fusion,
    where: str | None,
    broken: Any,
) -> None:
    kb = workspace.open("places")
    asked: dict[str, Any] = {
        "top_k": top_k, "threshold": None if fusion == "rrf" else threshold, "fusion": fusion, "where": where,
    }  # fmt: skip
    found = kb.search(QUERY, **asked, rerank=broken, rerank_pool=max(2, pool))
    fused = kb.search(QUERY, **asked)
    if len(kb.search(QUERY, top_k=max(2, pool), fusion=fusion, where=where)) > 1:
        assert same(found, fused)
        assert found.warnings[-1].startswith("not reranked: ")


def test_a_threshold_on_ranks_is_refused_even_where_the_reranker_works(workspace: Workspace) -> None:
    asked: dict[str, Any] = {"fusion": "rrf", "threshold": 0.3, "rerank": noise}
    with pytest.raises(InputError, match="rrf scores are ranks"):
        workspace.open("places").search(QUERY, **asked)
    with pytest.raises(InputError, match="rrf scores are ranks"):
        workspace.search(QUERY, knowledge_bases=["places", "more"], **asked)


def test_a_server_that_is_slow_or_broken(kb: KnowledgeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KNOWLEDGE_RERANK_TIMEOUT_S", "0.1")
    with running() as server:
        server.answer = server.silent
        slow = kb.search(QUERY, rerank=server.spec())
        server.released.set()
        monkeypatch.delenv("KNOWLEDGE_RERANK_TIMEOUT_S")
        server.answer = lambda body: (500, {"message": "no memory"})
        broken = kb.search(QUERY, rerank=server.spec(path="/v2"))
    assert same(slow, kb.search(QUERY))
    assert same(broken, kb.search(QUERY))
    assert "not reranked" in slow.warnings[-1]
    assert "no memory" in broken.warnings[-1]


def test_a_model_that_never_ends_is_not_waited_for(
    kb: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KNOWLEDGE_RERANK_TIMEOUT_S", "0.1")
    with running() as server:

        def waits(query: str, texts: Sequence[str]) -> list[float]:
            server.released.wait()
            return noise(query, texts)

        found = kb.search(QUERY, rerank=waits)
    assert same(found, kb.search(QUERY))
    assert "gave no scores within 0.1 s" in found.warnings[-1]


def test_what_a_base_is_set_to_holds_until_a_search_says_otherwise(workspace: Workspace) -> None:
    kb = workspace.open("more")
    with running() as server:
        kb.change_settings({"rerank": server.spec(), "rerank_pool": 3})
        found = kb.search(QUERY)
        assert found.score_kind == "rerank"
        assert [hit.score for hit in found] == sorted(
            overlap(QUERY, [hit.content for hit in kb.search(QUERY, rerank="none", top_k=3)]), reverse=True
        )
        assert found.warnings == ("only 3 passages were reranked; for 5 raise rerank_pool",)
        assert kb.search(QUERY, rerank="none").score_kind == "absolute"
        records = WorkspaceBases(workspace).find(Question(knowledge_id="more", query=QUERY))
        assert [record["score"] for record in records] == [hit.score for hit in found]
        kb.change_settings({"rerank": None, "rerank_pool": None})
    assert kb.search(QUERY).score_kind == "absolute"


def test_a_setting_that_names_no_reranker_is_refused(kb: KnowledgeBase) -> None:
    with pytest.raises(InputError, match="unknown reranker 'cohere:large'"):
        kb.change_settings({"rerank": "cohere:large"})
    assert kb.settings["rerank"] is None


def test_what_was_moved_is_explained(kb: KnowledgeBase) -> None:
    fused = kb.search(QUERY, top_k=8)
    for rank, hit in enumerate(kb.search(QUERY, top_k=4, rerank=noise, rerank_pool=8, explain=True), 1):
        assert hit.evidence is not None
        part = hit.evidence.rerank
        assert part is not None
        before = fused[part.rank_before - 1]
        assert (part.rank, part.score, part.model) == (rank, hit.score, "noise")
        assert (before.chunk.id, before.score) == (hit.chunk.id, pytest.approx(part.score_before, abs=2e-6))
        assert hit.evidence.text is not None


def test_why_a_passage_is_not_among_the_reranked(kb: KnowledgeBase) -> None:
    fused = kb.search(QUERY, top_k=12)
    asked: dict[str, Any] = {"rerank": noise, "rerank_pool": 8}
    ranked = kb.search(QUERY, top_k=8, **asked)
    best, second = ranked[0], ranked[1]
    assert kb.why_not(QUERY, best.chunk.id, **asked).reasons == ()
    found = kb.why_not(QUERY, second.chunk.id, top_k=1, **asked)
    assert found.reasons == ("it is at place 2 after reranking; asked for were 1",)
    assert found.score == second.score
    last = ranked[len(ranked) - 1]
    (below,) = kb.why_not(QUERY, last.chunk.id, threshold=0.99, **asked).reasons
    assert below == f"its reranked score {last.score:.3f} is below the threshold 0.99"
    (deep,) = kb.why_not(QUERY, fused[9].chunk.id, **asked).reasons
    assert deep == "it is at place 10 before reranking; the first 8 are reranked (rerank_pool)"
    (none,) = kb.why_not(QUERY, fused[0].chunk.id, rerank=lambda query, texts: [None for _ in texts]).reasons
    assert none == "the reranker gave it no score, or 0"


class Reading:
    """Remembers what it was given to read."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, query: str, texts: Sequence[str]) -> list[float]:
        self.texts = list(texts)
        return [0.5 for _ in texts]


def test_it_reads_headings_answers_and_parents_around_their_best_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KNOWLEDGE_RERANK_LENGTH", "100")
    reading = Reading()
    line = "Nothing to see on this line.\n"
    with Workspace(tmp_path) as made:
        parents = made.create(
            "parents", structure="parent-child", embedding="hash:16", parent_mode="full-doc"
        )
        parents.ingest(Document(name="a", text=line * 20 + "Harbour cranes lift containers.\n" + line * 20))
        (hit,) = parents.search("harbour cranes", mode="full-text", rerank=reading)
        assert len(reading.texts[0]) == 100
        assert hit.children[0].content in reading.texts[0] or reading.texts[0] in hit.children[0].content
        pairs = made.create("pairs", structure="qa", embedding="hash:16")
        pairs.ingest(Document(name="b", text="Q: What lifts containers?\nA: The cranes of the harbour.\n"))
        pairs.search("what lifts containers", rerank=reading)
        assert reading.texts == ["What lifts containers?\nThe cranes of the harbour."]
        heading, text = Block(kind="heading", start=0, end=6, level=1), "Cranes\n\nThey lift containers."
        general = made.create("general")
        general.ingest(
            Document(name="c", text=text, blocks=(heading, Block(kind="paragraph", start=8, end=29)))
        )
        (hit,) = general.search("containers", rerank=reading)
        assert reading.texts == [f"{hit.context}\n{hit.content}" if hit.context else hit.content]
        assert "Cranes" in reading.texts[0]


def test_several_bases_are_reranked_together(workspace: Workspace) -> None:
    asked: dict[str, Any] = {"knowledge_bases": ["places", "more"], "rerank": noise, "rerank_pool": 20}
    found = workspace.search(QUERY, **asked, top_k=6, threshold=0.2)
    pools = [workspace.open(name).search(QUERY, top_k=20) for name in ("places", "more")]
    known = {(hit.knowledge_base.name, hit.chunk.id) for pool in pools for hit in pool}
    assert {(hit.knowledge_base.name, hit.chunk.id) for hit in found} <= known
    assert {hit.knowledge_base.name for hit in found} == {"places", "more"}
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)
    assert all(hit.score == noise(QUERY, [hit.content])[0] >= 0.2 for hit in found)
    assert found.score_kind == "rerank"
    assert found.warnings == ()
    assert workspace.search(QUERY, **asked, top_k=9, threshold=0.2).hits[:6] == found.hits
    plain = workspace.search(QUERY, knowledge_bases=["places", "more"], top_k=6)
    assert same(workspace.search(QUERY, **{**asked, "rerank": fails}, top_k=6), plain)


def test_bases_with_one_reranker_compare_and_others_do_not(workspace: Workspace) -> None:
    bases = [workspace.open(name) for name in ("places", "more")]
    asked = [base.name for base in bases]
    with running() as server:
        bases[0].change_settings({"rerank": server.spec()})
        mixed = workspace.search(QUERY, knowledge_bases=asked)
        bases[1].change_settings({"rerank": server.spec()})
        found = workspace.search(QUERY, knowledge_bases=asked)
        for base in bases:
            base.change_settings({"rerank": None})
    assert any("are of its reranker" in warning for warning in mixed.warnings)
    assert (mixed.score_kind, mixed.calibrated) == ("absolute", False)
    assert (found.score_kind, found.warnings) == ("rerank", ())


def last_first(query: str, texts: Sequence[str]) -> list[float]:
    return [(at + 1) / len(texts) for at in range(len(texts))]


def test_passages_of_another_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTERNAL_KEY", KEY)
    with serving(ExternalServer()) as partner, Workspace(tmp_path) as made:
        kb = made.create_external("partner", url=partner.url, knowledge_id=BASE, key_variable="EXTERNAL_KEY")
        plain = kb.search("leave", top_k=10)
        found = kb.search("leave", top_k=10, rerank=last_first, rerank_pool=10)
        assert [hit.content for hit in found] == [hit.content for hit in reversed(plain.hits)]


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Workspace(tmp_path) as made:
        made.create("port").ingest([Document(name=name, text=text) for name, text in TEXTS.items()])
    workspace = ("--workspace", str(tmp_path), "--quiet")
    with running() as server:
        main([*workspace, "search", QUERY, "--kb", "port", "--rerank", server.spec(), "--explain"])
        shown = capsys.readouterr().out
        main(
            [
                *workspace,
                "search",
                QUERY,
                "--kb",
                "port",
                "--rerank",
                server.spec(),
                "--rerank-pool",
                "2",
                "--json",
            ]
        )
        found = json.loads(capsys.readouterr().out)
    assert "   | reranked " in shown
    assert (found["score_kind"], found["calibrated"], len(found["hits"])) == ("rerank", False, 2)
