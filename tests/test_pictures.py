"""Pictures are files of the workspace: whole or not there, of names that lead nowhere else, and not without end."""

import base64
import errno
import os
import string
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from extractors import extract
from extractors.archives.limits import MOST_PICTURE_BYTES, MOST_PICTURES, shared_budget
from extractors.framing import document_parts, reply_of
from extractors.images import image_of
from extractors.writer import DocumentWriter
from knowledge import KnowledgeBase, Workspace
from knowledge.errors import ExtractionError, InputError, WorkspaceError
from knowledge.types import Document, Image

PNG = b"\x89PNG\r\n\x1a\n"
NAME = "0" * 64 + ".png"


def picture(seed: int) -> Image:
    found = image_of(PNG + bytes([seed]) * 40)
    assert found is not None
    return found


@pytest.fixture
def kb(tmp_path: Path) -> Iterator[KnowledgeBase]:
    with Workspace(tmp_path / "workspace") as workspace:
        yield workspace.create("album")


@given(st.text(alphabet=f"{string.hexdigits}./\\\n", max_size=70) | st.text(max_size=8))
@example(NAME)
@example(f"{NAME}\n")
@example(f"../{NAME}")
@example("/etc/passwd")
def test_a_name_is_a_hash_and_a_suffix(name: str) -> None:
    stem, dot, suffix = name.partition(".")
    digits = set(string.digits + "abcdef")
    letters = set(string.digits + string.ascii_lowercase)
    if len(stem) == 64 and set(stem) <= digits and dot and suffix and set(suffix) <= letters:
        assert Image(name=name, data=b"").name == name
    else:
        with pytest.raises(InputError, match="no name of a picture"):
            Image(name=name, data=b"")


def test_a_reply_with_another_name_makes_no_sense() -> None:
    head, *behind = document_parts(Document(text="x", images=(Image(name=NAME, data=b"x"),)), 1.0)
    assert isinstance(reply_of([head, *behind])[0], Document)
    answer, _ = reply_of([head.replace(NAME.encode(), b"../../stolen.png"), *behind])
    assert isinstance(answer, ExtractionError)
    assert "makes no sense" in str(answer)


def test_other_files_among_the_pictures_stay(kb: KnowledgeBase) -> None:
    document = Document(name="a.txt", text="alpha", images=(picture(1),))
    kb.ingest(document)
    (path,) = kb.images("a.txt")
    others = [path.parent / "mine.png", path.parent / "folder", path.parent / NAME]
    others[0].write_bytes(b"mine")
    others[1].mkdir()
    others[2].mkdir()
    kb.ingest(replace(document, images=()))
    assert not path.exists()
    assert all(other.exists() for other in others)


def test_what_an_ended_process_left_behind_is_removed(kb: KnowledgeBase) -> None:
    kb.ingest(Document(name="a.txt", text="alpha", images=(picture(1),)))
    (path,) = kb.images("a.txt")
    unfinished = path.with_name("1" * 64 + ".part")
    unfinished.write_bytes(b"half")
    kb.remove("a.txt")
    assert list(path.parent.iterdir()) == []


def test_names_are_on_disk_before_sql_knows_them(kb: KnowledgeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        fsync(descriptor)
        synced.append(Path(f"/proc/self/fd/{descriptor}").resolve())

    if not Path("/proc/self/fd").exists():
        pytest.skip("the system does not say which file a descriptor is of")
    monkeypatch.setattr(os, "fsync", noted)
    kb.ingest(Document(name="a.txt", text="alpha", images=(picture(1),)))
    (path,) = kb.images("a.txt")
    assert {path.parent, path.parent.parent} <= set(synced)


def test_a_full_disk_is_one_clear_error(kb: KnowledgeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    document = Document(name="a.txt", text="alpha", images=(picture(1),))
    with monkeypatch.context() as patch:
        patch.setattr("knowledge.pictures.os.fsync", full)
        with pytest.raises(
            WorkspaceError, match=r"pictures cannot be kept in .*No space left.*check the disk"
        ):
            kb.ingest(document)
    kb.ingest(document)
    assert [path.read_bytes() for path in kb.images("a.txt")] == [picture(1).data]


def test_a_file_in_the_place_of_the_folder_is_one_clear_error(kb: KnowledgeBase, tmp_path: Path) -> None:
    (tmp_path / "workspace" / "images").write_bytes(b"")
    with pytest.raises(WorkspaceError, match="pictures cannot be kept"):
        kb.ingest(Document(name="a.txt", text="alpha", images=(picture(1),)))


def test_pictures_beyond_the_bytes_of_a_file_are_left_out_with_one_warning() -> None:
    half = MOST_PICTURE_BYTES // 2
    large = [PNG + bytes([seed]) * (half - len(PNG)) for seed in range(4)]
    with shared_budget():
        inside, writer = DocumentWriter("inside"), DocumentWriter("a.docx")
        assert inside.image_link(large[0])
        assert writer.image_link(large[1])
        assert writer.image_link(large[1])
        assert [writer.image_link(data) for data in large[2:]] == ["", ""]
        writer.add("paragraph", "text")
    document = writer.finish()
    assert [image.data for image in document.images] == [large[1]]
    assert document.warnings == ("2 pictures were left out; a file may hold 10000, 100 MiB together",)


def test_pictures_beyond_their_number_are_left_out() -> None:
    addresses = [
        f"![](data:image/png;base64,{encoded})"
        for encoded in map(_base64, (PNG + b"%06d" % number for number in range(MOST_PICTURES + 2)))
    ]
    document = extract("\n\n".join(["text", *addresses]).encode(), name="a.md", sandbox=False)
    assert len(document.images) == MOST_PICTURES
    assert document.warnings == ("2 pictures in the text were left out",)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
