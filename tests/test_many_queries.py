"""Many questions at once: each finds what it finds alone, the model is asked once, no trouble spreads."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from embedding_server import EmbeddingServer, fails, running
from external_server import BASE, KEY, ExternalServer, serving
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge import Document, Hits, KnowledgeBase, Workspace
from knowledge.cli import main
from knowledge.errors import (
    EmbeddingError,
    EmbeddingUnavailable,
    FilterError,
    InputError,
    ModeError,
    OutgoingError,
)

TEXTS = (
    "Annual leave is twenty days.",
    "员工每年有十天年假。",
    "Hotels cost up to 120 euros a night.",
    "The valve PPR-9087 is made of brass.",
)
QUESTIONS = ("annual leave", "年假有几天", "hotel", "PPR-9087", "", "?!", "the of", "xyzzy")


def filled(kb: KnowledgeBase) -> KnowledgeBase:
    documents = [Document(name=f"{number}.txt", text=text) for number, text in enumerate(TEXTS)]
    kb.ingest(documents, metadata={"year": 2024})
    return kb


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A base with vectors and one without."""
    with Workspace(tmp_path_factory.mktemp("shelf")) as made:
        filled(made.create("vectors", embedding="hash:32"))
        filled(made.create("words"))
        yield made


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddingServer]:
    monkeypatch.setenv("KNOWLEDGE_REQUEST_RETRIES", "0")
    with running() as server:
        yield server


@pytest.fixture
def served(server: EmbeddingServer, workspace: Workspace) -> KnowledgeBase:
    """A base whose vectors come from the server, which has not been asked a question."""
    kb = filled(workspace.create("served", embedding=f"openai:{server.spec()}"))
    server.requests.clear()
    return kb


def timeless(found: Hits) -> Hits:
    return replace(found, seconds=0.0)


@given(
    queries=st.lists(st.sampled_from(QUESTIONS), max_size=6),
    mode=st.sampled_from(["hybrid", "vector", "full-text"]),
    top_k=st.integers(1, 5),
    explain=st.booleans(),
)
@settings(max_examples=30)
def test_each_finds_what_it_finds_alone(
    shelf: Workspace, queries: list[str], mode: str, top_k: int, explain: bool
) -> None:
    kb = shelf.open("vectors")
    options = {"mode": mode, "top_k": top_k, "explain": explain, "highlight": True}
    together = kb.search_many(queries, **options)
    assert [timeless(found) for found in together] == [
        timeless(kb.search(query, **options)) for query in queries
    ]


@given(queries=st.lists(st.sampled_from(QUESTIONS), max_size=5), top_k=st.integers(1, 5))
@settings(max_examples=20)
def test_so_it_does_in_several_bases(shelf: Workspace, queries: list[str], top_k: int) -> None:
    names = ["words", "vectors"]
    together = shelf.search_many(iter(queries), knowledge_bases=names, top_k=top_k)
    alone = [shelf.search(query, knowledge_bases=names, top_k=top_k) for query in queries]
    assert [timeless(found) for found in together] == [timeless(found) for found in alone]


def test_the_model_is_asked_once_and_never_twice(served: KnowledgeBase, server: EmbeddingServer) -> None:
    served.search_many(["annual leave", "hotel", "hotel", "", "?!"])
    assert [sorted(request["input"]) for request in server.requests] == [["annual leave", "hotel"]]
    served.search_many(["hotel", "brass", "annual leave"])
    served.search("brass")
    assert [request["input"] for request in server.requests[1:]] == [["brass"]]


def test_a_workspace_asks_each_model_once(
    served: KnowledgeBase, server: EmbeddingServer, workspace: Workspace
) -> None:
    workspace.search_many(["annual leave", "hotel"], knowledge_bases=["served"])
    filled(workspace.create("twin", embedding=f"openai:{server.spec()}"))
    filled(workspace.create("words"))
    server.requests.clear()
    workspace.search_many(["brass", "hotel", "valve"], knowledge_bases=["served", "twin", "words"])
    assert [request["input"] for request in server.requests] == [["brass", "valve"]]


def test_questions_get_what_the_model_wants_before_questions(
    server: EmbeddingServer, workspace: Workspace
) -> None:
    spec = server.spec(options="#query_prefix=Q:%20&passage_prefix=P:%20")
    kb = filled(workspace.create("prefixed", embedding=f"openai:{spec}"))
    server.requests.clear()
    kb.search_many(["hotel", "brass"])
    assert server.texts == ["Q: hotel", "Q: brass"]


def test_words_alone_need_no_model(served: KnowledgeBase, server: EmbeddingServer) -> None:
    found = served.search_many(["annual leave", "hotel"], mode="full-text")
    served.search_many(["annual leave"], vector_weight=0.0)
    assert [hits[0].document.key for hits in found if isinstance(hits, Hits)] == ["0.txt", "2.txt"]
    assert server.requests == []


def test_a_question_that_the_model_refuses_is_no_trouble_of_others(
    served: KnowledgeBase, server: EmbeddingServer
) -> None:
    server.refused = "secret"
    before, refused, after = served.search_many(["annual leave", "a secret", "hotel"])
    assert isinstance(refused, EmbeddingError)
    assert "a text is not allowed" in str(refused)
    assert isinstance(before, Hits)
    assert isinstance(after, Hits)
    assert [hits[0].document.key for hits in (before, after)] == ["0.txt", "2.txt"]


def test_a_question_that_is_too_long_for_the_model_is_asked_as_it_is_alone(
    served: KnowledgeBase, server: EmbeddingServer
) -> None:
    server.longest_text = 400
    long = "annual leave " * 100
    (found, short) = served.search_many([long, "hotel"])
    assert isinstance(found, Hits)
    assert isinstance(short, Hits)
    assert timeless(found) == timeless(served.search(long))


def test_a_dead_server_is_asked_once_and_the_rest_is_answered(
    served: KnowledgeBase, server: EmbeddingServer
) -> None:
    served.search("hotel")
    server.requests.clear()
    server.answers = [fails(503)] * 9
    unknown, known, empty, other = served.search_many(["annual leave", "hotel", "", "brass"])
    assert isinstance(unknown, EmbeddingUnavailable)
    assert isinstance(other, EmbeddingUnavailable)
    assert isinstance(known, Hits)
    assert known[0].document.key == "2.txt"
    assert isinstance(empty, Hits)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"mode": "keyword"}, ModeError),
        ({"fusion": "rrf", "threshold": 0.5}, InputError),
        ({"where": "colour = red"}, FilterError),
        ({"top_k": 0}, InputError),
        ({"rerank": "nobody:x"}, InputError),
    ],
)
def test_what_is_wrong_with_the_options_is_raised(shelf: Workspace, options: dict, error: type) -> None:
    with pytest.raises(error):
        shelf.open("vectors").search_many(["hotel", "annual leave"], **options)


def test_one_text_is_not_many_questions(shelf: Workspace) -> None:
    with pytest.raises(InputError, match="give a list"):
        shelf.open("words").search_many("hotel")
    assert shelf.open("words").search_many([]) == []


def test_other_servers_are_asked_question_by_question(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTERNAL_KEY", KEY)
    monkeypatch.setenv("KNOWLEDGE_REQUEST_RETRIES", "0")
    filled(workspace.create("own"))
    with serving(ExternalServer()) as partner:
        for name, url in (("partner", partner.url), ("dead", "http://127.0.0.1:9")):
            workspace.create_external(name, url=url, knowledge_id=BASE, key_variable="EXTERNAL_KEY")
        there, nothing = workspace.open("partner").search_many(["passage", " "])
        assert isinstance(there, Hits)
        assert len(there) == workspace.open("partner").settings["top_k"]
        assert isinstance(nothing, Hits)
        assert len(nothing) == 0
        assert isinstance(workspace.open("dead").search_many(["passage"])[0], OutgoingError)
        (found,) = workspace.search_many(["hotel"], knowledge_bases=["own", "partner", "dead"])
        assert isinstance(found, Hits)
        assert {hit.knowledge_base.name for hit in found} <= {"own", "partner"}
        assert any(warning.startswith("the passages of 'dead' are missing") for warning in found.warnings)
        (lost,) = workspace.search_many(["hotel"], knowledge_bases=["dead"])
        assert isinstance(lost, OutgoingError)


def test_every_question_is_in_the_history(workspace: Workspace) -> None:
    kb = filled(workspace.create("kb"))
    kb.change_settings({"history": True})
    kb.search_many(["hotel", "hotel", "brass"])
    kb.history.write()
    assert kb.history.summary().searches == 3


def test_a_line_of_json_for_every_line_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Workspace(tmp_path / "w") as made:
        for name in ("one", "two"):
            filled(made.create(name))
    file = tmp_path / "queries.txt"
    file.write_bytes("\ufeffannual leave\r\n\n年假\n".encode() + b"ho\xff tel\n")
    for bases in (["--kb", "one"], ["--kb", "one", "--kb", "two"]):
        code = main(
            ["--workspace", str(tmp_path / "w"), "search", "--queries", str(file), *bases, "--top-k", "1"]
        )
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert code == 0
        assert [line["query"] for line in lines] == ["annual leave", "", "年假", "ho  tel"]
        assert [len(line["hits"]) for line in lines] == [1, 0, 1, 0]
        assert "check its encoding" in lines[3]["warnings"][0]


def test_a_failed_line_is_told_in_its_place(
    tmp_path: Path, server: EmbeddingServer, capsys: pytest.CaptureFixture[str]
) -> None:
    with Workspace(tmp_path / "w") as made:
        filled(made.create("kb", embedding=f"openai:{server.spec()}"))
    server.refused = "secret"
    file = tmp_path / "queries.txt"
    file.write_text("hotel\na secret\nbrass")
    code = main(["--workspace", str(tmp_path / "w"), "search", "--queries", str(file), "--kb", "kb"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert code == 1
    assert lines[1]["query"] == "a secret"
    assert lines[1]["error"]["type"] == "EmbeddingError"
    assert [line["hits"][0]["document"]["key"] for line in (lines[0], lines[2])] == ["2.txt", "3.txt"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "there is no question"),
        (["hotel", "--queries", "x"], "QUERY goes without --queries"),
        (["--queries", "x", "--context", "9"], "--context goes without --queries"),
        (["--queries", "x", "--variants", "2"], "--variants goes without --queries"),
        (["--queries", "nowhere.txt"], "no file 'nowhere.txt'"),
    ],
)
def test_options_that_do_not_go_together(
    tmp_path: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with Workspace(tmp_path / "w") as made:
        made.create("kb")
    assert main(["--workspace", str(tmp_path / "w"), "search", "--kb", "kb", *options]) in (1, 2)
    shown = capsys.readouterr().err
    assert said in shown
    assert shown.count("\n") == 1


def test_one_question_loads_nothing_of_it(tmp_path: Path) -> None:
    with Workspace(tmp_path / "w") as made:
        filled(made.create("kb"))
    code = (
        "import sys\n"
        "from knowledge.cli import main\n"
        f"main(['--workspace', {str(tmp_path / 'w')!r}, 'search', 'hotel', '--kb', 'kb'])\n"
        "names = ('knowledge.assistance', 'knowledge.many', 'knowledge.asking', 'knowledge.chat', 'numpy', 'httpx')\n"
        "assert not [name for name in sys.modules if name.startswith(names)]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_a_rebuild_tells_what_its_vectors_took(served: KnowledgeBase, server: EmbeddingServer) -> None:
    done = served.rebuild()
    assert (done.kb, done.chunks) == ("served", len(TEXTS))
    assert done.embedding is not None
    assert (done.embedding.texts, done.embedding.cached_share) == (len(TEXTS), 1.0)
    (served._generation.workspace / "embeddings.db").unlink()
    server.tokens_a_text = 7
    done = served.rebuild()
    assert done.embedding is not None
    assert (done.embedding.texts, done.embedding.cached) == (len(TEXTS), 0)
    # One text more: the model is asked for its dimension.
    assert (done.embedding.calls, done.embedding.tokens) == (2, 7 * (len(TEXTS) + 1))
    assert 0 < done.embedding.seconds < done.seconds


def test_the_command_tells_it_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Workspace(tmp_path / "w") as made:
        filled(made.create("hashed", embedding="hash:16"))
        filled(made.create("words"))
    base = ["--workspace", str(tmp_path / "w"), "rebuild"]
    assert main([*base, "hashed"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"rebuilt hashed: {len(TEXTS)} chunks in ")
    assert second.startswith(f"vectors: {len(TEXTS)} texts, 100% from the cache, ")
    assert main([*base, "words", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["name"], told["embedding_usage"]) == ("words", None)
