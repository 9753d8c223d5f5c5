"""What a pipeline is given: files, folders, pages and standard input, what has changed in them, and filled forms."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge import KnowledgeBase, Workspace
from knowledge.errors import AddressError, InputError, KnowledgeError, NotFound, OutgoingError
from knowledge.extraction import ExtractionPool
from knowledge.outgoing import HttpClient
from knowledge.pipeline.changes import Owners, Seen, Synchronized, synchronize
from knowledge.pipeline.dsl import InputVariable
from knowledge.pipeline.fetching import Fetched
from knowledge.pipeline.files import File, begin_reading, read_document
from knowledge.pipeline.form_schema import form_schema
from knowledge.pipeline.forms import filled, filled_form
from knowledge.pipeline.nodes.general_chunker import general_chunks
from knowledge.pipeline.nodes.knowledge_index import index_chunks
from knowledge.pipeline.nodes.structures import read_pieces
from knowledge.pipeline.sources import (
    NOTHING_KNOWN,
    DataSource,
    Entry,
    LocalFiles,
    Page,
    StandardInput,
    entries_of,
    secret,
    source_of,
)
from knowledge.pipeline.tools import DocumentContext
from knowledge.pipeline.web_pages import WebPages
from knowledge.sources import discover
from knowledge.types import ReadOptions

needs_limits = pytest.mark.skipif(
    sys.platform != "linux", reason="limits of handles and paths are those of Linux"
)
LONGEST_PATH = 4096


@contextmanager
def no_handle_left() -> Iterator[None]:
    """What is open stays so; nothing more can be opened."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Site(ThreadingHTTPServer):
    """Pages on the loopback: media type and body by path; others are not found."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages: dict[str, tuple[dict[str, str], bytes]] = {}
        self.authorizations: list[str | None] = []
        self.answers: list[tuple[int, str]] = []
        """Status and path of each."""

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


class _Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.authorizations.append(self.headers.get("authorization"))
        headers, body = self.server.pages.get(self.path, ({}, b""))
        status = self._status(headers)
        self.server.answers.append((status, self.path))
        self.send_response(status)
        length = {"Content-Length": str(len(body))} if status != 304 else {}
        for name, value in {**headers, **length}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body if status != 304 else b"")

    def _status(self, headers: dict[str, str]) -> int:
        if self.path not in self.server.pages:
            return 404
        asked = {
            "ETag": self.headers.get("If-None-Match"),
            "Last-Modified": self.headers.get("If-Modified-Since"),
        }
        return 304 if any(value and value == headers.get(name) for name, value in asked.items()) else 200

    def log_message(self, *arguments: object) -> None:
        """Silent."""


@contextmanager
def _serving() -> Iterator[Site]:
    site = Site()
    thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        site.shutdown()
        site.server_close()
        thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    with _serving() as site:
        yield site


DATE = "Wed, 21 Oct 2015 07:28:00 GMT"
local = partial(HttpClient, public_only=False, backoff_s=0)


def test_a_folder_lists_what_is_below_it_by_its_path_there(folder: Path) -> None:
    (folder / "more").mkdir()
    (folder / "more" / "note.txt").write_text("note")
    (folder / ".hidden").write_text("no")
    source = LocalFiles(folder)
    entries = list(entries_of(source))
    assert [entry.key for entry in entries] == ["leave.md", "more/note.txt", "parts.csv", "travel.txt"]
    assert source.fetch(entries[1]).read() == b"note"


def test_a_file_whose_name_is_no_text_is_read(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_text("coffee")
    source = LocalFiles(tmp_path)
    (entry,) = entries_of(source)
    assert (entry.name, source.fetch(entry).read()) == ("caf\ufffd.txt", b"coffee")


def test_a_file_that_was_written_again_has_another_token(folder: Path) -> None:
    source = LocalFiles(folder / "travel.txt")
    (before,) = entries_of(source)
    (same,) = entries_of(source)
    (folder / "travel.txt").write_text("longer than it was before, by some words at its end" * 4)
    (after,) = entries_of(source)
    assert before == same
    assert (after.key, after.token != before.token) == ("travel.txt", True)


def test_standard_input_is_one_file() -> None:
    source = StandardInput("notes.md", stream=io.BytesIO(b"# Notes"))
    (entry,) = entries_of(source)
    assert (entry.key, source.fetch(entry).read(), source.fetch(entry).extension) == (
        "notes.md",
        b"# Notes",
        ".md",
    )


@pytest.mark.parametrize(
    ("path", "headers", "name"),
    [
        ("/guide.pdf", {"content-type": "application/pdf"}, "guide.pdf"),
        ("/about", {"content-type": "text/html; charset=utf-8"}, "about.html"),
        ("/index.php", {"content-type": "text/html"}, "index.php.html"),
        ("/", {"content-type": "text/html"}, "127.0.0.1.html"),
        ("/d/7", {"content-disposition": 'attachment; filename="../faq.csv"'}, "faq.csv"),
    ],
)
def test_a_page_is_named_by_its_server_or_address(
    site: Site, path: str, headers: dict[str, str], name: str
) -> None:
    site.pages[path] = (headers, b"text")
    source = WebPages([f"{site.url(path)}#part"], client=local)
    (entry,) = entries_of(source)
    file = source.fetch(entry)
    assert (entry.key, file.name, file.url) == (site.url(path), name, site.url(path))
    assert (file.transfer_method, file.read()) == ("remote_url", b"text")


def _keys(*urls: str) -> list[str]:
    return [entry.key for entry in entries_of(WebPages(urls, client=local))]


def test_credentials_in_a_url_are_in_no_key(site: Site) -> None:
    site.pages["/a?token=s3cret"] = ({}, b"a")
    source = WebPages([site.url("/a?token=s3cret").replace("//", "//ann:pa55@")], client=local)
    (entry,) = entries_of(source)
    file = source.fetch(entry)
    digest = hashlib.sha256(b"token=s3cret").hexdigest()[:16]
    assert (entry.key, file.url) == (site.url(f"/a#{digest}"),) * 2
    told = f"{entry} {file} {source.id} {source.name}"
    assert "s3cret" not in told
    assert "pa55" not in told


def test_pages_that_differ_in_their_query_are_others(site: Site) -> None:
    site.pages = {"/a": ({}, b""), "/a?id=1": ({}, b"one"), "/a?id=2": ({}, b"two")}
    urls = [site.url(path) for path in site.pages]
    assert len(set(_keys(*urls))) == len({WebPages([url]).id for url in urls}) == 3
    source = WebPages(urls, client=local)
    assert [source.fetch(entry).read() for entry in entries_of(source)] == [b"", b"one", b"two"]


def test_a_page_of_before_is_fetched_by_its_own_url(site: Site) -> None:
    source = WebPages([site.url("/a?id=2#part"), site.url("/a?id=1")], client=local)
    site.pages = {"/a?id=1": ({}, b"one"), "/a?id=2": ({}, b"two")}
    first, _ = entries_of(source)
    assert source.fetch(first).read() == b"two"


def test_pages_come_one_after_the_other_and_change_with_their_bytes(site: Site) -> None:
    site.pages = {"/a.txt": ({}, b"a"), "/b.txt": ({}, b"b")}
    source = WebPages([site.url("/a.txt"), site.url("/b.txt")], client=local)
    assert [source.fetch(entry).read() for entry in entries_of(source)] == [b"a", b"b"]
    before = [entry.token for entry in entries_of(source)]
    site.pages["/b.txt"] = ({}, b"c")
    after = [entry.token for entry in entries_of(source)]
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, False]


def test_a_page_that_is_not_there_fails_when_it_is_fetched(site: Site) -> None:
    source = WebPages([site.url("/none")], client=local)
    (entry,) = entries_of(source)
    with pytest.raises(OutgoingError, match="404"):
        source.fetch(entry)


def test_a_credential_is_the_name_of_a_variable(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.pages["/a"] = ({}, b"a")
    monkeypatch.setenv("WIKI_TOKEN", "s3cret")
    source = WebPages([site.url("/a")], "WIKI_TOKEN", client=local)
    assert len(list(entries_of(source))) == 1
    assert site.authorizations == ["Bearer s3cret"]
    assert "s3cret" not in repr(source)
    with pytest.raises(InputError, match="NO_SUCH_TOKEN"):
        secret("NO_SUCH_TOKEN")


def test_addresses_of_this_machine_are_not_fetched_for_users(site: Site) -> None:
    source = source_of(site.url("/a"))
    (entry,) = entries_of(source)
    with pytest.raises(AddressError):
        source.fetch(entry)


def test_sources_are_told_by_what_is_typed(folder: Path) -> None:
    assert isinstance(source_of("-", name="a.md"), StandardInput)
    assert isinstance(source_of("https://example.com/a"), WebPages)
    assert isinstance(source_of(str(folder)), LocalFiles)
    with pytest.raises(NotFound):
        source_of(str(folder / "none")).page()
    with pytest.raises(InputError):
        WebPages(["ftp://example.com"])


class Pipeline:
    """The smallest one: reads, cuts and stores; remembers what it was given."""

    def __init__(self, kb: KnowledgeBase, workspace: Workspace) -> None:
        self.kb, self.workspace = kb, workspace
        self.given: list[str] = []
        self.broken = ""

    def __call__(self, files: Iterator[Fetched]) -> Iterator[tuple[str, str | None]]:
        for one in files:
            self.given.append(one.key)
            yield one.key, self.process(one)

    def process(self, one: Fetched) -> str | None:
        if self.broken and self.broken in one.key:
            return "broken"
        if isinstance(one.file, KnowledgeError):
            return str(one.file)
        pieces = read_pieces("text_model", general_chunks(one.file.read().decode()))
        index_chunks(self.kb, pieces, DocumentContext(key=one.key, name=one.file.name))
        return None

    def run(self, source: DataSource, signature: str = "", *, allow_empty: bool = False) -> Synchronized:
        self.given = []
        seen = Seen.of(self.workspace.folder, self.kb.id, source)
        owners = Owners.of(self.workspace.folder, self.kb)
        return synchronize(source, self.kb, seen, self, owners, signature=signature, allow_empty=allow_empty)


@pytest.fixture
def pipeline(workspace: Workspace) -> Pipeline:
    return Pipeline(workspace.create("hr"), workspace)


def keys(kb: KnowledgeBase) -> list[str]:
    return [record.key for record in kb.documents()]


def test_a_folder_is_read_once_an_edit_again_and_a_removal_removes(pipeline: Pipeline, folder: Path) -> None:
    source = LocalFiles(folder)
    assert pipeline.run(source).stored == ("leave.md", "parts.csv", "travel.txt")
    assert (pipeline.run(source).unchanged, pipeline.given) == (("leave.md", "parts.csv", "travel.txt"), [])

    versions = {record.key: record.active_version for record in pipeline.kb.documents()}
    (folder / "travel.txt").write_text("Hotels: up to 150 euros a night, breakfast included.\n")
    assert (pipeline.run(source).stored, pipeline.given) == (("travel.txt",), ["travel.txt"])
    after = {record.key: record.active_version for record in pipeline.kb.documents()}
    assert {key for key in versions if versions[key] != after[key]} == {"travel.txt"}

    (folder / "leave.md").unlink()
    assert pipeline.run(source).removed == ("leave.md",)
    assert keys(pipeline.kb) == ["parts.csv", "travel.txt"]
    assert not pipeline.kb.search("年假").hits


def test_another_pipeline_or_other_inputs_read_all_again(pipeline: Pipeline, folder: Path) -> None:
    pipeline.run(LocalFiles(folder), "one")
    assert len(pipeline.run(LocalFiles(folder), "two").stored) == 3
    assert pipeline.run(LocalFiles(folder), "two").stored == ()


def test_what_another_source_gave_stays(pipeline: Pipeline, folder: Path, tmp_path: Path) -> None:
    pipeline.run(LocalFiles(folder))
    other = tmp_path / "other"
    other.mkdir()
    (other / "more.txt").write_text("more")
    assert pipeline.run(LocalFiles(other)).removed == ()
    assert len(keys(pipeline.kb)) == 4


def test_pages_of_other_queries_do_not_remove_each_other(pipeline: Pipeline, site: Site) -> None:
    site.pages = {"/a?id=1": ({}, b"one"), "/a?id=2": ({}, b"two")}
    sources = [WebPages([site.url(path)], client=local) for path in site.pages]
    assert [pipeline.run(source).removed for source in sources] == [(), ()]
    assert len(keys(pipeline.kb)) == 2


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A folder with a file that another folder has too, and one of its own."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "travel.txt").write_text("Trains only.")
    (other / "more.txt").write_text("more")
    return other


def test_a_document_of_another_source_is_not_replaced(pipeline: Pipeline, folder: Path, other: Path) -> None:
    pipeline.run(LocalFiles(folder))
    before = pipeline.kb.document("travel.txt")
    for _ in range(2):
        done = pipeline.run(LocalFiles(other))
        assert set(done.failed) == {"travel.txt"}
        assert f"the document of {folder}" in done.failed["travel.txt"]
    assert (pipeline.kb.document("travel.txt"), len(keys(pipeline.kb))) == (before, 4)
    assert pipeline.run(LocalFiles(folder)).unchanged == ("leave.md", "parts.csv", "travel.txt")


def test_what_was_removed_belongs_to_the_next_source_that_has_it(
    pipeline: Pipeline, folder: Path, other: Path
) -> None:
    pipeline.run(LocalFiles(folder))
    pipeline.kb.remove("travel.txt")
    assert pipeline.run(LocalFiles(other)).stored == ("more.txt", "travel.txt")
    assert set(pipeline.run(LocalFiles(folder)).failed) == {"travel.txt"}
    (folder / "travel.txt").unlink()
    assert pipeline.run(LocalFiles(folder)).removed == ()
    assert "travel.txt" in keys(pipeline.kb)


def test_a_damaged_record_is_an_empty_one(pipeline: Pipeline, folder: Path) -> None:
    pipeline.run(LocalFiles(folder))
    seen = Seen.of(pipeline.workspace.folder, pipeline.kb.id, LocalFiles(folder))
    for damaged in ("{", "[]", '{"tokens": []}', '{"tokens": {}}'):
        seen.path.write_text(damaged)
        assert len(pipeline.run(LocalFiles(folder)).stored) == 3


def test_a_failure_stops_no_other_and_is_tried_again(pipeline: Pipeline, folder: Path) -> None:
    pipeline.run(LocalFiles(folder))
    (folder / "leave.md").write_text("new words")
    pipeline.broken = "leave"
    assert pipeline.run(LocalFiles(folder)).failed == {"leave.md": "broken"}
    assert len(pipeline.kb.search("年假")) == 1
    pipeline.broken = ""
    assert pipeline.run(LocalFiles(folder)).stored == ("leave.md",)


def test_a_document_that_is_gone_from_the_base_is_read_again(pipeline: Pipeline, folder: Path) -> None:
    pipeline.run(LocalFiles(folder))
    pipeline.kb.remove("travel.txt")
    assert pipeline.run(LocalFiles(folder)).stored == ("travel.txt",)


def test_a_folder_that_is_gone_removes_nothing(pipeline: Pipeline, folder: Path) -> None:
    pipeline.run(LocalFiles(folder))
    shutil.rmtree(folder)
    for allow_empty in (False, True):
        with pytest.raises(NotFound):
            pipeline.run(LocalFiles(folder), allow_empty=allow_empty)
    assert len(keys(pipeline.kb)) == 3


def test_an_empty_listing_removes_only_when_told(pipeline: Pipeline, folder: Path) -> None:
    pipeline.run(LocalFiles(folder))
    for name in os.listdir(folder):
        (folder / name).unlink()
    with pytest.raises(InputError, match=r"lists nothing, and 3 documents came from it; .* --allow-empty"):
        pipeline.run(LocalFiles(folder))
    assert len(keys(pipeline.kb)) == 3
    done = pipeline.run(LocalFiles(folder), allow_empty=True)
    assert (done.removed, keys(pipeline.kb)) == (("leave.md", "parts.csv", "travel.txt"), [])
    assert pipeline.run(LocalFiles(folder)).removed == ()


def test_a_renamed_file_is_another_document(pipeline: Pipeline, folder: Path) -> None:
    pipeline.run(LocalFiles(folder))
    (folder / "travel.txt").rename(folder / "trips.txt")
    done = pipeline.run(LocalFiles(folder))
    assert (done.stored, done.removed) == (("trips.txt",), ("travel.txt",))
    assert keys(pipeline.kb) == ["leave.md", "parts.csv", "trips.txt"]


class Drive:
    """Files in pages of one; a folder among them may refuse to be listed, and the drive break down at a key."""

    id = name = "drive"

    def __init__(self, *keys: str, broken: str = "") -> None:
        self._keys = keys
        self._broken = broken

    def page(self, cursor: str | None = None, known: Mapping[str, str] = NOTHING_KNOWN) -> Page:
        at = int(cursor or 0)
        key = self._keys[at]
        if key == self._broken:
            raise OutgoingError("the drive does not answer")
        following = str(at + 1) if at + 1 < len(self._keys) else None
        return Page(entries=(Entry(key=key, name=key, token="1"),), cursor=following)

    def fetch(self, entry: Entry) -> File:
        if not Path(entry.key).suffix:
            raise InputError(f"{entry.key} cannot be listed")
        return File.of_bytes(entry.name, entry.key.encode())


def test_what_is_below_a_folder_that_cannot_be_listed_stays(pipeline: Pipeline) -> None:
    pipeline.run(Drive("a.txt", "team/b.txt"))
    done = pipeline.run(Drive("a.txt", "team"))
    assert (done.removed, set(done.failed)) == ((), {"team"})
    assert keys(pipeline.kb) == ["a.txt", "team/b.txt"]


def test_a_source_that_cannot_be_listed_itself_removes_nothing(pipeline: Pipeline) -> None:
    pipeline.run(Drive("a.txt", "team/b.txt"))
    done = pipeline.run(Drive("."))
    assert (done.removed, set(done.failed)) == ((), {"."})
    assert keys(pipeline.kb) == ["a.txt", "team/b.txt"]


class OutOfHandles(LocalFiles):
    """Its folder is there, and cannot be opened to be listed."""

    def page(self, cursor: str | None = None, known: Mapping[str, str] = NOTHING_KNOWN) -> Page:
        with no_handle_left():
            return super().page(cursor, known)


@needs_limits
def test_a_folder_that_cannot_be_listed_removes_nothing(pipeline: Pipeline, folder: Path) -> None:
    pipeline.run(LocalFiles(folder))
    for allow_empty in (False, True):
        with pytest.raises(InputError, match=r"cannot be listed: .*; mend that and run again"):
            pipeline.run(OutOfHandles(folder), allow_empty=allow_empty)
    assert len(keys(pipeline.kb)) == 3


@needs_limits
def test_a_file_that_cannot_be_looked_at_keeps_its_document(pipeline: Pipeline, tmp_path: Path) -> None:
    """Its folder can be listed; the path of the file is one that the system does not take."""
    folder = tmp_path
    while (left := LONGEST_PATH - len(str(folder))) > 100:
        folder = folder / ("x" * min(200, left - 50))
        folder.mkdir()
    name = "y" * 150 + ".txt"
    inside = os.open(folder, os.O_RDONLY)
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY, dir_fd=inside))
    os.close(inside)
    done = pipeline.run(LocalFiles(folder))
    assert (set(done.failed), done.removed) == ({name}, ())
    with pytest.raises(InputError, match="cannot read"):
        discover([folder])[0].read()


def test_a_source_that_breaks_down_in_the_middle_removes_nothing(pipeline: Pipeline) -> None:
    pipeline.run(Drive("a.txt", "b.txt", "c.txt"))
    with pytest.raises(OutgoingError):
        pipeline.run(Drive("new.txt", "a.txt", "b.txt", broken="b.txt"))
    assert keys(pipeline.kb) == ["a.txt", "b.txt", "c.txt", "new.txt"]
    done = pipeline.run(Drive("new.txt", "a.txt"))
    assert (done.stored, done.unchanged, done.removed) == ((), ("new.txt", "a.txt"), ("b.txt", "c.txt"))


def test_what_is_listed_twice_is_read_once(pipeline: Pipeline) -> None:
    assert pipeline.run(Drive("a.txt", "b.txt", "a.txt")).stored == ("a.txt", "b.txt")


def test_a_page_that_its_server_knows_is_not_sent_again(pipeline: Pipeline, site: Site) -> None:
    for path, validator in (("/etag", {"ETag": '"1"'}), ("/date", {"Last-Modified": DATE}), ("/none", {})):
        site.pages[path] = (validator, path.encode())
    source = WebPages([site.url(path) for path in site.pages], client=local)
    assert len(pipeline.run(source).stored) == 3
    assert [status for status, _ in site.answers] == [200] * 3
    site.answers.clear()
    assert len(pipeline.run(source).unchanged) == 3
    assert site.answers == [(304, "/etag"), (304, "/date"), (200, "/none")]
    site.pages["/etag"] = ({"ETag": '"2"'}, b"other words")
    done = pipeline.run(source)
    assert (done.stored, len(done.unchanged)) == ((site.url("/etag"),), 2)
    assert pipeline.kb.text(site.url("/etag")) == "other words"


def test_an_etag_that_changes_alone_changes_nothing(pipeline: Pipeline, site: Site) -> None:
    source = WebPages([site.url("/a")], client=local)
    for number in range(3):
        site.pages["/a"] = ({"ETag": f'"{number}"'}, b"the same words")
        assert len(pipeline.run(source).stored) == (1 if number == 0 else 0)


def test_what_another_pipeline_has_not_read_is_sent_again(pipeline: Pipeline, site: Site) -> None:
    site.pages["/a"] = ({"ETag": '"1"'}, b"words")
    source = WebPages([site.url("/a")], client=local)
    assert [len(pipeline.run(source, signature).stored) for signature in ("one", "one", "two")] == [1, 0, 1]
    pipeline.kb.remove(site.url("/a"))
    assert len(pipeline.run(source, "two").stored) == 1


def test_a_page_that_cannot_be_reached_stays(pipeline: Pipeline, site: Site) -> None:
    site.pages["/a"] = ({}, b"words")
    source = WebPages([site.url("/a")], client=local)
    pipeline.run(source)
    del site.pages["/a"]
    done = pipeline.run(source)
    assert (set(done.failed), done.removed, len(keys(pipeline.kb))) == ({site.url("/a")}, (), 1)
    assert [status for status, _ in site.answers] == [200, 404]


def test_a_credential_is_in_no_record_error_or_log(
    pipeline: Pipeline, site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    monkeypatch.setenv("WIKI_TOKEN", "s3cret")
    site.pages["/a"] = ({}, b"words")
    done = pipeline.run(WebPages([site.url("/a"), site.url("/none")], "WIKI_TOKEN", client=local))
    assert (len(done.stored), len(done.failed), site.authorizations) == (1, 1, ["Bearer s3cret"] * 2)
    assert caplog.text
    assert "s3cret" not in f"{caplog.text} {done}"
    files = [path for path in pipeline.workspace.folder.rglob("*") if path.is_file()]
    assert not any(b"s3cret" in path.read_bytes() for path in files)


def field(name: str, kind: str, owner: str = "shared", **more: Any) -> InputVariable:
    return InputVariable(belongs_to=owner, name=name, type=kind, **more)


@given(value=st.one_of(st.integers(-(10**6), 10**6), st.floats(-1e6, 1e6)))
def test_a_number_means_the_same_as_a_text(value: float) -> None:
    fields = [field("n", "number")]
    assert filled(fields, {"n": value}) == filled(fields, {"n": repr(value)}) == {"n": value}


@pytest.mark.parametrize(
    ("one", "given_value", "expected"),
    [
        (field("a", "text-input"), "word", "word"),
        (field("a", "text-input", default="\\n\\n"), None, "\\n\\n"),
        (field("a", "text-input"), None, ""),
        (field("a", "paragraph"), "x" * 1000, "x" * 1000),
        (field("a", "select", options=("one", "two")), "two", "two"),
        (field("a", "number", default="1024"), None, 1024),
        (field("a", "number"), None, None),
        (field("a", "checkbox"), "true", True),
        (field("a", "checkbox", default=True), "false", False),
        (field("a", "checkbox", required=True), None, False),
        (field("a", "file-list"), None, []),
    ],
)
def test_fields_by_example(one: InputVariable, given_value: Any, expected: Any) -> None:
    assert filled([one], {} if given_value is None else {"a": given_value}) == {"a": expected}


def test_files_are_given_by_path_and_checked(folder: Path) -> None:
    documents = {"allowed_file_types": ["document", "custom"], "allow_file_extension": [".dwg"]}
    (folder / "photo.png").write_bytes(b"x")
    one, several = field("one", "file", data=documents), field("several", "file-list", max_length=2)
    path = str(folder / "travel.txt")
    values = filled([one, several], {"one": path, "several": [path, str(folder / "parts.csv")]})
    assert values["one"] == File.of_path(Path(path))
    assert [file.name for file in values["several"]] == ["travel.txt", "parts.csv"]
    with pytest.raises(InputError, match=r"document, \.dwg"):
        filled([one], {"one": str(folder / "photo.png")})
    with pytest.raises(InputError, match="at most 2"):
        filled([several], {"several": [path] * 3})
    with pytest.raises(InputError, match=r"none\.txt"):
        filled([one], {"one": "none.txt"})


FORM = [
    field("limit", "number", required=True),
    field("mode", "select", options=("a", "b")),
    field("title", "text-input", max_length=3),
    field("ok", "checkbox"),
    field("depth", "number", owner="web", default=2),
]


def test_all_that_is_wrong_is_said_at_once() -> None:
    wrong = {"mode": "c", "title": "long", "ok": "maybe", "depth": "deep", "colour": "red"}
    with pytest.raises(InputError) as caught:
        filled_form(FORM, "web", wrong)
    for said in (
        "limit is required",
        "allowed: a, b",
        "at most 3",
        "true or false",
        "depth",
        "no input 'colour'",
    ):
        assert said in str(caught.value)


def test_an_entrance_has_its_own_fields_beside_the_shared_ones() -> None:
    shared = {"limit": 5, "mode": "", "title": "", "ok": False}
    assert filled_form(FORM, "web", {"limit": "5"}) == {"shared": shared, "web": {"depth": 2}}
    assert filled_form(FORM, "file", {"limit": 5}) == {"shared": shared, "file": {}}


def test_what_tells_an_entrance_what_to_fetch_may_be_left_empty() -> None:
    fields = [
        field("url", "text-input", owner="web", required=True),
        field("depth", "number", owner="web", required=True),
    ]
    with pytest.raises(InputError, match=r"^the input depth is required[^;]*;[^;]*$"):
        filled_form(fields, "web", {}, needless={"url"})
    assert filled_form(fields, "web", {"depth": 1}, needless={"url"})["web"] == {"url": "", "depth": 1}


def test_runs_at_once_read_each_for_themselves(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Ten days of leave.")
    one, other = (File.of_path(tmp_path / "a.txt") for _ in range(2))
    with ExtractionPool(1, ReadOptions()) as pool:
        begin_reading(one, pool)
        interrupted = ExtractionPool(1, ReadOptions())
        begin_reading(other, interrupted)
        interrupted.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
        assert read_document(one).text.strip() == "Ten days of leave."


def test_a_path_that_is_not_there_is_no_source(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no file or folder"):
        source_of(str(tmp_path / "dosc"))


def test_many_sources_are_told_apart_by_one_look_at_what_they_gave(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    """Each has a file of its own, and all but the first one that another has too."""
    owners = Owners.of(pipeline.workspace.folder, pipeline.kb)

    def run(folder: Path) -> Synchronized:
        source = LocalFiles(folder)
        seen = Seen.of(pipeline.workspace.folder, pipeline.kb.id, source)
        return synchronize(source, pipeline.kb, seen, pipeline, owners)

    folders = [tmp_path / f"source{number}" for number in range(3)]
    for number, folder in enumerate(folders):
        folder.mkdir()
        (folder / f"{number}.txt").write_text(f"words of {number}")
        (folder / "same.txt").write_text(f"words of {number}")
    found = [run(folder) for folder in folders]
    assert [one.stored for one in found] == [("0.txt", "same.txt"), ("1.txt",), ("2.txt",)]
    assert [list(one.failed) for one in found] == [[], ["same.txt"], ["same.txt"]]
    assert run(folders[0]).unchanged == ("0.txt", "same.txt")
    (folders[0] / "same.txt").unlink()
    assert run(folders[0]).removed == ("same.txt",)
    assert run(folders[1]).stored == ("same.txt",)


def test_the_schema_says_what_the_form_allows() -> None:
    schema = form_schema([*FORM, field("photos", "file-list", label="Photos")])
    assert schema["required"] == ["limit"]
    assert schema["properties"] == {
        "limit": {"type": "number"},
        "mode": {"enum": ["a", "b"]},
        "title": {"type": "string", "maxLength": 3},
        "ok": {"type": "boolean"},
        "depth": {"type": "number", "default": 2},
        "photos": {"type": "array", "items": {"type": "string"}, "maxItems": 5, "title": "Photos"},
    }
