"""External knowledge bases: any answer becomes hits or one clear error, never more than was asked for."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from external_server import BASE, FIELDS, KEY, RECORDS, ExternalServer, serving, typed
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge import Field, Hits, Workspace
from knowledge.cli import main
from knowledge.errors import (
    AlreadyExists,
    ExternalError,
    FilterError,
    InputError,
    KnowledgeError,
    ModeError,
    OutgoingError,
)
from knowledge.external import ExternalKnowledge
from knowledge.external.conditions import fulfils, metadata_condition
from knowledge.filters import And, Condition, Filter, Not, Or, check, matches


class AnyServer(ThreadingHTTPServer):
    """Gives every question the same answer."""

    daemon_threads = True

    def __init__(self, answer: object = None, status: int = 200) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.status = status
        self.seen: list[tuple[str, Mapping[str, str], Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: AnyServer

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.path, dict(self.headers.items()), body))
        answer = self.server.answer
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def answering(answer: object, status: int = 200) -> Iterator[tuple[AnyServer, ExternalKnowledge]]:
    with serving(AnyServer(answer, status)) as server:
        external = ExternalKnowledge(server.url, KEY, BASE)
        try:
            yield server, external
        finally:
            external.close()


def record(
    content: str = "text", score: Any = 0.5, title: Any = "title", metadata: Any = None
) -> dict[str, Any]:
    return {
        "content": content,
        "score": score,
        "title": title,
        "metadata": {} if metadata is None else metadata,
    }


# --- whatever a server answers ---

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
RECORD = st.fixed_dictionaries(
    {},
    optional={
        "content": st.text(max_size=5) | JSON,
        "score": st.floats(-1, 2) | JSON,
        "title": st.text(max_size=5) | JSON,
        "metadata": st.dictionaries(st.text(max_size=5), JSON, max_size=3) | JSON,
        "more": JSON,
    },
)


@settings(deadline=None, max_examples=100)
@given(body=st.fixed_dictionaries({"records": st.lists(RECORD | JSON, max_size=5)}) | JSON)
def test_any_answer_becomes_hits_or_one_error(shared_server: AnyServer, body: Any) -> None:
    shared_server.answer = body
    with closing(ExternalKnowledge(shared_server.url, KEY, BASE)) as external:
        try:
            hits = external.search("question", top_k=3, threshold=0.2)
        except ExternalError:
            return
    scores = [hit.score for hit in hits]
    assert len(scores) <= 3
    assert scores == sorted(scores, reverse=True)
    assert all(0.2 <= score <= 1 for score in scores)
    assert all(hit.content.strip() and hit.document.name for hit in hits)
    assert len({hit.chunk.id for hit in hits}) == len(hits)
    assert hits.mode == "external"
    assert not hits.calibrated


@pytest.fixture(scope="module")
def shared_server() -> Iterator[AnyServer]:
    with serving(AnyServer()) as server:
        yield server


def test_a_right_answer_passes_unchanged() -> None:
    metadata = {"year": 2024, "tags": ["a", "b"], "url": "https://a.test/x", "deep": {"n": None}}
    with answering({"records": [record("first", 0.9, "A", metadata), record("second", 0.4, "B")]}) as (
        _,
        external,
    ):
        hits = external.search("question")
    assert [(hit.content, hit.score, hit.document.name) for hit in hits] == [
        ("first", 0.9, "A"),
        ("second", 0.4, "B"),
    ]
    assert hits[0].document.metadata == {**metadata, "tags": ("a", "b")}
    assert hits[0].document.url == "https://a.test/x"
    assert (hits[0].chunk.start, hits[0].chunk.end) == (None, None)
    assert hits.warnings == ()


@pytest.mark.parametrize(
    ("given", "content", "score", "name", "warning"),
    [
        (record(metadata="x"), "text", 0.5, "title", "no metadata object"),
        ({"content": "text", "score": 0.5, "title": "title"}, "text", 0.5, "title", "no metadata object"),
        (record(score=None), "text", 0.0, "title", "no score"),
        (record(score="0.25"), "text", 0.25, "title", "score as text"),
        (record(score=87), "text", 1.0, "title", "outside 0 to 1"),
        (record(score=-0.1), "text", 0.0, "title", "outside 0 to 1"),
        (record(title=None, metadata={"source": "a.pdf"}), "text", 0.5, "a.pdf", "no title"),
        (record(title=None), "text", 0.5, "untitled", "no title"),
    ],
)
def test_what_is_wrong_is_mended_and_told(
    given: object, content: str, score: float, name: str, warning: str
) -> None:
    with answering({"records": [given]}) as (_, external):
        hits = external.search("question")
    assert [(hit.content, hit.score, hit.document.name) for hit in hits] == [(content, score, name)]
    assert any(warning in text and text.startswith("1 of 1 records") for text in hits.warnings)


def test_records_without_content_are_left_out_and_told() -> None:
    with answering({"records": [record(content=""), {"score": 1}, 7, record("kept")]}) as (_, external):
        hits = external.search("question")
    assert [hit.content for hit in hits] == ["kept"]
    assert hits.warnings == ("3 of 4 records had no content (left out)",)


def test_the_wrong_order_is_mended_by_the_scores_that_were_given() -> None:
    """Also by those that do not fit between 0 and 1."""
    with answering({"records": [record("b", 12.5), record("c", 0.1), record("a", 80)]}) as (_, external):
        hits = external.search("question")
    assert [(hit.content, hit.score) for hit in hits] == [("a", 1.0), ("b", 1.0), ("c", 0.1)]
    assert any("wrong order" in text for text in hits.warnings)


def test_ids_follow_from_document_and_content() -> None:
    records = [
        record("one", 0.9, "A"),
        record("one", 0.8, "B"),
        record("one", 0.7, "A"),
        record("two", 0.6, "A"),
    ]
    with answering({"records": records}) as (server, external):
        first, again = external.search("question"), external.search("another")
        server.answer = {"records": records[3:]}
        alone = external.search("question")
    assert [hit.chunk.id for hit in first] == [hit.chunk.id for hit in again]
    assert len({hit.chunk.id for hit in first}) == 4
    assert alone[0].chunk.id == first[3].chunk.id
    assert first[0].document.id == first[2].document.id != first[1].document.id


def test_metadata_can_be_written_as_json_whatever_they_were() -> None:
    deep: Any = []
    for _ in range(400):
        deep = [deep]
    records = [record("a", metadata={"n": float("nan"), "s": "\ud800"}), record("b", metadata={"deep": deep})]
    with answering({"records": records}) as (_, external):
        hits = external.search("question")
    assert [hit.document.metadata for hit in hits] == [{"n": None, "s": "?"}, {}]
    assert hits.warnings == ("1 of 2 records had metadata that are nested too deeply (none taken)",)


def test_documents_of_one_title_are_told_apart_by_their_id() -> None:
    records = [record(str(number), 0.5, "T", {"document_id": f"d{number}"}) for number in range(2)]
    with answering({"records": records}) as (_, external):
        first, second = external.search("question")
    assert first.document.key == second.document.key == "T"
    assert first.document.id != second.document.id


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        ({"error_code": 1002, "error_msg": "no such key"}, 403, "1002: no such key"),
        ({"code": 102, "message": "not found"}, 404, "102: not found"),
        ({"detail": "Not Found"}, 404, "Not Found"),
        ({"detail": [{"loc": ["body"], "msg": "wrong"}]}, 422, "wrong"),
        ({"error": {"message": "too many"}}, 400, "too many"),
        ({"error": "broken"}, 500, "broken"),
        (b"<html>\n<h1>Bad Gateway</h1>", 500, "<html> <h1>Bad Gateway</h1>"),
        (b"", 401, "nothing"),
        ({"records": []}, 201, "201"),
        ({"records": {}}, 200, "did not answer with records"),
        ({"code": 109, "message": "no authorization"}, 200, "109: no authorization"),
        ([], 200, "did not answer with records"),
        (b"hello", 200, "hello"),
        (b"\xff\xfe", 200, "did not answer with records"),
        (b"[" * 100_000, 200, "did not answer with records"),
    ],
)
def test_a_refusal_of_any_shape_is_one_line_with_a_next_step(
    answer: object, status: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KNOWLEDGE_REQUEST_RETRIES", "0")
    with answering(answer, status) as (_, external), pytest.raises(ExternalError) as error:
        external.search("question")
    assert said in str(error.value)
    assert "; check" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_server_that_repeats_the_key_does_not_make_it_known() -> None:
    with (
        answering({"error_msg": f"bad key {KEY}"}, 403) as (_, external),
        pytest.raises(ExternalError) as error,
    ):
        external.search("question")
    assert KEY not in str(error.value)


def test_a_slow_server_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as never_answering:
        url = f"http://127.0.0.1:{never_answering.getsockname()[1]}"
        external = ExternalKnowledge(url, KEY, BASE, timeout_s=0.2)
        with pytest.raises(OutgoingError, match="did not answer in time"):
            external.search("question")
        external.close()


# --- what is asked ---


@pytest.mark.parametrize("ending", ["", "/", "//"])
def test_a_question_is_asked_as_dify_asks(ending: str) -> None:
    with serving(AnyServer({"records": []})) as server:
        ExternalKnowledge(server.url + "/api" + ending, KEY, BASE).search("年假 \ud800?", top_k=7)
    path, headers, body = server.seen[0]
    assert path == "/api/retrieval"
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["content-type"] == "application/json"
    assert body == {
        "knowledge_id": BASE,
        "query": "年假 ??",
        "retrieval_setting": {"top_k": 7, "score_threshold": 0.0},
    }


def test_an_empty_question_is_not_asked() -> None:
    with answering({"records": [record()]}) as (server, external):
        hits = external.search("  ")
    assert not hits
    assert hits.warnings == ("the query holds nothing to search for",)
    assert server.seen == []


def test_what_a_server_does_not_obey_is_obeyed_here() -> None:
    records = [
        record(str(score), score, metadata={"year": 2020 + score * 10}) for score in (0.9, 0.7, 0.5, 0.1)
    ]
    with answering({"records": records}) as (_, external):
        few = external.search("q", top_k=2)
        good = external.search("q", threshold=0.6)
        early = external.search("q", where=Field("year") < 2026)
    assert [hit.score for hit in few] == [hit.score for hit in good] == [0.9, 0.7]
    assert [hit.score for hit in early] == [0.5, 0.1]
    assert few.warnings == ("2 of 4 records are more than the 2 asked for (left out)",)
    assert good.warnings == ("2 of 4 records score under the threshold 0.6 (left out)",)
    assert early.warnings[0].startswith("2 of 4 records do not show that they fulfil the conditions")


# --- conditions ---

VALUES = {
    "category": st.sampled_from(("Annual leave", "Travel", "Travel, abroad", "", "2024")),
    "year": st.integers(2017, 2025).map(float),
    "published": st.sampled_from(("2019-02-01", "2020-01-01", "2024-12-31")),
    "tags": st.sampled_from(("red", "green", "blue")),
}


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    name = draw(st.sampled_from(sorted(VALUES)))
    value = VALUES[name]
    text_only = ("contains", "not-contains", "starts-with", "ends-with")
    ordered = (">", "<", ">=", "<=", "before", "after")
    plain = ("=", "!=", "is", "is-not")
    own = text_only if FIELDS[name] == "string" else ordered
    op = draw(st.sampled_from(("empty", "not-empty", "in", "not-in", *plain, *own)))
    if op in ("empty", "not-empty"):
        return Condition(name, op)
    if op in ("in", "not-in"):
        return Condition(name, op, tuple(draw(st.lists(value, max_size=2))))
    return Condition(name, op, draw(value))


GROUPS = st.one_of(
    conditions(),
    conditions().map(Not),
    st.lists(conditions(), min_size=1, max_size=3).map(lambda parts: And(tuple(parts))),
    st.lists(conditions(), min_size=1, max_size=3).map(lambda parts: Or(tuple(parts))),
    st.lists(conditions(), min_size=1, max_size=3).map(lambda parts: Not(Or(tuple(parts)))),
)


@pytest.fixture(scope="module")
def right_server() -> Iterator[ExternalServer]:
    with serving(ExternalServer()) as server:
        yield server


@settings(deadline=None, max_examples=100)
@given(where=GROUPS)
def test_conditions_mean_there_what_they_mean_here(right_server: ExternalServer, where: Filter) -> None:
    """The server's own judgement, on its typed metadata, and ours, on what it returns, are that of `matches`."""
    with closing(ExternalKnowledge(right_server.url, KEY, BASE)) as external:
        try:
            hits = external.search("question", top_k=100, where=where)
        except FilterError:
            return
    wanted = [item for item in RECORDS if matches(check(where, FIELDS), typed(item["metadata"]))]
    if _compares_times_as_text(where):
        return
    assert [hit.content for hit in hits] == [item["content"] for item in wanted]
    assert hits.warnings == ()


def _compares_times_as_text(where: Filter) -> bool:
    """Without declared types a time that is returned as text equals only the same text: less is found, never more."""
    match where:
        case And(parts) | Or(parts):
            return any(map(_compares_times_as_text, parts))
        case Not(part):
            return _compares_times_as_text(part)
        case Condition(field, op):
            return field == "published" and op not in ("before", "after", ">", "<", ">=", "<=")
    raise TypeError(where)


def test_conditions_are_written_as_dify_writes_them() -> None:
    where = (Field("year") >= 2024) & ~Field("status").is_("draft") & Field("note").is_empty()
    assert metadata_condition(where) == {
        "logical_operator": "and",
        "conditions": [
            {"name": "year", "comparison_operator": "≥", "value": "2024"},
            {"name": "status", "comparison_operator": "is not", "value": "draft"},
            {"name": "note", "comparison_operator": "empty"},
        ],
    }
    either = Field("tag").in_(["a", "b"]) | (
        Field("name").starts_with("x") | Field("day").before("2024-01-01")
    )
    assert metadata_condition(either) == {
        "logical_operator": "or",
        "conditions": [
            {"name": "tag", "comparison_operator": "in", "value": ["a", "b"]},
            {"name": "name", "comparison_operator": "start with", "value": "x"},
            {"name": "day", "comparison_operator": "before", "value": "2024-01-01"},
        ],
    }
    neither = ~(Field("a").is_(1) | Field("b").contains("x"))
    assert metadata_condition(neither) == {
        "logical_operator": "and",
        "conditions": [
            {"name": "a", "comparison_operator": "is not", "value": "1"},
            {"name": "b", "comparison_operator": "not contains", "value": "x"},
        ],
    }
    assert metadata_condition(None) is None
    assert metadata_condition(And(())) is None


@pytest.mark.parametrize(
    "where",
    [
        Field("a").is_(1) & (Field("b").is_(1) | Field("c").is_(1)),
        Field("a").is_(1) | (Field("b").is_(1) & Field("c").is_(1)),
        ~(Field("a") > 1),
        ~Field("a").starts_with("x"),
        Field("a") > "high",
        Or(()),
        Condition("a", "is", "x", ignore_case=True),
    ],
)
def test_what_the_contract_cannot_express_is_an_error_and_no_question(where: Filter) -> None:
    with answering({"records": [record()]}) as (server, external), pytest.raises(FilterError):
        external.search("question", where=where)
    assert server.seen == []


@pytest.mark.parametrize(
    ("where", "metadata", "expected"),
    [
        (Field("year") > "2020", {"year": 2024}, True),
        (Field("year") > 2020, {"year": "2024"}, True),
        (Field("year") == 2024, {"year": "2024"}, True),
        (Field("year") == "2024", {"year": 2024.0}, True),
        (Field("year") == "07", {"year": "7"}, False),
        (Field("day").after("2024-01-01"), {"day": "2024-01-02T00:00:00Z"}, True),
        (Field("day").after("2024-01-01"), {"day": 1704067201}, True),
        (Field("day").after("2024-01-01"), {"day": "soon"}, False),
        (Field("day") == "2024-01-01", {"day": 1704067200}, True),
        (Field("tags").is_("a"), {"tags": ["a", "b"]}, True),
        (Field("tags").is_not("a"), {"tags": ["a", "b"]}, False),
        (Field("open").is_("true"), {"open": True}, True),
        (Field("x").is_empty(), {"x": None}, True),
        (Field("x").is_("a"), {}, False),
        (Field("x").is_("a"), {"x": {"y": "a"}}, False),
    ],
)
def test_returned_metadata_without_types_are_judged(
    where: Filter, metadata: dict[str, Any], expected: bool
) -> None:
    assert fulfils(where, metadata) is expected


# --- in a workspace ---


@pytest.fixture
def external_base(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, right_server: ExternalServer
) -> Iterator[Workspace]:
    monkeypatch.setenv("EXTERNAL_KEY", KEY)
    with Workspace(tmp_path / "workspace") as workspace:
        workspace.create_external(
            "partner", url=right_server.url + "/", knowledge_id=BASE, key_variable="EXTERNAL_KEY"
        )
        yield workspace


def test_an_external_base_is_searched_like_any_other(external_base: Workspace) -> None:
    kb = external_base.open("partner")
    hits: Hits = kb.search("leave", top_k=2, where=["year >= 2020", "tags = red"])
    assert len(hits) == 2
    assert {hit.knowledge_base.name for hit in hits} == {"partner"}
    assert all(hit.document.metadata["year"] >= 2020 for hit in hits)
    assert kb.record.indexing == "external"
    assert kb.documents() == []


def test_settings_of_an_external_base(external_base: Workspace) -> None:
    kb = external_base.open("partner")
    kb.change_settings({"top_k": 3})
    assert len(kb.search("leave")) == 3
    assert len(kb.search("leave", top_k=4)) == 4
    with pytest.raises(InputError, match="top_k, threshold"):
        kb.change_settings({"vector_weight": 0.1})


def test_writing_to_an_external_base_is_refused(external_base: Workspace, tmp_path: Path) -> None:
    kb = external_base.open("partner")
    (tmp_path / "a.md").write_text("text", encoding="utf-8")
    for write in (
        lambda: kb.ingest(tmp_path / "a.md"),
        lambda: kb.remove("a.md"),
        lambda: kb.rebuild(),
        lambda: kb.set_metadata("a.md", {"x": 1}),
    ):
        with pytest.raises(InputError, match="its documents are at its server"):
            write()
    with pytest.raises(ModeError, match="it has: external"):
        kb.search("x", mode="vector")
    with pytest.raises(InputError, match="no vector weight"):
        kb.search("x", vector_weight=0.5)


def test_the_key_is_never_stored(external_base: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = external_base.folder
    external_base.open("partner").search("leave")
    external_base.close()
    assert not any(KEY.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file())
    monkeypatch.delenv("EXTERNAL_KEY")
    with Workspace(folder) as again, pytest.raises(ExternalError, match="EXTERNAL_KEY, which is not set"):
        again.open("partner").search("leave")


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "partner.test"},
        {"url": "http://user:secret@partner.test"},
        {"url": "http://partner.test?key=secret"},
        {"knowledge_id": ""},
        {"key_variable": "sk-secret"},
        {"key_variable": "secret"},
    ],
)
def test_what_cannot_be_used_is_refused_without_repeating_secrets(
    external_base: Workspace, wrong: dict[str, str]
) -> None:
    given = {"url": "http://partner.test", "knowledge_id": "x", "key_variable": "EXTERNAL_KEY", **wrong}
    with pytest.raises(InputError) as error:
        external_base.create_external("another", **given)  # type: ignore[arg-type]
    assert "secret" not in str(error.value)
    assert not external_base.has("another")


def test_an_external_base_is_made_and_dropped_once(external_base: Workspace) -> None:
    with pytest.raises(AlreadyExists):
        external_base.create_external("partner", url="http://partner.test", knowledge_id="x")
    external_base.drop("partner")
    assert not external_base.has("partner")


def test_on_the_command_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    right_server: ExternalServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("EXTERNAL_KEY", KEY)
    workspace = ["--workspace", str(tmp_path / "workspace"), "--json"]

    def run(*arguments: str) -> tuple[int, Any]:
        code = main([*arguments, *workspace])
        return code, json.loads(capsys.readouterr().out)

    place = ["--external", right_server.url, "--external-id", BASE, "--api-key-env", "EXTERNAL_KEY"]
    code, shown = run("create", "partner", *place)
    assert code == 0
    assert (shown["indexing"], shown["embedding"], shown["documents"]) == ("external", None, 0)
    assert KEY not in json.dumps(shown)
    assert run("ls")[1]["knowledge_bases"] == [shown]
    assert run("show", "partner")[1] == shown
    code, found = run("search", "leave", "--kb", "partner", "--top-k", "2", "--where", "year >= 2020")
    assert code == 0
    assert (found["mode"], found["calibrated"], len(found["hits"])) == ("external", False, 2)
    assert found["hits"][0]["chunk"]["start"] is None
    (tmp_path / "a.md").write_text("text", encoding="utf-8")
    for refused in (
        ("ingest", str(tmp_path / "a.md"), "--kb", "partner"),
        ("rm", "partner", "a.md"),
        ("rebuild", "partner"),
        ("create", "another", *place, "--embedding", "hash:8"),
        ("create", "another", "--external-id", BASE),
    ):
        code, said = run(*refused)
        assert code != 0, refused
        assert "external" in json.dumps(said), refused
    assert run("drop", "partner", "--yes")[0] == 0
    assert run("ls")[1]["knowledge_bases"] == []


def test_every_error_has_the_one_root() -> None:
    assert issubclass(ExternalError, OutgoingError)
    assert issubclass(OutgoingError, KnowledgeError)
