"""The indexes keep the contract; what is special to the one on disk and the one on a server."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from index_contract import IndexContract, text_point

from indexers import EdgeIndex, MemoryIndex
from indexers.qdrant import QdrantIndex
from indexers.qdrant_connection import API_KEY
from knowledge.errors import AlreadyExists, FilterError, InputError, WorkspaceError, WorkspaceLocked
from knowledge.filters import Condition
from knowledge.protocols import Index


class TestMemoryIndex(IndexContract):
    def make(self, folder: Path, dimension: int | None) -> Index:
        return MemoryIndex(dimension)

    def reopen(self, index: Index, folder: Path) -> Index:
        return index

    def test_it_looks_inside_strings(self):
        index = MemoryIndex()
        index.upsert([text_point(1, "a")])
        index.set_metadata("v", {"部门": "财务部"})
        for op, part in (("contains", "务"), ("starts-with", "财务"), ("ends-with", "部")):
            where = Condition("部门", op, part)
            assert [hit.id for hit in index.search_text("words", ["a"], 5, where)] == [1]


class TestEdgeIndex(IndexContract):
    def make(self, folder: Path, dimension: int | None) -> Index:
        return EdgeIndex.create(folder, dimension)

    def reopen(self, index: Index, folder: Path) -> Index:
        index.close()
        return EdgeIndex.open(folder)


imitates_a_server = pytest.mark.filterwarnings(
    "ignore:Payload indexes have no effect in the local Qdrant",
    "ignore:Local mode performs exact",
)


@imitates_a_server
class TestQdrantIndexInMemory(IndexContract):
    points_of_a_version = 2  # The imitation reads every text for every question.

    def make(self, folder: Path, dimension: int | None) -> Index:
        return QdrantIndex.create(":memory:", "passages", dimension)

    def reopen(self, index: Index, folder: Path) -> Index:
        return index


@imitates_a_server
class TestQdrantIndexInAFolder(IndexContract):
    points_of_a_version = 2

    def make(self, folder: Path, dimension: int | None) -> Index:
        return QdrantIndex.create(str(folder), "passages", dimension)

    def reopen(self, index: Index, folder: Path) -> Index:
        index.close()
        return QdrantIndex.open(str(folder), "passages")


@pytest.mark.skipif("QDRANT_URL" not in os.environ, reason="QDRANT_URL names no server")
class TestQdrantIndexOnAServer(IndexContract):
    url = os.environ.get("QDRANT_URL", "")

    @pytest.fixture(autouse=True)
    def collections(self) -> Iterator[None]:
        self.made: list[str] = []
        yield
        for collection in self.made:
            QdrantIndex.open(self.url, collection).drop()

    def make(self, folder: Path, dimension: int | None) -> Index:
        collection = f"test_{uuid.uuid4().hex}"
        index = QdrantIndex.create(self.url, collection, dimension)
        self.made.append(collection)
        return index

    def reopen(self, index: Index, folder: Path) -> Index:
        index.close()
        return QdrantIndex.open(self.url, self.made[-1])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "索引 1" / "index"


@pytest.mark.parametrize("dimension", [None, 1, 384])
def test_the_dimension_is_remembered(folder, dimension):
    EdgeIndex.create(folder, dimension).close()
    index = EdgeIndex.open(folder)
    assert index.dimension == dimension
    index.close()


def test_what_was_flushed_outlives_a_killed_process(folder):
    script = (
        "import os, sys; from pathlib import Path\n"
        "from indexers import EdgeIndex; from knowledge.types import Point\n"
        "index = EdgeIndex.create(Path(sys.argv[1]), None)\n"
        "index.upsert([Point(id=5, version='v', words=('年假',), bigrams=())]); index.flush(); os._exit(9)"
    )
    run = subprocess.run([sys.executable, "-c", script, str(folder)], check=False)
    assert run.returncode == 9
    index = EdgeIndex.open(folder)
    assert [hit.id for hit in index.search_text("words", ["年假"], 5)] == [5]
    index.close()


def test_a_second_opening_says_that_the_index_is_in_use(folder):
    index = EdgeIndex.create(folder, None)
    with pytest.raises(WorkspaceLocked, match="open elsewhere"):
        EdgeIndex.open(folder)
    index.close()


def test_a_folder_in_use_is_not_overwritten(folder):
    EdgeIndex.create(folder, None).close()
    with pytest.raises(AlreadyExists, match="not empty"):
        EdgeIndex.create(folder, None)


def test_a_missing_index_is_named(folder):
    with pytest.raises(WorkspaceError, match="knowledge rebuild"):
        EdgeIndex.open(folder)
    assert not folder.exists()


@pytest.mark.parametrize("name", ["edge_config.json", "segment.json", "status.dat", "first-index"])
def test_a_damaged_index_is_named(folder, name):
    index = EdgeIndex.create(folder, 4)
    index.upsert([text_point(1, "a")])
    index.flush()
    index.close()
    for file in folder.rglob(name):
        file.write_bytes(file.read_bytes()[:3])
    with pytest.raises(WorkspaceError, match="knowledge rebuild"):
        EdgeIndex.open(folder)


def test_a_closed_index_says_so(folder):
    index = EdgeIndex.create(folder, None)
    index.close()
    index.close()
    with pytest.raises(InputError, match="closed"):
        index.count()


@pytest.mark.parametrize(
    "condition",
    [
        Condition("部门", "contains", "财"),
        Condition("部门", ">", "财"),
        Condition("部门", "not-contains", "财"),
        Condition("部门", "starts-with", "财"),
        Condition("部门", "ends-with", "财"),
    ],
)
def test_conditions_that_the_engine_cannot_decide_are_refused(folder, condition):
    index = EdgeIndex.create(folder, None)
    with pytest.raises(FilterError, match=r"the index cannot decide .*allowed here"):
        index.search_text("words", ["a"], 5, condition)
    index.close()


def test_text_that_cannot_be_stored_is_refused(folder):
    index = EdgeIndex.create(folder, None)
    index.upsert([text_point(1, "a")])
    with pytest.raises(InputError, match="surrogates"):
        index.set_metadata("v", {"name": "report\udce9.txt"})
    with pytest.raises(InputError, match="surrogates"):
        index.search_text("words", ["a"], 5, Condition("name", "=", "report\udce9.txt"))
    index.set_metadata("v", {"na\udce9me": "x"})
    assert len(index.search_text("words", ["a"], 5, Condition("na\udce9me", "=", "x"))) == 1
    index.close()


def test_importing_the_engine_does_not_import_numpy():
    run = subprocess.run(
        [sys.executable, "-c", "import sys, indexers.edge; sys.exit('numpy' in sys.modules)"], check=False
    )
    assert run.returncode == 0


@imitates_a_server
@pytest.mark.parametrize("dimension", [None, 1, 384])
def test_a_collection_remembers_its_dimension(folder, dimension):
    QdrantIndex.create(str(folder), "passages", dimension).close()
    index = QdrantIndex.open(str(folder), "passages")
    assert index.dimension == dimension
    index.close()


@imitates_a_server
def test_many_large_points_go_in_several_requests():
    index = QdrantIndex.create(":memory:", "passages", None)
    index.upsert([text_point(number, "x" * 100_000) for number in range(200)])
    index.upsert([text_point(number, "y") for number in range(1_000, 2_001)])
    assert index.count() == 200 + 1_001
    index.close()


@imitates_a_server
def test_a_collection_is_made_once_and_can_be_dropped(folder):
    index = QdrantIndex.create(str(folder), "passages", None)
    index.close()
    with pytest.raises(AlreadyExists, match="passages"):
        QdrantIndex.create(str(folder), "passages", None)
    QdrantIndex.open(str(folder), "passages").drop()
    with pytest.raises(WorkspaceError, match="knowledge rebuild"):
        QdrantIndex.open(str(folder), "passages")


QDRANT = (200, b'{"title": "qdrant - vector search engine", "version": "1.20.0"}')
Reply = tuple[int, bytes]


@pytest.fixture
def server() -> Iterator[Callable[[Reply, Reply], str]]:
    """Starts a server that says `first` when asked who it is, then `later`, and gives its URL."""
    replies: dict[str, Reply] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = replies["first" if self.path == "/" else "later"]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    def start(first: Reply, later: Reply) -> str:
        replies.update(first=first, later=later)
        return f"http://somebody:hidden@127.0.0.1:{listener.server_port}"

    with HTTPServer(("127.0.0.1", 0), Handler) as listener:
        thread = threading.Thread(target=listener.serve_forever, args=(0.01,))
        thread.start()
        yield start
        listener.shutdown()
        thread.join()


@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
@pytest.mark.parametrize(
    ("first", "later", "error", "says"),
    [
        ((200, b"<html>"), QDRANT, WorkspaceError, "not answer as Qdrant does; check the URL"),
        ((200, b"[]"), QDRANT, WorkspaceError, "not answer as Qdrant does; check the URL"),
        ((404, b""), QDRANT, WorkspaceError, "not answer as Qdrant does; check the URL"),
        ((200, QDRANT[1].replace(b"20", b"9")), QDRANT, WorkspaceError, "version 1.9.0; needed is 1.20"),
        (QDRANT, (401, b"who are you"), InputError, rf"refuses the key \(Unauthorized\); set {API_KEY}"),
        (QDRANT, (404, b""), WorkspaceError, "no collection 'passages'; .*knowledge rebuild"),
        (QDRANT, (429, b""), WorkspaceError, "answers 429"),
        (QDRANT, (500, b'{"status": {"error": "disk on fire\\n"}}'), WorkspaceError, r"500 \(disk on fire\)"),
    ],
)
def test_what_a_server_refuses_is_one_clear_line(server, monkeypatch, first, later, error, says):
    monkeypatch.setenv(API_KEY, "secret")
    with pytest.raises(error, match=says) as raised:
        QdrantIndex.open(server(first, later), "passages")
    message = str(raised.value)
    assert message.startswith("the index server http://127.0.0.1:")
    assert not any(part in message for part in ("secret", "hidden", "\n"))


def test_a_server_that_does_not_run_is_named():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(WorkspaceError, match=rf"{url} is not reached \(.*\); check the URL"):
            QdrantIndex.create(url, "passages", None)


@pytest.mark.parametrize("url", ["http://", "https://host:99999", "http://[::1"])
def test_what_is_no_url_is_refused(url):
    with pytest.raises(InputError, match="write http://HOST:6333"):
        QdrantIndex.open(url, "passages")
