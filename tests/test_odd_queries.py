"""Questions that say nothing, say too much or are no text: in every mode, from Python, the command line and HTTP."""

import json
import sys
from collections.abc import Iterator
from io import BytesIO, TextIOWrapper
from pathlib import Path

import httpx
import pytest
from embedding_server import running as embedding
from external_server import BASE, KEY, ExternalServer
from external_server import serving as serving_contract
from http_server import running
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge import Document, Hits, Workspace
from knowledge.cli import main
from knowledge.defaults import BY_NAME
from knowledge.errors import InputError
from knowledge.queries import readable, says_something
from knowledge.searching import NOTHING
from knowledge.server.running import serving

LONGEST = int(BY_NAME["query_characters"].default)
TEXTS = {
    "leave.txt": "Annual leave is twenty days. 🎉",
    "年假.txt": "员工每年有十天年假。",
    "отпуск.txt": "Отпуск длится двадцать дней.",
}
MODES = {
    "words": ("keyword",),
    "vectors": ("hybrid", "vector", "full-text"),
    "served": ("hybrid", "vector", "full-text"),
}
EVERY_MODE = [(name, mode) for name, modes in MODES.items() for mode in modes]

SILENT = [
    "",
    " ",
    " \t\r\n\u3000",
    "?!… 。，",
    "—()[]{}",
    "\0",
    "\0\0\x1b\x7f",
    "\u200b\u200d\ufeff",
    "\u0301",
]
"""Nobody can say what is asked."""
BROKEN = ["\ud800", "\udcff\udc80 ?"]
"""Nothing of it is text."""
WORDLESS = ["the of and", "🎉", "🎉👩‍👩‍👧🎊", "❤️"]
"""No words to look for, yet a vector may say something."""
READ = ["annual\0leave", "annual \ud800 leave", "annual\x1bleave", "annual ?!? leave", "annual leave 🎉"]
MIXED = ["年假 annual отпуск", "annual年假отпуск", "휴가 отпуск 年假 leave"]
HUGE = ["annual leave " * 80_000, "年假有几天" * 200_000, "x" * 1_000_000, "annual " + "\0" * 1_000_000]
ALL = [*SILENT, *BROKEN, *WORDLESS, *READ, *MIXED, "的了是", *HUGE]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """An economy base, one with hash vectors, and one whose vectors are asked for as JSON."""
    with embedding() as server, Workspace(tmp_path_factory.mktemp("library")) as made:
        kinds = {"words": None, "vectors": "hash:32", "served": f"openai:{server.spec()}"}
        for name, spec in kinds.items():
            kb = made.create(name, embedding=spec)
            kb.ingest([Document(name=key, text=text) for key, text in TEXTS.items()])
            kb.change_settings({"history": True})
        yield made
        for name in kinds:
            made.open(name).history.write()
            assert made.open(name).history.summary().searches > 0


def found(library: Workspace, name: str, mode: str, query: str) -> Hits:
    return library.open(name).search(query, mode=mode)  # type: ignore[arg-type]


@given(query=st.text(st.characters(exclude_categories=()), max_size=60), where=st.sampled_from(EVERY_MODE))
@settings(max_examples=150)
def test_whatever_is_asked_is_answered(library: Workspace, query: str, where: tuple[str, str]) -> None:
    name, mode = where
    hits = found(library, name, mode, query)
    hits.query.encode()  # Raises for a lone surrogate.
    if not says_something(readable(query)[0]):
        assert (len(hits), hits.warnings[-1]) == (0, NOTHING)


@given(query=st.text(st.characters(exclude_categories=()), max_size=200))
def test_what_is_readable_stays_as_it_is(query: str) -> None:
    text, _ = readable(query)
    assert len(text) == len(query)
    assert readable(text) == (text, ())
    assert all(after in (before, " ") for before, after in zip(query, text, strict=True))


@pytest.mark.parametrize(("name", "mode"), EVERY_MODE)
def test_nothing_is_found_for_what_says_nothing(library: Workspace, name: str, mode: str) -> None:
    for query in SILENT:
        hits = found(library, name, mode, query)
        assert (len(hits), hits.mode, hits.warnings) == (0, mode, (NOTHING,)), repr(query)
    for query in BROKEN:
        hits = found(library, name, mode, query)
        assert len(hits) == 0
        assert "check its encoding" in hits.warnings[0]
        assert hits.warnings[1:] == (NOTHING,)


def test_no_model_is_asked_about_it(tmp_path: Path) -> None:
    with embedding() as server, Workspace(tmp_path) as made:
        kb = made.create("kb", embedding=f"openai:{server.spec()}")
        server.requests.clear()
        for query in SILENT:
            kb.search(query)
        assert server.requests == []


@pytest.mark.parametrize(("name", "mode"), EVERY_MODE)
def test_without_words_vectors_decide_or_nothing_is_found(library: Workspace, name: str, mode: str) -> None:
    for query in WORDLESS:
        hits = found(library, name, mode, query)
        match mode:
            case "vector":
                assert hits.warnings == ()
            case "hybrid":
                assert hits.warnings == ("the query has no words to look for; vectors alone decide",)
            case _:
                assert (len(hits), hits.warnings) == (0, (NOTHING,))


@pytest.mark.parametrize(("name", "mode"), EVERY_MODE)
def test_what_is_no_text_in_a_question_counts_as_a_space(library: Workspace, name: str, mode: str) -> None:
    expected = found(library, name, mode, "annual leave")
    assert expected[0].document.key == "leave.txt"
    for query in READ[:3]:
        assert found(library, name, mode, query).hits == expected.hits
    for query in READ[3:]:
        assert found(library, name, mode, query)[0].document.key == "leave.txt"


@pytest.mark.parametrize(("name", "mode"), EVERY_MODE)
def test_every_script_of_a_question_counts(library: Workspace, name: str, mode: str) -> None:
    for query in MIXED:
        keys = {hit.document.key for hit in found(library, name, mode, query)}
        if mode != "vector":
            assert "年假.txt" in keys, query
    spaced = {hit.document.key for hit in found(library, name, mode, MIXED[0])}
    assert mode == "vector" or spaced == set(TEXTS)


@pytest.mark.parametrize(("name", "mode"), EVERY_MODE)
def test_of_a_huge_question_the_beginning_is_searched_and_that_is_told(
    library: Workspace, name: str, mode: str
) -> None:
    for query in HUGE:
        hits = found(library, name, mode, query)
        assert hits.warnings[0] == (
            f"only the first {LONGEST:,} of {len(query):,} characters of the query were searched (query_characters)"
        )
        assert hits.hits == found(library, name, mode, query[:LONGEST]).hits
        assert len(hits.query) == LONGEST


def test_how_long_a_question_may_be_is_a_setting(library: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KNOWLEDGE_QUERY_CHARACTERS", "100")
    hits = library.open("words").search("x" * 100 + " annual leave")
    assert (len(hits), len(hits.warnings)) == (0, 1)
    assert library.open("words").search("annual leave".ljust(100)).warnings == ()
    monkeypatch.setenv("KNOWLEDGE_QUERY_CHARACTERS", "99")
    with pytest.raises(InputError, match="from 100 to"):
        library.open("words").search("annual leave")


def test_several_bases_tell_it_once(library: Workspace) -> None:
    hits = library.search(HUGE[0], knowledge_bases=["words", "vectors"])
    assert [warning for warning in hits.warnings if "characters of the query" in warning] == [
        hits.warnings[0]
    ]
    nothing = library.search("?", knowledge_bases=["words", "vectors"])
    assert nothing.warnings == (f"words: {NOTHING}", f"vectors: {NOTHING}")


def test_a_reranker_reads_what_was_searched(library: Workspace) -> None:
    read: list[str] = []

    def judge(query: str, texts: object) -> list[float]:
        read.append(query)
        return [1.0] * len(texts)  # type: ignore[arg-type]

    for query in ("annual\0leave", HUGE[0]):
        library.open("words").search(query, rerank=judge)
        library.search(query, knowledge_bases=["words", "vectors"], rerank=judge)
    assert read == ["annual leave", "annual leave", HUGE[0][:LONGEST], HUGE[0][:LONGEST]]


def test_another_server_is_asked_what_can_be_read(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTERNAL_KEY", KEY)
    with serving_contract(ExternalServer()) as partner:
        kb = workspace.create_external(
            "there", url=partner.url, knowledge_id=BASE, key_variable="EXTERNAL_KEY"
        )
        for query in SILENT:
            assert kb.search(query).warnings == (NOTHING,)
        assert partner.seen == []
        for rerank in (None, lambda query, texts: [0.5] * len(texts)):
            assert kb.search("annual\0leave", rerank=rerank).warnings == ()
            (warning,) = kb.search(HUGE[0], rerank=rerank).warnings
            assert warning.startswith("only the first 8,000 of 1,040,000 characters")
        assert [body["query"] for body in partner.seen] == 2 * ["annual leave", HUGE[0][:LONGEST]]


def test_why_not_takes_every_question(library: Workspace) -> None:
    kb = library.open("vectors")
    chunk = kb.chunks("leave.txt")[0]
    for query in ALL:
        assert kb.why_not(query, chunk.id).chunk == chunk


@pytest.mark.parametrize(("name", "mode"), EVERY_MODE)
def test_on_the_command_line(
    library: Workspace,
    name: str,
    mode: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The workspace is held by this process: the command is given the one that is open."""
    monkeypatch.setattr("knowledge.commands.existing", lambda options: library)
    monkeypatch.setattr(library, "close", lambda: None)
    for query in [query for query in ALL if query not in HUGE]:
        code = main(["search", query, "--kb", name, "--mode", mode])
        shown = capsys.readouterr()
        assert code == 0
        assert "Traceback" not in shown.err
        if query in SILENT:
            assert (shown.out, shown.err) == ("no passage found\n", f"note: {NOTHING}\n")
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO("\n".join(HUGE).encode())))
    assert main(["search", "--queries", "-", "--kb", name, "--mode", mode]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [len(line["query"]) for line in lines] == [LONGEST] * len(HUGE)


@pytest.fixture(scope="module")
def client(library: Workspace) -> Iterator[httpx.Client]:
    with serving(library, no_auth=True) as service, running(service) as client:
        yield client


@pytest.mark.parametrize("name", list(MODES))
def test_over_http(library: Workspace, client: httpx.Client, name: str) -> None:
    """In the default mode of each base."""
    for query in ALL:
        body = json.dumps({"knowledge_id": name, "query": query})
        if len(body) > BY_NAME["server_body_bytes"].default:
            continue
        response = client.post("/retrieval", content=body, headers={"content-type": "application/json"})
        assert response.status_code == 200, (response.text, query[:20])
        titles = [record["title"] for record in response.json()["records"]]
        assert titles == [hit.document.name for hit in library.open(name).search(query)]
        assert ("x-knowledge-warning" in response.headers) == (len(query) > LONGEST)
