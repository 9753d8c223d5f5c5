"""The history of questions: off until it is switched on, never written while somebody waits, forgotten when asked."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from external_server import BASE, KEY, ExternalServer, serving
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge import KnowledgeBase, Workspace
from knowledge.cli import main
from knowledge.errors import InputError, WorkspaceError
from knowledge.history import NOTED_AT_MOST, History
from knowledge.sources import Source
from knowledge.store import Store
from knowledge.types import Document

TEXTS = {"leave.md": "Ten days of leave a year.", "travel.md": "Hotels a night, trains a day."}


@pytest.fixture
def kb(workspace: Workspace) -> KnowledgeBase:
    """Two documents; the history is on."""
    kb = workspace.create("handbook")
    kb.ingest_sources(
        [Source(key=key, name=key, document=Document(text=text)) for key, text in TEXTS.items()]
    )
    kb.change_settings({"history": True})
    return kb


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.lists(st.sampled_from(["leave", "hotels", "xyzzy", "trains"]), max_size=8))
def test_it_counts_what_was_asked(kb: KnowledgeBase, asked: list[str]) -> None:
    kb.history.clear()
    for query in asked:
        kb.search(query)
    kb.history.write()
    found = kb.history.summary()
    assert (found.searches, found.queries) == (len(asked), len(set(asked)))
    assert found.without_hits == asked.count("xyzzy")
    assert {query.query: query.count for query in found.most_asked} == Counter(asked)
    by_key = {document.key: document.count for document in found.most_found}
    travel = asked.count("hotels") + asked.count("trains")
    assert by_key == {k: n for k, n in (("leave.md", asked.count("leave")), ("travel.md", travel)) if n}


def test_nothing_is_noted_until_it_is_switched_on(kb: KnowledgeBase) -> None:
    kb.change_settings({"history": False})
    kb.search("leave")
    kb.history.write()
    assert kb.history.summary().searches == 0


def test_a_search_writes_nothing(kb: KnowledgeBase, workspace: Workspace) -> None:
    with workspace.store.write():
        kb.search("leave")
    assert kb.history.summary().searches == 0
    kb.write_history()
    assert kb.history.summary().searches == 1


def test_a_search_of_several_bases_is_in_the_history_of_each(
    kb: KnowledgeBase, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTERNAL_KEY", KEY)
    with serving(ExternalServer()) as partner:
        there = workspace.create_external(
            "partner", url=partner.url, knowledge_id=BASE, key_variable="EXTERNAL_KEY"
        )
        there.search("before it was on")
        there.change_settings({"history": True})
        names = ["handbook", "partner"]
        workspace.search("leave", knowledge_bases=names)
        workspace.search("leave", knowledge_bases=names, rerank=lambda query, texts: [0.5] * len(texts))
        workspace.search_many(["hotels"], knowledge_bases=names)
        there.search("alone", rerank=lambda query, texts: [0.5] * len(texts))
    for base, asked in ((kb, {"leave": 2, "hotels": 1}), (there, {"leave": 2, "hotels": 1, "alone": 1})):
        base.history.write()
        assert {query.query: query.count for query in base.history.summary().most_asked} == asked
    assert there.history.summary().most_asked[0].hits > 0


def test_a_question_that_is_no_text_is_kept_as_far_as_it_is_read(kb: KnowledgeBase) -> None:
    kb.search("leave\0\ud800")
    kb.history.write()
    assert [query.query for query in kb.history.summary().most_asked] == ["leave"]


def test_closing_writes_it(tmp_path: Path, kb: KnowledgeBase, workspace: Workspace) -> None:
    kb.search("leave")
    workspace.close()
    with Workspace(tmp_path / "workspace") as again:
        assert again.open("handbook").history.summary().searches == 1


def test_it_is_written_in_the_background(kb: KnowledgeBase, workspace: Workspace) -> None:
    with kb.without_history():
        found = kb.search("leave")
    History(workspace.store, kb.id, write_after_s=0.01).note(found)
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join()
    assert kb.history.summary().searches == 1


def test_many_threads_lose_nothing(kb: KnowledgeBase) -> None:
    found = kb.search("leave")
    kb.history.clear()

    def note() -> None:
        for _ in range(50):
            kb.history.note(found)
            kb.history.write()

    threads = [threading.Thread(target=note) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kb.history.summary().searches == 4 * 50


@contextmanager
def out_of_order(store: Store) -> Iterator[None]:
    """Nothing can be written meanwhile."""
    with store.write() as connection:
        connection.exec_driver_sql("ALTER TABLE search_history RENAME TO put_away")
    yield
    with store.write() as connection:
        connection.exec_driver_sql("ALTER TABLE put_away RENAME TO search_history")


class Meanwhile:
    """A store that does something else before each write."""

    def __init__(self, store: Store, what: Callable[[], None]) -> None:
        self._store, self._what = store, what
        self.read = store.read

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        self._what()
        with self._store.write() as connection:
            yield connection


def test_what_could_not_be_written_is_tried_again(kb: KnowledgeBase, workspace: Workspace) -> None:
    found = kb.search("leave")
    kb.history.clear()
    history = History(workspace.store, kb.id, write_after_s=0.01)
    with out_of_order(workspace.store):
        history.note(found)
        with pytest.raises(WorkspaceError, match="no such table"):
            history.write()
    while timers := [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]:
        for timer in timers:
            timer.join()
    assert history.summary().searches == 1


def test_beyond_what_may_wait_the_oldest_are_forgotten(kb: KnowledgeBase, workspace: Workspace) -> None:
    found = kb.search("leave")
    kb.history.clear()

    def also() -> None:
        history.note(replace(found, query="the newest"))

    history = History(Meanwhile(workspace.store, also), kb.id)  # type: ignore[arg-type]
    history.note(replace(found, query="the oldest"))
    for _ in range(NOTED_AT_MOST - 1):
        history.note(found)
    with out_of_order(workspace.store), pytest.raises(WorkspaceError):
        history.write()
    history.write()
    asked = {query.query: query.count for query in history.summary().most_asked}
    assert asked == {"leave": NOTED_AT_MOST - 1, "the newest": 1}
    history.close()


def test_what_a_thread_is_writing_is_forgotten_too(kb: KnowledgeBase, workspace: Workspace) -> None:
    found = kb.search("leave")
    kb.history.clear()
    clearing = threading.Thread(target=lambda: history.clear())

    def clear() -> None:
        if threading.current_thread() is not clearing:
            clearing.start()
            clearing.join(0.2)  # it must wait, so this has no other end

    history = History(Meanwhile(workspace.store, clear), kb.id)  # type: ignore[arg-type]
    history.note(found)
    history.write()
    clearing.join()
    assert history.summary().searches == 0


def test_a_measurement_leaves_no_trace(kb: KnowledgeBase) -> None:
    with kb.without_history():
        kb.search("leave")
    kb.search("hotels")
    kb.write_history()
    assert [query.query for query in kb.history.summary().most_asked] == ["hotels"]


def test_several_bases_at_once_note_it_each(kb: KnowledgeBase, workspace: Workspace) -> None:
    workspace.create("other")
    workspace.search("leave", knowledge_bases=["handbook", "other"])
    kb.write_history()
    assert kb.history.summary().searches == 1
    assert workspace.open("other").history.summary().searches == 0


def test_what_found_nothing_the_last_time(kb: KnowledgeBase) -> None:
    kb.search("leave", threshold=1.0)
    kb.search("hotels", threshold=1.0)
    kb.search("hotels")
    kb.write_history()
    found = kb.history.summary()
    assert [(query.query, query.count, query.hits) for query in found.never_found] == [("leave", 1, 0)]
    assert found.without_hits == 2


def test_removed_documents_and_dropped_bases_are_gone(kb: KnowledgeBase, workspace: Workspace) -> None:
    kb.search("leave")
    kb.write_history()
    kb.remove("leave.md")
    assert kb.history.summary().most_found == []
    workspace.drop("handbook")
    assert workspace.create("handbook").history.summary().searches == 0


def test_a_limit_below_one_is_refused(kb: KnowledgeBase) -> None:
    with pytest.raises(InputError, match="from 1"):
        kb.history.summary(0)


@pytest.fixture
def commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kb: KnowledgeBase, workspace: Workspace
) -> None:
    """The knowledge base for the command line."""
    monkeypatch.setenv("KNOWLEDGE_WORKSPACE", str(tmp_path / "workspace"))
    workspace.close()


@pytest.mark.usefixtures("commands")
def test_the_command_shows_and_forgets(capsys: pytest.CaptureFixture[str]) -> None:
    for query in ("leave", "xyzzy", "leave"):
        assert main(["search", query, "--kb", "handbook"], ends_process=query == "xyzzy") == 0
    capsys.readouterr()
    assert main(["history", "handbook"]) == 0
    assert "3 searches, 2 different questions, 1 without a hit" in capsys.readouterr().out

    assert main(["--json", "history", "handbook", "--limit", "1"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["on"], report["searches"], report["without_hits"]) == (True, 3, 1)
    assert [query["query"] for query in report["most_asked"]] == ["leave"]
    assert [query["query"] for query in report["never_found"]] == ["xyzzy"]
    assert [(found["key"], found["count"]) for found in report["most_found"]] == [("leave.md", 2)]

    assert main(["--json", "history", "handbook", "--clear"]) == 0
    assert json.loads(capsys.readouterr().out) == {"kb": "handbook", "cleared": 3}
    assert main(["history", "handbook"]) == 0
    assert "0 searches" in capsys.readouterr().out


@pytest.mark.usefixtures("commands")
def test_it_says_that_it_is_off(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings", "handbook", "history=off"]) == 0
    assert main(["history", "handbook"]) == 0
    assert "knowledge settings handbook history=on" in capsys.readouterr().err
