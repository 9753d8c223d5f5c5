"""Metadata after ingestion: changed, looked at, built in; the settings of a knowledge base; two processes at once."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge import Document, Field, KnowledgeBase, Workspace, schema
from knowledge.errors import FilterError, InputError, ModeError
from knowledge.filters import Condition, Filter, Operator, matches
from knowledge.metadata import Time

KEYS = ("a", "b", "c")
LETTERS = st.text("sSßẞiIİı\u0307σςΣAａＡé人\0", max_size=3)
BUILT_IN = {"document_name", "uploader", "upload_date", "last_update_date", "source"}


@pytest.fixture
def kb(workspace: Workspace) -> KnowledgeBase:
    """Three documents that all answer "text", the first with metadata."""
    kb = workspace.create("kb")
    kb.ingest(Document(text="text", name="a"), metadata={"year": 2023, "dept": "HR", "tags": ["x", "y"]})
    kb.ingest([Document(text="text", name="b"), Document(text="text", name="c")])
    return kb


def found(kb: KnowledgeBase, where: Filter | str, **options: Any) -> set[str]:
    return {hit.document.key for hit in kb.search("text", top_k=50, where=where, **options)}


def test_what_is_set_is_seen_by_the_next_search(kb: KnowledgeBase) -> None:
    record = kb.set_metadata("b", {"year": 2024, "tags": ["y", "z"]})
    assert record.metadata == {"year": 2024.0, "tags": ("y", "z")}
    assert found(kb, "year = 2024") == {"b"}
    assert found(kb, "tags is y") == {"a", "b"}
    assert found(kb, "tags contains z") == {"b"}
    kb.set_metadata("b", {"tags": "x", "year": None, "dept": None})
    assert found(kb, "year empty") == {"b", "c"}
    assert found(kb, "tags is y") == {"a"}
    (hit,) = [hit for hit in kb.search("text") if hit.document.key == "b"]
    assert hit.document.metadata == {"tags": "x"}


def test_a_field_stays_known_after_its_last_value(kb: KnowledgeBase) -> None:
    kb.set_metadata("a", {}, unset=["dept"])
    assert kb.fields["dept"] == "string"
    assert found(kb, "dept empty") == set(KEYS)
    (summary,) = [summary for summary in kb.field_summaries() if summary.name == "dept"]
    assert (summary.documents, summary.distinct) == (0, 0)


def test_setting_what_is_there_changes_nothing(kb: KnowledgeBase) -> None:
    before = kb.document("a")
    assert kb.set_metadata("a", {"year": 2023, "dept": "HR"}) == before
    assert kb.document("a") == before


@pytest.mark.parametrize(
    ("values", "unset", "said"),
    [
        ({"year": "soon"}, [], "'year' holds number values, the string 'soon' is not a number"),
        ({"year": datetime(2024, 1, 1)}, [], "'year' holds number values, a time was given"),
        ({"dept": datetime(2024, 1, 1)}, [], "'dept' holds string values, a time was given"),
        ({"new": [1, "x"]}, [], "'new' has both number and string values"),
        ({"score": 1}, [], "'score' is reserved"),
        ({}, ["colour"], "'a' has no metadata field 'colour'; it has: year, dept, tags"),
        ({"year": 2030}, ["colour"], "no metadata field 'colour'"),
    ],
)
def test_what_does_not_fit_changes_nothing(
    kb: KnowledgeBase, values: Mapping[str, Any], unset: list[str], said: str
) -> None:
    before, fields = kb.document("a"), kb.fields
    with pytest.raises(InputError, match=said):
        kb.set_metadata("a", values, unset=unset)
    assert (kb.document("a"), kb.fields) == (before, fields)


changes = st.fixed_dictionaries(
    {}, optional={"year": st.sampled_from((2022, 2023)), "dept": LETTERS | st.lists(LETTERS, max_size=2)}
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.tuples(st.sampled_from(KEYS), changes, st.booleans()), max_size=4),
    op=st.sampled_from(("=", "is-not", "contains", "not-contains", "starts-with", "ends-with")),
    wanted=LETTERS,
)
def test_after_any_changes_searches_agree_with_the_reference(
    kb: KnowledgeBase, steps: list[tuple[str, dict[str, Any], bool]], op: Operator, wanted: str
) -> None:
    for key, values, drops in steps:
        kb.set_metadata(key, values, unset=kb.document(key).metadata if drops else ())
    stored = {record.key: record.metadata for record in kb.documents()}
    for where in (
        Condition("dept", op, wanted),
        Condition("dept", op, wanted, ignore_case=True),
        ~Condition("dept", op, wanted, ignore_case=True),
        ~(Field("year") == 2022),
    ):
        assert found(kb, where) == {key for key, metadata in stored.items() if matches(where, metadata)}


def test_fields_say_what_the_documents_hold(kb: KnowledgeBase) -> None:
    for number in range(11):
        kb.ingest(Document(text="text", name=f"n{number}"), metadata={"serial": number, "code": f"c{number}"})
    kb.set_metadata("b", {"due": datetime(2024, 1, 2, tzinfo=UTC), "year": 2025})
    by_name = {summary.name: summary for summary in kb.field_summaries()}
    assert {name: (field.type, field.documents, field.distinct) for name, field in by_name.items()} == {
        "code": ("string", 11, 11),
        "dept": ("string", 1, 1),
        "due": ("time", 1, 1),
        "serial": ("number", 11, 11),
        "tags": ("string", 1, 2),
        "year": ("number", 2, 2),
    }
    assert by_name["tags"].values == ("x", "y")
    assert by_name["code"].values == ()
    assert (by_name["serial"].minimum, by_name["serial"].maximum) == (0, 10)
    assert by_name["due"].minimum == 19_724 * 86_400
    assert by_name["dept"].minimum is None
    assert kb.fields == {name: field.type for name, field in by_name.items()}


def test_case_is_ignored_by_condition_by_search_and_by_base(kb: KnowledgeBase) -> None:
    assert found(kb, "dept = hr") == set()
    assert found(kb, Field("dept", ignore_case=True) == "hr") == {"a"}
    assert found(kb, "dept = hr", ignore_case=True) == {"a"}
    assert found(kb, ["dept != hr", "year empty"], ignore_case=True) == {"b", "c"}
    kb.change_settings({"ignore_case": "on"})
    assert found(kb, "dept contains h") == {"a"}
    assert found(kb, "dept contains h", ignore_case=False) == set()


def test_built_in_fields_cover_the_documents_that_are_there(kb: KnowledgeBase) -> None:
    with pytest.raises(FilterError, match="unknown metadata field 'document_name'"):
        found(kb, "document_name = a")
    kb.change_settings({"built_in_fields": "on"})
    assert found(kb, "document_name = a") == {"a"}
    assert found(kb, "document_name contains A", ignore_case=True) == {"a"}
    assert found(kb, "document_name != a") == {"b", "c"}
    assert found(kb, "source is file_upload") == set(KEYS)
    assert found(kb, "upload_date after 2020-01-01") == set(KEYS)
    assert found(kb, "last_update_date before 2020-01-01") == set()
    assert found(kb, "uploader not-empty") == set(KEYS)
    assert set(kb.document("b").metadata) == BUILT_IN
    assert kb.document("a").metadata["year"] == 2023
    assert {name for name, field in zip(kb.fields, kb.field_summaries(), strict=True)} >= BUILT_IN
    assert {field.name for field in kb.field_summaries() if field.is_built_in} == BUILT_IN
    kb.change_settings({"built_in_fields": "off"})
    with pytest.raises(FilterError, match="unknown metadata field 'document_name'"):
        found(kb, "document_name = a")
    assert kb.document("b").metadata == {}


def test_built_in_fields_follow_their_document(kb: KnowledgeBase) -> None:
    kb.change_settings({"built_in_fields": True})
    kb.ingest(Document(text="text", name="d"), metadata={"dept": "IT"})
    assert found(kb, "document_name = d") == {"d"}
    before = kb.document("a").metadata["last_update_date"]
    assert isinstance(before, float)
    kb.set_metadata("a", {"year": 2024})
    after = kb.document("a").metadata["last_update_date"]
    assert after > before
    assert found(kb, Field("last_update_date") == after) == {"a"}
    assert found(kb, Field("last_update_date") == before) == set()
    kb.ingest(Document(text="other text", name="b"))
    assert found(kb, Field("last_update_date") > after) == {"b"}
    kb.rebuild()
    assert found(kb, "document_name in a, d") == {"a", "d"}
    kb.remove("d")
    assert found(kb, "document_name contains d") == set()


def test_a_website_is_another_source(kb: KnowledgeBase) -> None:
    kb.ingest(Document(text="text", name="https://example.org/page"))
    kb.change_settings({"built_in_fields": "on"})
    assert found(kb, "source = website") == {"https://example.org/page"}
    assert found(kb, "source starts-with file") == set(KEYS)


def test_built_in_names_are_free_until_switched_on(kb: KnowledgeBase) -> None:
    kb.set_metadata("c", {"source": "archive"})
    with pytest.raises(InputError, match="metadata of their own named source"):
        kb.change_settings({"built_in_fields": "on"})
    assert found(kb, "source = archive") == {"c"}
    kb.set_metadata("c", {}, unset=["source"])
    kb.change_settings({"built_in_fields": "on"})
    for change in (
        lambda: kb.set_metadata("c", {"source": "archive"}),
        lambda: kb.ingest(Document(text="text", name="c"), metadata={"uploader": "me"}),
    ):
        with pytest.raises(InputError, match="is built in and read-only"):
            change()
    with pytest.raises(InputError, match="no metadata field 'source'"):
        kb.set_metadata("c", {}, unset=["source"])
    assert found(kb, "source = file_upload") == set(KEYS)


def test_settings_of_a_base_come_after_the_call(
    kb: KnowledgeBase, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KNOWLEDGE_TOP_K", "2")
    assert len(kb.search("text")) == 2
    assert kb.change_settings({"top_k": "1"})["top_k"] == 1
    assert len(kb.search("text")) == 1
    assert len(kb.search("text", top_k=3)) == 3
    kb.change_settings({"threshold": 0.9999})
    assert len(kb.search("text xyzzy")) == 0
    assert len(kb.search("text xyzzy", threshold=0)) == 1
    assert kb.change_settings({"top_k": None, "threshold": "off"})["threshold"] is None
    assert len(kb.search("text xyzzy")) == 2
    assert kb.rule.max_length == 500


def test_settings_last(tmp_path: Path) -> None:
    with Workspace(tmp_path / "w") as workspace:
        kb = workspace.create("kb", embedding="hash:16")
        kb.ingest([Document(text="text", name=key) for key in KEYS])
        kb.change_settings({"mode": "full-text", "top_k": 2})
    with Workspace(tmp_path / "w") as workspace:
        kb = workspace.open("kb")
        assert kb.search("text").mode == "full-text"
        assert len(kb.search("text", mode="vector")) == 2
        assert kb.change_settings({"mode": "none"})["mode"] is None
        assert kb.search("text").mode == "hybrid"


@pytest.mark.parametrize(
    ("values", "error", "said"),
    [
        ({"top_k": 0}, InputError, "top_k is 0; allowed: a whole number from 1 to 100"),
        ({"mode": "fuzzy"}, InputError, "mode is 'fuzzy'; allowed: hybrid, vector, full-text, keyword"),
        ({"mode": "vector"}, ModeError, "'kb' \\(economy\\) has no vector search; it has: keyword"),
        ({"max_length": 300}, InputError, "the max_length of 'kb' was fixed when it was made; allowed: mode"),
        ({"embedding": "local"}, InputError, "the embedding of 'kb' was fixed"),
        ({"delimiter": "#"}, InputError, "the delimiter of 'kb' was fixed"),
        ({"workers": 3}, InputError, "a knowledge base has no setting 'workers'; allowed: mode, top_k"),
        ({"top_k": 3, "colour": "red"}, InputError, "no setting 'colour'"),
    ],
)
def test_settings_that_cannot_be(
    kb: KnowledgeBase, values: dict[str, Any], error: type[InputError], said: str
) -> None:
    before = kb.record.settings
    with pytest.raises(error, match=said):
        kb.change_settings(values)
    assert kb.record.settings == before


def test_an_old_database_gains_what_is_new(tmp_path: Path) -> None:
    with Workspace(tmp_path / "w") as workspace:
        workspace.create("kb").ingest([Document(text="text", name=key) for key in KEYS])
        with workspace.store.write() as connection:
            connection.exec_driver_sql("ALTER TABLE document DROP COLUMN uploader")
            connection.exec_driver_sql("PRAGMA user_version = 1")
    with Workspace(tmp_path / "w") as workspace:
        with workspace.store.read() as connection:
            assert schema.is_current(connection)
        kb = workspace.open("kb")
        kb.change_settings({"built_in_fields": "on"})
        kb.ingest(Document(text="text", name="new"))
        assert found(kb, "uploader empty") == set(KEYS)
        assert found(kb, "document_name not-empty") == {*KEYS, "new"}


HOLDER = """
import sys
from knowledge import Workspace
with Workspace(sys.argv[1]) as workspace:
    kb = workspace.open("kb")
    kb.search("text")
    print("holding", flush=True)
    for line in sys.stdin:
        where, expected = line.rstrip().split("|")
        while True:
            try:
                found = {hit.document.key for hit in kb.search("text", where=where)}
            except Exception as error:
                found = {type(error).__name__}
            if found == set(expected.split()):
                break
        print("seen", flush=True)
"""
"""Holds the workspace and, asked for a condition, searches until it finds what is expected."""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with Workspace(tmp_path / "shared") as workspace:
        kb = workspace.create("kb")
        kb.ingest([Document(text="text", name=key) for key in KEYS], metadata={"year": 2023})
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "shared")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "holding\n"
        yield process
        process.stdin.close()  # type: ignore[union-attr]


def sees(holder: subprocess.Popen[str], where: str, *keys: str) -> bool:
    assert holder.stdin is not None
    assert holder.stdout is not None
    holder.stdin.write(f"{where}|{' '.join(keys)}\n")
    holder.stdin.flush()
    return holder.stdout.readline() == "seen\n"


def test_a_process_that_searches_takes_over_what_another_one_set(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    with Workspace(tmp_path / "shared", lock=False) as beside:
        kb = beside.open("kb")
        kb.set_metadata("b", {"year": 2024, "colour": "red"})
        assert kb.document("b").metadata == {"year": 2024.0, "colour": "red"}
        assert sees(holder, "year = 2024", "b")
        assert sees(holder, "colour is-not red", "a", "c")
        kb.change_settings({"built_in_fields": "on"})
        assert sees(holder, "document_name starts-with c", "c")
        kb.change_settings({"built_in_fields": "off"})
        assert sees(holder, "document_name = c", "FilterError")


def test_what_nobody_took_over_is_there_at_the_next_opening(tmp_path: Path) -> None:
    with Workspace(tmp_path / "w") as workspace:
        workspace.create("kb").ingest([Document(text="text", name=key) for key in KEYS])
    with Workspace(tmp_path / "w", lock=False) as beside:
        beside.open("kb").set_metadata("b", {"due": Time(86_400)})
    with Workspace(tmp_path / "w") as workspace:
        assert found(workspace.open("kb"), "due before 1970-01-03") == {"b"}
