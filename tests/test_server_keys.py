"""API keys: who may ask what, on every route, and how keys are made and ended beside a running server."""

from __future__ import annotations

import json
import stat
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from http_server import names, question, refused, running, until

from knowledge import Document, Workspace, schema
from knowledge.cli import main
from knowledge.errors import FilterError, InputError, NotFound
from knowledge.server import keys
from knowledge.server.rates import RateLimits
from knowledge.server.running import serving

TEXT = "a common text"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Base `open` with a public and a secret document, base `closed` with one document and no metadata."""
    with Workspace(tmp_path_factory.mktemp("library")) as opened:
        kb = opened.create("open")
        kb.ingest(Document(name="public", text=TEXT), metadata={"access": "public", "year": 2024})
        kb.ingest(Document(name="secret", text=TEXT), metadata={"access": "secret", "year": 2024})
        opened.create("closed").ingest(Document(name="inside", text=TEXT))
        yield opened


@pytest.fixture(scope="module")
def secrets(library: Workspace) -> dict[str, str]:
    """A key of each kind."""
    made = {
        "read": keys.create(library.store, "read"),
        "write": keys.create(library.store, "write", scopes=["write"]),
        "both": keys.create(library.store, "both", scopes=["read", "write"]),
        "expired": keys.create(library.store, "expired", expires_at=time.time() + 60),
        "revoked": keys.create(library.store, "revoked"),
        "other base": keys.create(library.store, "other", knowledge_bases=["closed"]),
        "filtered": keys.create(library.store, "filtered", conditions=["access = public"]),
    }
    with library.store.write() as connection:
        expired = schema.api_key.c.id == made["expired"][0].id
        connection.execute(schema.api_key.update().where(expired).values(expires_at=time.time() - 1))
    keys.revoke(library.store, made["revoked"][0].id)
    return {kind: secret for kind, (_, secret) in made.items()}


@pytest.fixture(scope="module")
def client(library: Workspace, secrets: dict[str, str]) -> Iterator[httpx.Client]:
    with serving(library) as service, running(service) as client:
        yield client


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


ASKED = question("open")
ROUTES: dict[str, tuple[str, str, Any]] = {
    "retrieval": ("POST", "/retrieval", ASKED),
    "empty": ("POST", "/retrieval", None),
    "probe": ("POST", "//retrieval", question("")),
    "health": ("GET", "/health", None),
    "metrics": ("GET", "/metrics", None),
    "openapi": ("GET", "/openapi.json", None),
    "wrong path": ("POST", "/nothing", ASKED),
    "wrong method": ("GET", "/retrieval", None),
}
MAY_READ = {
    "retrieval": 200, "empty": (400, 400), "probe": (400, 2001), "health": 200, "metrics": 200, "openapi": 200,
    "wrong path": (404, 404), "wrong method": (405, 405),
}  # fmt: skip
NOT_AT_ALL = dict.fromkeys(ROUTES, (403, 1002)) | {"health": 200}
MALFORMED = dict.fromkeys(ROUTES, (403, 1001)) | {"health": 200}
EXPECTED = {
    "read": MAY_READ,
    "both": MAY_READ,
    "filtered": MAY_READ,
    "write": MAY_READ | dict.fromkeys(("retrieval", "empty", "probe", "metrics"), (403, 1002)),
    "expired": NOT_AT_ALL,
    "revoked": NOT_AT_ALL,
    "unknown": NOT_AT_ALL,
    "none": MALFORMED,
    "malformed": MALFORMED,
    "other base": MAY_READ | {"retrieval": (400, 2001)},
}


@pytest.mark.parametrize("kind", EXPECTED)
@pytest.mark.parametrize("route", ROUTES)
def test_every_key_on_every_route(
    client: httpx.Client, secrets: dict[str, str], kind: str, route: str
) -> None:
    special = {
        "none": {},
        "malformed": {"authorization": "Basic dXNlcg=="},
        "unknown": bearer("knowledge-unknown"),
    }
    headers = special[kind] if kind in special else bearer(secrets[kind])
    method, path, body = ROUTES[route]
    url = str(client.base_url).rstrip("/") + path
    response = client.request(method, url, json=body, headers=headers)
    wanted = EXPECTED[kind][route]
    if wanted == 200:
        assert response.status_code == 200
    else:
        assert refused(response) == wanted


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "BEARER   {}", "Bearer\t{}"])
def test_the_header_may_be_written_in_any_case_and_with_spaces(
    client: httpx.Client, secrets: dict[str, str], form: str
) -> None:
    headers = {"authorization": form.format(secrets["read"])}
    assert set(names(client.post("/retrieval", json=ASKED, headers=headers))) == {"public", "secret"}


@pytest.mark.parametrize("header", ["", "Bearer", "{}", "Token {}", "Bearer {} {}", "Bearer{}", "Basic {}"])
def test_a_malformed_header_is_1001(client: httpx.Client, secrets: dict[str, str], header: str) -> None:
    headers = {"authorization": header.replace("{}", secrets["read"])}
    assert refused(client.post("/retrieval", json=ASKED, headers=headers)) == (403, 1001)


def test_two_headers_are_malformed(client: httpx.Client, secrets: dict[str, str]) -> None:
    twice = [("authorization", f"Bearer {secrets['read']}"), ("authorization", "Bearer other")]
    assert refused(client.post("/retrieval", json=ASKED, headers=twice)) == (403, 1001)


def test_a_key_finds_only_in_its_bases_and_others_are_as_if_unknown(
    client: httpx.Client, secrets: dict[str, str], library: Workspace
) -> None:
    headers = bearer(secrets["other base"])
    assert names(client.post("/retrieval", json=question("closed"), headers=headers)) == ["inside"]
    unknown = client.post("/retrieval", json=question("nowhere"), headers=headers)
    for asked in ("open", library.open("open").id, "closed,open"):
        hidden = client.post("/retrieval", json=question(asked), headers=headers)
        assert refused(hidden) == refused(unknown) == (400, 2001)
        assert (
            hidden.json()["error_msg"].replace(asked.split(",")[-1], "nowhere") == unknown.json()["error_msg"]
        )


@pytest.mark.parametrize(
    "condition",
    [
        None,
        {"conditions": []},
        {"conditions": [{"name": "access", "comparison_operator": "is", "value": "secret"}]},
        {"logical_operator": "or", "conditions": [{"name": "access", "comparison_operator": "not empty"}]},
        {"conditions": [{"name": ["access", "year"], "comparison_operator": "is not", "value": 0}]},
    ],
)
def test_no_request_widens_what_a_key_may_see(
    client: httpx.Client, secrets: dict[str, str], condition: dict | None
) -> None:
    asked = question("open", metadata_condition=condition)
    assert "secret" in names(client.post("/retrieval", json=asked, headers=bearer(secrets["read"])))
    assert "secret" not in names(client.post("/retrieval", json=asked, headers=bearer(secrets["filtered"])))


def test_the_condition_of_a_key_holds_in_bases_without_the_field(
    client: httpx.Client, secrets: dict[str, str]
) -> None:
    asked = question("closed,open")
    assert names(client.post("/retrieval", json=asked, headers=bearer(secrets["filtered"]))) == ["public"]


def test_where_the_condition_of_a_key_cannot_be_decided_nothing_is_shown(workspace: Workspace) -> None:
    workspace.create("a").ingest(Document(name="a", text=TEXT), metadata={"level": 3})
    _, secret = keys.create(workspace.store, "late", conditions=["level > 2"])
    workspace.create("b").ingest(Document(name="b", text=TEXT), metadata={"level": "high"})
    with serving(workspace) as service, running(service, secret) as client:
        assert names(client.post("/retrieval", json=question("a"))) == ["a"]
        assert refused(client.post("/retrieval", json=question("b"))) == (403, 1002)


def test_a_rate_is_a_bucket_that_fills_steadily() -> None:
    moments = count(0, 1)
    limits = RateLimits(clock=lambda: float(next(moments)))
    waits = [limits.wait_s("a", 30) for _ in range(100)]
    assert waits[:30] == [0.0] * 30, "a minute's worth at once"
    passed = [second for second, wait in enumerate(waits) if wait == 0]
    assert len(passed) == 30 + 99 * 30 // 60, "then one every two seconds"
    assert all(0 < wait <= 60 / 30 for wait in waits if wait)
    assert limits.wait_s("b", 30) == 0
    assert limits.wait_s("a", None) == 0


def test_beyond_its_rate_a_key_is_told_when_to_come_back(library: Workspace) -> None:
    _, secret = keys.create(library.store, "slow", rate_per_minute=2)
    with serving(library) as service, running(service, secret) as client:
        assert [client.post("/retrieval", json=ASKED).status_code for _ in range(2)] == [200, 200]
        response = client.post("/retrieval", json=ASKED)
        assert refused(response) == (429, 429)
        assert 1 <= int(response.headers["retry-after"]) <= 30
        assert client.get("/health").status_code == 200


def test_a_running_server_notices_new_rotated_and_revoked_keys(
    library: Workspace, client: httpx.Client
) -> None:
    with Workspace(library.folder, lock=False) as beside:
        made, secret = keys.create(beside.store, "new")
        answered = {"headers": bearer(secret), "json": ASKED}
        until(lambda: client.post("/retrieval", **answered).status_code == 200)
        _, other = keys.rotate(beside.store, made.id)
        until(lambda: client.post("/retrieval", **answered).status_code == 403)
        answered["headers"] = bearer(other)
        until(lambda: client.post("/retrieval", **answered).status_code == 200)
        keys.revoke(beside.store, made.id)
        until(lambda: client.post("/retrieval", **answered).status_code == 403)


def test_the_last_use_is_noted_when_the_server_ends(library: Workspace) -> None:
    made, secret = keys.create(library.store, "used")
    before = time.time()
    with serving(library) as service, running(service, secret) as client:
        client.post("/retrieval", json=ASKED)
    (noted,) = [key.last_used_at for key in keys.every(library.store) if key.id == made.id]
    assert noted is not None
    assert before <= noted <= time.time()


def test_a_secret_is_stored_nowhere(library: Workspace, secrets: dict[str, str]) -> None:
    stored = b"".join(path.read_bytes() for path in library.folder.glob("knowledge.db*"))
    assert all(secret.encode() not in stored for secret in secrets.values())
    assert len(set(secrets.values())) == len(secrets)
    assert all(len(secret) == len("knowledge-") + 43 for secret in secrets.values()), "43 × 6 bits hold 256"


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"knowledge_bases": ["nowhere"]}, NotFound),
        ({"conditions": ["typo = 1"]}, FilterError),
        ({"conditions": ["year > many"]}, FilterError),
        ({"conditions": ["year"]}, FilterError),
        ({"scopes": []}, InputError),
        ({"scopes": ["admin"]}, InputError),
        ({"rate_per_minute": 0}, InputError),
        ({"expires_at": 1.0}, InputError),
    ],
)
def test_a_key_that_could_not_work_is_not_made(
    library: Workspace, options: dict, error: type[Exception]
) -> None:
    before = keys.every(library.store)
    with pytest.raises(error):
        keys.create(library.store, "wrong", **options)
    assert keys.every(library.store) == before


def test_the_commands(workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Beside a process that holds the workspace, as a server does."""
    workspace.create("open")

    def run(*arguments: str) -> tuple[int, dict]:
        code = main(["--json", "--workspace", str(workspace.folder), "keys", *arguments])
        return code, json.loads(capsys.readouterr().out)

    code, made = run(
        "create", "dify", "--scope", "read", "--scope", "write", "--kb", "open", "--expires", "30"
    )
    assert (code, made["name"], made["scopes"]) == (0, "dify", ["read", "write"])
    assert set(made) == {"id", "name", "key", "scopes", "expires_at"}
    code, limited = run("create", "limited", "--rate", "60/min", "--expires", "2100-01-31")
    assert limited["expires_at"] == "2100-01-31T00:00:00+00:00"
    code, listed = run("ls")
    assert [key["name"] for key in listed["keys"]] == ["dify", "limited"]
    assert (listed["keys"][0]["knowledge_bases"], listed["keys"][1]["rate_per_minute"]) == (["open"], 60)
    assert made["key"] not in json.dumps(listed)

    code, rotated = run("rotate", made["id"])
    assert (code, rotated["id"]) == (0, made["id"])
    assert rotated["key"] != made["key"]
    assert run("revoke", made["id"])[1]["state"] == "revoked"
    code, refusal = run("rotate", made["id"])
    assert (code, refusal["error"]["type"]) == (2, "InputError")
    assert run("revoke", "nothing")[0] == 1
    assert run("create", "x", "--rate", "often")[0] == 2
    assert run("create", "x", "--expires", "soon")[0] == 2

    file = tmp_path / "key"
    code, quiet = run("create", "file", "--file", str(file))
    assert "key" not in quiet
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert keys.digest(file.read_text().strip()) in keys.by_digest(workspace.store)
    assert run("create", "again", "--file", str(file))[0] == 2
