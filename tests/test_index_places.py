"""A knowledge base answers alike wherever its index is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from knowledge import Document, Workspace, catalog, identity
from knowledge.catalog import BaseRecord
from knowledge.embedders import Embedders
from knowledge.errors import InputError, WorkspaceError
from knowledge.generations import Generation
from knowledge.index_places import FolderIndexes, IndexPlace, ServerIndexes, index_place
from knowledge.knowledge_base import KnowledgeBase
from knowledge.processing import ProcessRule
from knowledge.store import Store

LEAVE = Document(text="年假一共有十五天，病假另算。", name="leave.txt")
METERS = Document(text="The meter LT-210 has a warranty of 24 months.", name="meters.txt")
REPAIRS = Document(text="Repairs of a meter take ten days; send it without batteries.", name="repairs.txt")
QUESTIONS = ("年假有几天", "warranty of a meter", "LT-210", "batteries")


@contextmanager
def base_in(folder: Path, place: IndexPlace) -> Iterator[KnowledgeBase]:
    store = Store(folder)
    record = BaseRecord(
        id=identity.knowledge_base_id("manuals"),
        name="manuals",
        description="",
        structure="general",
        indexing="high_quality",
        embedding="hash:16",
        settings=ProcessRule.chosen().as_settings(),
        generation=identity.new_version(),
    )
    generation = Generation(store, folder, place, Embedders(folder), record)
    with store.write() as connection:
        catalog.add(connection, record, generation.signature)
        generation.create()
    kb = KnowledgeBase(generation)
    yield kb
    kb.close()
    store.close()


def answers(kb: KnowledgeBase) -> list[list[tuple[str, float]]]:
    found = [kb.search(question, mode=mode) for question in QUESTIONS for mode in ("hybrid", "full-text")]
    return [[(hit.document.key, pytest.approx(hit.score, abs=1e-5)) for hit in hits] for hits in found]


def test_a_server_and_a_folder_answer_alike(tmp_path: Path) -> None:
    pytest.importorskip("qdrant_client")
    # In place of a URL the client takes a folder, and imitates a server there.
    places = (FolderIndexes(tmp_path), ServerIndexes(str(tmp_path / "server")))
    seen = []
    for number, place in enumerate(places):
        folder = tmp_path / str(number)
        folder.mkdir()
        with base_in(folder, place) as kb:
            kb.ingest([LEAVE, METERS, REPAIRS], metadata={"year": 2024})
            kb.ingest([Document(text="年假一共有二十天。", name="leave.txt")])
            kb.remove("repairs.txt")
            found = kb.search("meter", mode="full-text", where="year >= 2024")
            assert [hit.document.key for hit in found] == ["meters.txt"]
            assert not kb.search("meter", mode="full-text", where="year > 2024")
            seen.append(answers(kb))
    assert seen[0] == seen[1]
    assert any(seen[0])


def test_another_engine_asks_for_a_rebuild(tmp_path: Path) -> None:
    with Workspace(tmp_path) as workspace:
        workspace.create("manuals").ingest([METERS])
    with (
        Workspace(tmp_path, index="http://127.0.0.1:9") as workspace,
        pytest.raises(WorkspaceError, match=r"built with engine 'qdrant-edge.*knowledge rebuild manuals"),
    ):
        workspace.open("manuals").search("meter")


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    pytest.importorskip("qdrant_client")
    with (
        Workspace(tmp_path, index="http://127.0.0.1:9") as workspace,
        pytest.raises(WorkspaceError, match=r"http://127\.0\.0\.1:9 is not reached.*check the URL"),
    ):
        workspace.create("manuals")


def test_an_index_is_a_url(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a URL; write http"):
        index_place(tmp_path, "qdrant:6333")
