"""A score explains itself: its parts make it up again, and a passage that is no hit knows why."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge import KnowledgeBase, Workspace
from knowledge.cli import main
from knowledge.errors import NotFound
from knowledge.explaining import explained
from knowledge.types import Document, Hit, Mode

TEXTS = {
    "leave": "Every employee has twenty days of annual leave. 年假二十天。",
    "sick": "Sick leave is paid for thirty days a year.",
    "cranes": "Harbour cranes lift containers from ships.",
    "tariff": "The harbour tariff rises every spring.",
    "holiday": "Public holidays are not counted as annual leave.",
}
MODES: tuple[Mode, ...] = ("full-text", "vector", "hybrid")


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeBase]:
    with Workspace(tmp_path_factory.mktemp("workspace")) as workspace:
        made = workspace.create("handbook", embedding="hash:32")
        for year, (name, text) in enumerate(TEXTS.items(), 2020):
            made.ingest(Document(name=name, text=text), metadata={"year": year})
        yield made


def score_of(hit: Hit) -> float:
    """The formula of the documentation, from the parts."""
    parts = hit.evidence
    assert parts is not None
    if parts.vector_weight is not None and parts.vector and parts.text:
        return parts.vector_weight * parts.vector.score + (1 - parts.vector_weight) * parts.text.score
    part = parts.vector or parts.text
    assert part is not None
    return part.score


QUERIES = st.lists(st.sampled_from("annual leave days harbour 年假 cranes zebra spring".split()), min_size=1)


@given(words=QUERIES, mode=st.sampled_from(MODES))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_parts_make_the_score(kb: KnowledgeBase, words: list[str], mode: Mode) -> None:
    for hit in kb.search(" ".join(words), mode=mode, explain=True):
        assert score_of(hit) == pytest.approx(hit.score, abs=2e-6)
        assert hit.evidence is not None
        text = hit.evidence.text
        if text is not None:
            assert sum(term.raw for term in text.terms) == pytest.approx(text.raw)
            share = text.trust * text.raw / text.ceiling if text.ceiling else 0
            assert 1 - (1 - share) ** 2 == pytest.approx(text.score)


def test_terms_are_told_apart_by_where_they_occur(kb: KnowledgeBase) -> None:
    text = kb.why_not("annual zebra harbour", id_of(kb, "leave"), mode="full-text").evidence.text
    assert text is not None
    assert {term.term: (term.raw > 0, term.weight is None) for term in text.terms} == {
        "annual": (True, False),
        "zebra": (False, True),
        "harbour": (False, False),
    }


def test_ranks_are_those_of_each_leg(kb: KnowledgeBase) -> None:
    query = "harbour cranes"
    for hit in kb.search(query, mode="hybrid", explain=True):
        assert hit.evidence is not None
        assert hit.evidence.vector is not None
        by_vector = [found.document.name for found in kb.search(query, mode="vector", top_k=10)]
        if hit.document.name in by_vector and hit.evidence.vector.rank is not None:
            assert hit.evidence.vector.rank <= by_vector.index(hit.document.name) + 1


def id_of(kb: KnowledgeBase, name: str) -> str:
    return kb.chunks(name)[0].id


def test_a_hit_is_found(kb: KnowledgeBase) -> None:
    found = kb.why_not("harbour cranes", id_of(kb, "cranes"), mode="full-text")
    assert (found.reasons, found.place) == ((), 1)


def test_its_place(kb: KnowledgeBase) -> None:
    found = kb.why_not("annual leave", id_of(kb, "sick"), mode="full-text", top_k=1)
    assert found.reasons == ("it is at place 3; asked for were 1",)


def test_the_filter(kb: KnowledgeBase) -> None:
    found = kb.why_not("harbour cranes", id_of(kb, "cranes"), where="year >= 2023")
    assert found.reasons == ("the filter keeps its document out: year >= 2023: the document has 2022",)
    assert [verdict.holds for verdict in found.evidence.verdicts] == [False]


def test_a_time_that_no_calendar_has_is_shown_as_a_number(tmp_path: Path) -> None:
    milliseconds = 1_700_000_000_000_000
    with Workspace(tmp_path) as workspace:
        kb = workspace.create("port")
        kb.ingest(Document(name="b", text="b"), metadata={"signed": datetime(2024, 1, 1, tzinfo=UTC)})
        kb.ingest(Document(name="a", text=TEXTS["cranes"]), metadata={"signed": milliseconds})
        found = kb.why_not("harbour cranes", id_of(kb, "a"), where="signed < 1970-01-01")
        (reason,) = found.reasons
        assert reason.endswith(f"the document has {milliseconds}")


def test_a_hit_that_is_gone_meanwhile_has_no_evidence(tmp_path: Path) -> None:
    with Workspace(tmp_path) as workspace:
        kb = workspace.create("port")
        kb.ingest([Document(name=name, text=TEXTS[name]) for name in ("cranes", "tariff")])
        found = kb.search("harbour")
        kb.ingest(Document(name="cranes", text="Nothing of that kind."))
        options = kb._search_options()
        shown = {hit.document.name: hit for hit in explained(kb._generation, "harbour", options, found)}
        assert shown["cranes"].evidence is None
        assert shown["tariff"].evidence is not None
        kb.remove("tariff")
        gone = explained(kb._generation, "harbour", options, found)
        assert [hit.evidence for hit in gone] == [None, None]


def test_the_threshold(kb: KnowledgeBase) -> None:
    found = kb.why_not("annual harbour leave", id_of(kb, "tariff"), mode="full-text", threshold=0.9)
    assert found.score is not None
    assert found.reasons == (f"its score {found.score:.3f} is below the threshold 0.9",)


def test_no_word_in_common(kb: KnowledgeBase) -> None:
    found = kb.why_not("zebra stripes", id_of(kb, "cranes"), mode="full-text")
    assert found.reasons == ("it shares no word with the question",)


def test_an_unknown_passage(kb: KnowledgeBase) -> None:
    with pytest.raises(NotFound, match="no passage 'nowhere'"):
        kb.why_not("harbour", "nowhere")


def test_a_parent_has_the_evidence_of_its_best_child(tmp_path: Path) -> None:
    text = "Harbour cranes lift containers from ships.\n" + "Nothing to see on this line, really.\n" * 9
    with Workspace(tmp_path) as workspace:
        kb = workspace.create(
            "parents",
            structure="parent-child",
            embedding="hash:32",
            child_max_length=50,
            parent_mode="full-doc",
        )
        kb.ingest(Document(name="a", text=text))
        (hit,) = kb.search("harbour cranes", mode="full-text", explain=True)
        assert hit.children[0].content.startswith("Harbour cranes")
        assert score_of(hit) == pytest.approx(hit.score, abs=2e-6)
        assert kb.why_not("harbour cranes", hit.chunk.id, mode="full-text").score == pytest.approx(hit.score)


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = ("--workspace", str(tmp_path / "workspace"))
    (tmp_path / "cranes.txt").write_text(TEXTS["cranes"])
    main([*workspace, "--quiet", "ingest", str(tmp_path / "cranes.txt"), "--kb", "port"])
    capsys.readouterr()
    main([*workspace, "search", "harbour ships", "--kb", "port", "--explain"])
    shown = capsys.readouterr().out
    assert "   | text " in shown
    assert "found: harbour " in shown
    with Workspace(tmp_path / "workspace", lock=False) as opened:
        chunk_id = opened.open("port").chunks("cranes.txt")[0].id
    main([*workspace, "search", "zebra", "--kb", "port", "--why-not", chunk_id])
    assert "Not found: it shares no word with the question." in capsys.readouterr().out
