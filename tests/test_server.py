"""The HTTP API: Dify's external knowledge API, to the letter and as Dify's client really calls it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from http_server import names, question, refused, running

from knowledge import Document, Workspace, schema
from knowledge.defaults import BY_NAME
from knowledge.errors import AddressError, EmbeddingError, ExternalError
from knowledge.server import keys
from knowledge.server.running import in_thread, serve, serving


def document(name: str, text: str = "A common text.") -> Document:
    return Document(name=name, text=text)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Two bases: `animals` with cat and dog, `plants` with oak; every text holds the word common."""
    with Workspace(tmp_path_factory.mktemp("library")) as opened:
        animals = opened.create("animals")
        about = {"legs": 4, "url": "own", "seen": "2024-05-01"}
        animals.ingest(document("cat.txt", "The common cat sleeps."), metadata=about)
        animals.ingest(document("dog.txt", "The common dog barks. Common dogs bark."), metadata={"legs": 4})
        opened.create("plants").ingest(document("oak.txt", "The common oak grows."), metadata={"height": 20})
        yield opened


@pytest.fixture(scope="module")
def client(library: Workspace) -> Iterator[httpx.Client]:
    with serving(library, no_auth=True) as service, running(service) as client:
        yield client


def test_a_record_has_the_shape_that_dify_reads(client: httpx.Client, library: Workspace) -> None:
    (record,) = client.post("/retrieval", json=question("animals", "sleeps")).json()["records"]
    stored = library.open("animals").document("cat.txt")
    assert set(record) == {"content", "score", "title", "metadata"}
    assert record["content"] == "The common cat sleeps."
    assert record["title"] == "cat.txt"
    assert 0 < record["score"] <= 1
    metadata = record["metadata"]
    assert metadata["document_id"] == stored.id
    assert metadata["knowledge_base_id"] == library.open("animals").id
    assert (metadata["knowledge_base_name"], metadata["position"], metadata["legs"]) == ("animals", 0, 4)
    assert metadata["url"] == "own", "a field of the user goes before ours"
    assert None not in metadata.values()


def test_records_are_those_of_a_search_in_its_order(client: httpx.Client, library: Workspace) -> None:
    records = client.post("/retrieval", json=question("animals", "common dog")).json()["records"]
    hits = library.open("animals").search("common dog")
    assert [(record["content"], record["score"]) for record in records] == [
        (hit.content, hit.score) for hit in hits
    ]
    scores = [record["score"] for record in records]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("path", ["/retrieval", "//retrieval", "/retrieval/", "//retrieval//"])
def test_paths_as_dify_joins_them(client: httpx.Client, path: str) -> None:
    url = str(client.base_url).rstrip("/") + path
    assert names(client.post(url, json=question("plants"))) == ["oak.txt"]


def test_both_probes_of_a_registration_pass(client: httpx.Client) -> None:
    """Dify refuses a server that answers 403, 404 or 502 to them."""
    assert refused(client.post("/retrieval")) == (400, 400)
    setting = {"top_k": 1, "score_threshold": 0.0}
    probe = {"knowledge_id": "", "query": "", "retrieval_setting": setting}
    assert refused(client.post("/retrieval", json=probe)) == (400, 2001)


def test_a_question_without_words_finds_nothing(client: httpx.Client) -> None:
    assert names(client.post("/retrieval", json=question("animals", ""))) == []


def test_a_base_is_meant_by_id_or_name_and_several_are_one_list(
    client: httpx.Client, library: Workspace
) -> None:
    animals, plants = library.open("animals"), library.open("plants")
    for together in (f"animals,{plants.id}", f" {animals.id} , plants ,animals,"[:-1]):
        found = client.post("/retrieval", json=question(together)).json()["records"]
        assert {record["title"] for record in found} == {"cat.txt", "dog.txt", "oak.txt"}
        assert [record["score"] for record in found] == sorted((r["score"] for r in found), reverse=True)
        best = client.post("/retrieval", json=question(together, retrieval_setting={"top_k": 1})).json()[
            "records"
        ]
        assert best == found[:1]
    for unknown in ("fish", "animals,fish", "animals,", ",", "Animals"):
        assert refused(client.post("/retrieval", json=question(unknown))) == (400, 2001)


@pytest.mark.parametrize(
    "setting",
    [
        None,
        {},
        {"top_k": None},
        {"top_k": None, "score_threshold": None},
        {"top_k": 5, "score_threshold": 0.0},
    ],
)
def test_settings_may_be_absent_null_or_partial(client: httpx.Client, setting: dict | None) -> None:
    expected = names(client.post("/retrieval", json=question("animals")))
    asked = question("animals", retrieval_setting=setting, metadata_condition=None, later="added")
    assert names(client.post("/retrieval", json=asked)) == expected
    assert len(expected) == 2


def test_what_is_null_is_the_setting_of_the_base(client: httpx.Client, library: Workspace) -> None:
    library.open("animals").change_settings({"top_k": 1})
    assert len(names(client.post("/retrieval", json=question("animals")))) == 1
    assert len(names(client.post("/retrieval", json=question("animals,plants")))) == 2
    assert (
        len(names(client.post("/retrieval", json=question("animals", retrieval_setting={"top_k": 2})))) == 2
    )


def test_top_k_is_a_maximum_and_a_threshold_a_minimum(client: httpx.Client) -> None:
    def asked(**setting: float) -> httpx.Response:
        return client.post("/retrieval", json=question("animals", retrieval_setting=setting))

    scores = [record["score"] for record in asked().json()["records"]]
    assert len(names(asked(top_k=1))) == 1
    assert len(names(asked(top_k=10**9))) == 2
    assert len(names(asked(top_k=2.0, score_threshold=scores[0]))) == len(
        [s for s in scores if s >= scores[0]]
    )
    assert names(asked(score_threshold=1)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"retrieval_setting": {"top_k": 0}},
        {"retrieval_setting": {"top_k": -1}},
        {"retrieval_setting": {"top_k": 1.5}},
        {"retrieval_setting": {"top_k": "3"}},
        {"retrieval_setting": {"top_k": True}},
        {"retrieval_setting": {"score_threshold": 1.1}},
        {"retrieval_setting": {"score_threshold": -0.1}},
        {"retrieval_setting": {"score_threshold": "0.5"}},
        {"retrieval_setting": []},
        {"query": None},
        {"query": 5},
        {"knowledge_id": None},
        {"knowledge_id": ["animals"]},
        {"metadata_condition": {}},
        {"metadata_condition": {"condition": []}},
        {"metadata_condition": {"logical_operator": "xor", "conditions": []}},
        {
            "metadata_condition": {
                "conditions": [{"name": "legs", "comparison_operator": "like", "value": "4"}]
            }
        },
        {"metadata_condition": {"conditions": [{"name": "legs", "comparison_operator": "="}]}},
        {"metadata_condition": {"conditions": [{"name": "legs", "comparison_operator": "=", "value": None}]}},
        {"metadata_condition": {"conditions": [{"name": "legs", "comparison_operator": "=", "value": True}]}},
        {
            "metadata_condition": {
                "conditions": [{"name": "legs", "comparison_operator": "=", "value": "many"}]
            }
        },
        {
            "metadata_condition": {
                "conditions": [{"name": "legs", "comparison_operator": "=", "value": [4, 5]}]
            }
        },
        {"metadata_condition": {"conditions": [{"name": [], "comparison_operator": "empty"}]}},
        {"metadata_condition": {"conditions": [{"name": "wings", "comparison_operator": "empty"}]}},
    ],
)
def test_a_wrong_request_is_refused_and_never_unfiltered(client: httpx.Client, wrong: dict) -> None:
    assert refused(client.post("/retrieval", json={**question("animals"), **wrong})) == (400, 400)


def test_of_a_question_of_any_length_the_beginning_is_searched(client: httpx.Client) -> None:
    """Dify's apps send whole letters, and an error would be the end of a conversation."""
    longest = BY_NAME["server_query_characters"].default
    fits = "oak".rjust(longest)
    whole = client.post("/retrieval", json=question("plants", fits))
    cut = client.post("/retrieval", json=question("plants", " " + fits))
    assert (names(whole), names(cut)) == (["oak.txt"], [])
    assert "x-knowledge-warning" not in whole.headers
    assert cut.headers["x-knowledge-warning"].startswith(f"only the first {longest} characters")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("POST", "/retrieval/more", 404),
        ("GET", "/retrieval", 405),
        ("HEAD", "/health", 405),
        ("OPTIONS", "/retrieval", 405),
        ("BREW", "/retrieval", 405),
        ("GET", "/docs", 404),
    ],
)
def test_every_failure_has_the_one_shape(client: httpx.Client, method: str, path: str, status: int) -> None:
    response = client.request(method, path)
    assert response.status_code == status
    if method != "HEAD":
        assert refused(response) == (status, status)
    assert "access-control-allow-origin" not in response.headers
    assert "server" not in response.headers


def test_a_body_that_is_no_json_is_415(client: httpx.Client) -> None:
    assert refused(client.post("/retrieval", data={"knowledge_id": "animals"})) == (415, 415)
    as_json = {"content-type": "application/json; charset=utf-8"}
    body = json.dumps(question("plants")).encode()
    assert names(client.post("/retrieval", content=body, headers=as_json)) == ["oak.txt"]


def test_a_sane_request_id_is_kept(client: httpx.Client) -> None:
    assert client.get("/health", headers={"x-request-id": "a-1"}).headers["x-request-id"] == "a-1"
    assert client.get("/health", headers={"x-request-id": "a b"}).headers["x-request-id"] != "a b"
    assert len(client.get("/health").headers["x-request-id"]) == 32


def test_metrics_count_answers_by_route_and_status(client: httpx.Client) -> None:
    def count(method: str, route: str, status: int) -> int:
        row = f'knowledge_requests_total{{method="{method}",route="{route}",status="{status}"}} '
        counts = [
            line.removeprefix(row)
            for line in client.get("/metrics").text.splitlines()
            if line.startswith(row)
        ]
        return int(counts[0]) if counts else 0

    answered, lost = count("POST", "/retrieval", 200), count("GET", "other", 404)
    client.post("/retrieval", json=question("plants"))
    client.get("/nothing/a-client-made-up")
    assert count("POST", "/retrieval", 200) == answered + 1
    assert count("GET", "other", 404) == lost + 1
    text = client.get("/metrics").text
    assert "knowledge_ready 1\n" in text
    assert "made-up" not in text


def test_the_openapi_document_names_no_status_that_is_never_sent(client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()
    responses = described["paths"]["/retrieval"]["post"]["responses"]
    assert "422" not in responses
    example = described["components"]["schemas"]["RetrievalRequest"]["examples"][0]
    assert refused(client.post("/retrieval", json=example)) == (400, 2001)


def test_behind_a_proxy_the_prefix_may_be_left_on_or_taken_off(workspace: Workspace) -> None:
    workspace.create("plants").ingest(document("oak.txt"))
    with serving(workspace, no_auth=True, root_path="/kb/") as service, running(service) as client:
        root = str(client.base_url).rstrip("/").removesuffix("/kb")
        for path in ("/kb/retrieval", "/retrieval", "//kb//retrieval"):
            assert names(client.post(root + path, json=question("plants"))) == ["oak.txt"]
        assert client.get(f"{root}/openapi.json").json()["servers"] == [{"url": "/kb"}]
        assert client.get(f"{root}/kbretrieval").status_code == 404


@pytest.mark.parametrize(("trusted", "client_address"), [("", "127.0.0.1"), ("127.0.0.1", "203.0.113.9")])
def test_forwarded_headers_are_believed_only_from_a_trusted_proxy(
    trusted: str, client_address: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "knowledge")
    forwarded = {"x-forwarded-for": "203.0.113.9", "x-request-id": "forwarded"}
    with (
        serving(retrieve=lambda *_: [], no_auth=True) as service,
        in_thread(service, trusted_proxies=trusted) as url,
    ):
        httpx.get(f"{url}/health", headers=forwarded)
    lines = [record.fields for record in caplog.records if record.message == "request"]
    assert [line["client"] for line in lines if line["request_id"] == "forwarded"] == [client_address]


@pytest.mark.parametrize("log_queries", [False, True])
def test_questions_are_logged_only_when_that_is_asked_for(
    log_queries: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "knowledge")
    with (
        serving(retrieve=lambda *_: [], no_auth=True, log_queries=log_queries) as service,
        running(service) as client,
    ):
        client.post("/retrieval", json=question("any", "a private matter"), headers={"x-request-id": "q"})
    (line,) = [r.fields for r in caplog.records if r.message == "request" and r.fields["request_id"] == "q"]
    assert (line["status"], line["records"], line["knowledge_id"]) == (200, 0, "any")
    assert line.get("query") == ("a private matter" if log_queries else None)
    assert ("a private matter" in json.dumps(line)) == log_queries


def test_any_function_can_stand_behind_the_contract() -> None:
    asked = []

    def retrieve(knowledge_id, query, top_k, score_threshold, where):
        asked.append((knowledge_id, query, top_k, score_threshold, where))
        return [
            {"content": "low", "score": 0.2},
            {"content": "none", "score": None, "metadata": None, "title": None},
            {"content": "high", "score": 7, "metadata": {"a": 1}},
        ]

    with serving(retrieve=retrieve, keys=["secret"]) as service, running(service, "secret") as client:
        found = client.post("/retrieval", json=question("any")).json()["records"]
        assert found == [
            {"content": "high", "score": 1.0, "title": "", "metadata": {"a": 1}},
            {"content": "low", "score": 0.2, "title": "", "metadata": {}},
            {"content": "none", "score": 0.0, "title": "", "metadata": {}},
        ]
        setting = {"top_k": 1, "score_threshold": 0.5}
        assert (
            len(client.post("/retrieval", json=question("any", retrieval_setting=setting)).json()["records"])
            == 1
        )
        assert refused(client.post("/retrieval", headers={"authorization": "Bearer other"})) == (403, 1002)
    assert asked == [("any", "common", None, None, None), ("any", "common", 1, 0.5, None)]


def test_an_error_nobody_foresaw_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def retrieve(*_: object) -> list[dict]:
        raise RuntimeError("password of /var/secret")

    with serving(retrieve=retrieve, no_auth=True) as service, running(service) as client:
        response = client.post("/retrieval", json=question("any"))
        assert refused(response) == (500, 500)
        assert "secret" not in response.text
        assert client.get("/health").status_code == 200
    assert "password of /var/secret" in caplog.text


@pytest.mark.parametrize("error", [AddressError, EmbeddingError, ExternalError])
def test_where_other_servers_are_is_not_told(
    error: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    def retrieve(*_: object) -> list[dict]:
        raise error("internal.example is at 10.0.0.7")

    with serving(retrieve=retrieve, no_auth=True) as service, running(service) as client:
        response = client.post("/retrieval", json=question("any"))
    assert refused(response) == (503, 503)
    assert "internal" not in response.text
    assert "10.0.0.7" in caplog.text


def test_without_keys_only_this_machine_is_answered(client: httpx.Client) -> None:
    """A web page may let its own name point to 127.0.0.1 and then read what it gets."""
    assert refused(client.get("/metrics", headers={"host": "attacker.example"})) == (403, 1002)
    for host in ("localhost:80", "127.0.0.1", "[::1]:8000", "host.docker.internal:8000"):
        assert client.get("/metrics", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "host.invalid"])
def test_no_auth_is_for_loopback_only(host: str, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "knowledge",
        "--workspace",
        str(tmp_path),
        "serve",
        "--no-auth",
        "--host",
        host,
    ]
    Workspace(tmp_path).close()
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "allowed: 127.0.0.1" in done.stderr


def test_a_port_that_is_taken_is_an_error_that_says_so(client: httpx.Client) -> None:
    with pytest.raises(Exception, match="choose another --host or --port"):
        serve(retrieve=lambda *_: [], port=client.base_url.port, no_auth=True)


def test_the_command_serves_until_it_is_told_to_stop(workspace: Workspace) -> None:
    workspace.create("plants").ingest(document("oak.txt"))
    workspace.close()
    command = [
        sys.executable,
        "-m",
        "knowledge",
        "--workspace",
        str(workspace.folder),
        "--json",
        "serve",
        "--port",
        "0",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        url = json.loads(server.stdout.readline())["url"]
        assert refused(httpx.post(f"{url}/retrieval")) == (403, 1001)
        server.send_signal(signal.SIGTERM)
        output, log = server.communicate()
    assert (server.returncode, output) == (0, "")
    lines = [json.loads(line) for line in log.splitlines()]
    assert {"time", "level", "event"} <= set(lines[0])
    assert any("knowledge keys create NAME" in line["event"] for line in lines)
    (request,) = [line for line in lines if line["event"] == "request"]
    assert (request["status"], request["path"], request["key"]) == (403, "/retrieval", None)
    Workspace(workspace.folder).close()


def test_a_base_that_cannot_be_searched_stops_no_other(
    workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    workspace.create("plants").ingest(document("oak.txt"))
    workspace.create("broken").ingest(document("fish.txt"))
    table = schema.generation
    with workspace.store.write() as connection:
        broken = table.c.knowledge_base_id == workspace.open("broken").id
        connection.execute(
            table.update().where(broken).values(signature={"engine": "other", "analyzer": "other"})
        )
    workspace.close()
    with serving(workspace.folder, no_auth=True) as service, running(service) as client:
        assert names(client.post("/retrieval", json=question("plants"))) == ["oak.txt"]
        response = client.post("/retrieval", json=question("broken"))
        assert refused(response) == (500, 500)
        assert "other" not in response.text
    assert "build it anew: knowledge rebuild broken" in caplog.text


def test_a_base_of_another_server_is_asked_in_turn(workspace: Workspace) -> None:
    asked = []

    def retrieve(*given: object) -> list[dict]:
        asked.append(given)
        return [{"content": "from afar", "score": 0.5, "title": "far.txt", "metadata": {"year": 2024}}]

    workspace.create("plants").ingest(document("oak.txt"), metadata={"year": 2020})
    with serving(retrieve=retrieve, no_auth=True) as far, running(far) as other:
        workspace.create_external("far", url=str(other.base_url), knowledge_id="there")
        _, secret = keys.create(workspace.store, "all")
        _, bound = keys.create(workspace.store, "bound", conditions=["year > 2000"])
        with serving(workspace) as service, running(service, secret) as client:
            assert asked == [], "nothing is asked to warm it up"
            found = client.post("/retrieval", json=question("far,plants")).json()["records"]
            assert {record["title"] for record in found} == {"far.txt", "oak.txt"}
            where = {"conditions": [{"name": "year", "comparison_operator": "=", "value": 2024}]}
            assert names(client.post("/retrieval", json=question("far", metadata_condition=where))) == [
                "far.txt"
            ]
            hidden = client.post(
                "/retrieval", json=question("far"), headers={"authorization": f"Bearer {bound}"}
            )
            assert refused(hidden) == (403, 1002), "another server may not heed the condition of a key"
    assert [given[:2] for given in asked] == [("there", "common")] * 2
