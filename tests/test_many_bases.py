"""One question to several knowledge bases, some of them elsewhere, dead or slow."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from external_server import BASE, KEY, ExternalServer, serving
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge import Workspace
from knowledge.cli import main
from knowledge.errors import InputError, KnowledgeError, NotFound
from knowledge.types import Document, Hits

TEXTS = {
    "port": ("Harbour cranes lift containers.", "The harbour tariff rises every spring."),
    "staff": ("Every employee has twenty days of leave.", "The harbour office is closed on Sunday."),
    "garden": ("Roses are pruned in spring.", "Cranes fly south in autumn."),
}
EMBEDDINGS = {"port": "hash:16", "staff": "hash:32", "garden": None}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Workspace(tmp_path_factory.mktemp("workspace")) as made:
        for name, texts in TEXTS.items():
            kb = made.create(name, embedding=EMBEDDINGS[name])
            kb.ingest([Document(name=f"{name}-{number}", text=text) for number, text in enumerate(texts)])
        yield made


NAMES = st.lists(st.sampled_from(list(TEXTS)), min_size=1, max_size=3, unique=True)


@given(names=NAMES, query=st.sampled_from(["harbour cranes", "spring", "leave"]), top_k=st.integers(1, 6))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_is_the_best_of_each(workspace: Workspace, names: list[str], query: str, top_k: int) -> None:
    found = workspace.search(query, knowledge_bases=names, top_k=top_k)
    alone = [hit for name in names for hit in workspace.open(name).search(query, top_k=top_k)]
    expected = sorted(alone, key=lambda hit: -hit.score)[:top_k]
    assert list(found) == expected


def test_what_differs_is_told(workspace: Workspace) -> None:
    found = workspace.search("harbour cranes", knowledge_bases=["port", "garden"], fusion="rrf")
    assert found.mode is None
    assert not found.calibrated
    assert any("'port' are of ranks" in warning for warning in found.warnings)
    assert not any("'garden'" in warning for warning in found.warnings)


def test_an_option_that_there_is_not_is_refused_everywhere(tmp_path: Path) -> None:
    """A condition under a misspelt name would otherwise hold for nothing. Nobody is asked."""
    with Workspace(tmp_path) as made:
        made.create("own").ingest(Document(name="own.txt", text="Annual leave."), metadata={"year": 2024})
        made.create_external("partner", url="http://127.0.0.1:9", knowledge_id="x")
        wrong: dict[str, Any] = {"wher": "year = 1999"}
        for name in ("own", "partner"):
            kb = made.open(name)
            with pytest.raises(TypeError, match="wher"):
                kb.search("leave", **wrong)
            with pytest.raises(TypeError, match="wher"):
                kb.search_many(["leave"], **wrong)
            with pytest.raises(TypeError, match="wher"):
                kb.context("leave", max_tokens=100, **wrong)
        for names in (["own"], ["partner"], ["own", "partner"]):
            with pytest.raises(TypeError, match="wher"):
                made.search("leave", knowledge_bases=names, **wrong)
            with pytest.raises(TypeError, match="wher"):
                made.search_many(["leave"], knowledge_bases=names, **wrong)


def test_conditions_that_are_read_once_hold_for_all_bases_and_questions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTERNAL_KEY", KEY)
    with serving(ExternalServer()) as server, Workspace(tmp_path) as made:
        for name in ("one", "two"):
            made.create(name).ingest(Document(name="a.txt", text="Annual leave."), metadata={"year": 2024})
        partner = made.create_external(
            "partner", url=server.url, knowledge_id=BASE, key_variable="EXTERNAL_KEY"
        )
        names, questions = ["one", "two"], ["annual leave", "leave"]
        assert len(made.search("leave", knowledge_bases=names, where=iter(["year = 1999"]))) == 0
        for found in made.search_many(questions, knowledge_bases=names, where=iter(["year = 1999"])):
            assert isinstance(found, Hits)
            assert len(found) == 0
        partner.search_many(questions, where=iter(["year = 1999"]))
        partner.search("leave", where=iter(["year = 1999"]), rerank=lambda query, texts: [])
        assert server.seen
        assert all("metadata_condition" in body for body in server.seen)


def test_a_model_is_loaded_once(tmp_path: Path) -> None:
    with Workspace(tmp_path) as made:
        models = [made.create(name, embedding="hash:8")._generation.embedder for name in ("a", "b")]
        assert models[0] is models[1]


def test_a_base_that_is_not_there(workspace: Workspace) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        workspace.search("harbour", knowledge_bases=["port", "nowhere"])
    with pytest.raises(InputError, match="name at least one"):
        workspace.search("harbour", knowledge_bases=[])


def test_others_answer_for_a_base_that_is_dead_or_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTERNAL_KEY", KEY)
    with (
        serving(ExternalServer()) as partner,
        socket.create_server(("127.0.0.1", 0)) as silent,
        Workspace(tmp_path) as made,
    ):
        made.create("own").ingest(Document(name="own.txt", text="Annual leave is twenty days."))
        urls = {
            "partner": partner.url,
            "dead": "http://127.0.0.1:9",
            "slow": f"http://127.0.0.1:{silent.getsockname()[1]}",
        }
        for name, url in urls.items():
            made.create_external(name, url=url, knowledge_id=BASE, key_variable="EXTERNAL_KEY")
        found = made.search("leave", knowledge_bases=["own", *urls], timeout_s=0.5, top_k=20)
        assert {hit.knowledge_base.name for hit in found} == {"own", "partner"}
        missing = [warning for warning in found.warnings if "are missing" in warning]
        assert [warning.split("'")[1] for warning in missing] == ["dead", "slow"]
        assert "within 0.5 s" in missing[1]
        with pytest.raises(KnowledgeError):
            made.search("leave", knowledge_bases=["dead", "slow"], timeout_s=0.5)


def test_several_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Workspace(tmp_path) as made:
        for name in ("port", "garden"):
            made.create(name).ingest(Document(name=f"{name}.txt", text=TEXTS[name][0]))
    main(["--workspace", str(tmp_path), "search", "cranes roses", "--kb", "port", "--kb", "garden"])
    shown = capsys.readouterr().out
    assert "port.txt" in shown
    assert "garden.txt" in shown
