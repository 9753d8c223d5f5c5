"""Archives: members are documents of their own; limits hold; nothing that an archive says is believed."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_extractors_samples import BYTES

from extractors import Worker, extract
from extractors.archives.limits import HARMLESS_BYTES, MOST_ENTRIES, MOST_TIMES
from extractors.archives.members import member_name
from knowledge.errors import EmptyDocument, Encrypted, ExtractionError, ExtractionLimit
from knowledge.types import Document, ReadOptions

PNG = b"\x89PNG\r\n\x1a\n...."


def zipped(*members: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


def tarred(*members: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def read(data: bytes, name: str, **options: object) -> Document:
    return extract(data, name=name, options=ReadOptions(**options), sandbox=False)  # type: ignore[arg-type]


def texts(document: Document) -> dict[str, str]:
    return {inside.name: inside.text for inside in document.attachments}


@pytest.mark.parametrize(("pack", "name"), [(zipped, "a.zip"), (tarred, "a.tar")])
def test_members_are_read_as_files_of_their_own(pack, name: str) -> None:  # type: ignore[no-untyped-def]
    names = [name for name in BYTES if name != "gb.txt"]
    document = read(pack(*((f"files/{name}", BYTES[name]) for name in names)), name)
    assert document.text == ""
    assert document.warnings == ()
    assert [inside.name for inside in document.attachments] == [f"files/{name}" for name in names]
    for inside, name in zip(document.attachments, names, strict=True):
        assert inside.text == read(BYTES[name], name).text


@given(
    members=st.dictionaries(
        st.text("abc/.\\ 年", min_size=1, max_size=8), st.text("xyz\n", max_size=20), max_size=5
    )
)
def test_what_is_packed_is_found_again(members: dict[str, str]) -> None:
    packed = [(f"{name}.txt", text.encode()) for name, text in members.items()]
    readable = [(member_name(name), data.decode()) for name, data in packed if data.strip()]
    try:
        found = read(zipped(*packed), "a.zip")
    except ExtractionError:
        assert not readable
    else:
        assert [(inside.name, inside.text) for inside in found.attachments] == readable
        assert len(found.warnings) == len(packed) - len(readable)


@pytest.mark.parametrize(
    ("compress", "suffix"), [(gzip.compress, ".gz"), (bz2.compress, ".bz2"), (lzma.compress, ".xz")]
)
def test_a_compressed_file_is_the_document_itself(compress, suffix: str) -> None:  # type: ignore[no-untyped-def]
    document = read(compress(BYTES["a.csv"]), f"a.csv{suffix}")
    assert (document.name, document.text) == ("a.csv", read(BYTES["a.csv"], "a.csv").text)
    inside = read(compress(tarred(("x.txt", b"one"), ("y/x.txt", b"two"))), f"a.tar{suffix}")
    assert texts(inside) == {"x.txt": "one", "y/x.txt": "two"}
    assert texts(read(compress(tarred(("x.txt", b"one"))), "a.tgz")) == {"x.txt": "one"}


def test_a_mailbox_holds_mails() -> None:
    mails = [
        f"From a@b.example Mon Jan  1 00:00:0{number} 2024\nFrom: a@b.example\nTo: c@d.example\n"
        f"Subject: Leave {number}\n\nIt is twenty days.\n>From January on.\nFrom there, see {number}.\n\n"
        for number in range(3)
    ]
    for name in ("a.mbox", "a"):
        document = read("".join(mails).encode(), name)
        assert [inside.name for inside in document.attachments] == ["1.eml", "2.eml", "3.eml"]
        for number, text in enumerate(texts(document).values()):
            assert f"Leave {number}" in text
            assert text.index("From January on.") < text.index(f"From there, see {number}.")
            assert ">From" not in text


def test_compressed_text_counts_once() -> None:
    assert len(read(gzip.compress(b"x" * 1000), "a.txt.gz", max_characters=1000).text) == 1000
    with pytest.raises(ExtractionLimit, match="1001 characters; allowed are 1000"):
        read(gzip.compress(b"x" * 1001), "a.txt.gz", max_characters=1000)


def test_what_cannot_be_read_is_a_warning() -> None:
    document = read(zipped(("a.txt", b"hello"), ("b.png", PNG), ("c.txt", b""), ("d.pdf", b"no")), "a.zip")
    assert texts(document) == {"a.txt": "hello"}
    assert document.warnings == (
        "b.png was not read: it is a PNG image, which cannot be read",
        "c.txt was not read: it has 0 bytes",
        "d.pdf was not read: it is not a pdf file: its content is plain text",
    )


def test_what_stands_before_the_damage_is_kept() -> None:
    data = tarred(("a.txt", b"hello"), ("b.txt", b"x" * 2000), ("c.txt", b"lost"))
    document = read(data[:2000], "a.tar")
    assert texts(document) == {"a.txt": "hello"}
    assert document.warnings == (
        "b.txt was not read: it is damaged: unexpected end of data",
        "the rest of the archive is damaged: unexpected end of data",
    )
    with pytest.raises(ExtractionError, match=r"a\.tar is a damaged archive"):
        read(data[:514], "a.tar")


def test_warnings_are_few() -> None:
    document = read(zipped(("a.txt", b"hello"), *((f"{number}.png", PNG) for number in range(57))), "a.zip")
    assert len(document.warnings) == 21
    assert document.warnings[-1] == "and 37 more files inside were not read"


def test_an_archive_of_nothing_readable_is_one_error() -> None:
    with pytest.raises(
        ExtractionError,
        match=r"^nothing to read in a\.zip, which holds 57 files: 0\.png was not read: it is a PNG image, which "
        r"cannot be read$",
    ):
        read(zipped(*((f"{number}.png", PNG) for number in range(57))), "a.zip")
    with pytest.raises(EmptyDocument, match=r"nothing to read in a\.zip: the archive is empty"):
        read(zipped(), "a.zip")
    with pytest.raises(EmptyDocument, match="unpacks to 0 bytes"):
        read(gzip.compress(b""), "a.gz")


def test_what_systems_leave_behind_is_skipped() -> None:
    left = ("__MACOSX/._a.txt", ".DS_Store", "x/Thumbs.db", "x/._a.txt", "folder/")
    document = read(
        zipped(("a.txt", b"hello"), *((name, b"" if name[-1] == "/" else PNG) for name in left)), "a.zip"
    )
    assert (texts(document), document.warnings) == ({"a.txt": "hello"}, ())


def test_what_systems_leave_behind_does_not_count() -> None:
    half = MOST_ENTRIES // 2 + 1
    left = (f"__MACOSX/._{number}.txt" for number in range(half))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in (*left, *(f"{number}.txt" for number in range(half))):
            archive.writestr(name, b"x")
    assert len(read(stream.getvalue(), "a.zip").attachments) == half


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\Users\\a.txt", "Users/a.txt"),
        ("a/./b//c.txt", "a/b/c.txt"),
        ("a\nb\x00.txt", "a b.txt"),
        ("..", "unnamed"),
    ],
)
def test_paths_are_names(path: str, name: str) -> None:
    assert member_name(path) == name
    assert list(texts(read(zipped((path.replace("\x00", ""), b"x")), "a.zip"))) == [name]


def test_old_names_are_decoded() -> None:
    names = {"A" * 19: "年假规定/第一章.txt", "B" * 19: "年假规定/第二章.txt"}
    data = zipped(*((mark, b"x") for mark in names))
    for mark, name in names.items():
        data = data.replace(mark.encode(), name.encode("gb18030"))
    assert list(texts(read(data, "a.zip"))) == list(names.values())


def test_links_lead_nowhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE):
            entry = tarfile.TarInfo(f"link{kind.decode()}.txt")
            entry.type, entry.linkname = kind, str(secret)
            archive.addfile(entry)
        archive.addfile(tarfile.TarInfo("empty.txt"))
    with pytest.raises(
        ExtractionError, match=r"which holds 4 files: link2\.txt was not read: it is a link or a device$"
    ):
        read(stream.getvalue(), "a.tar")
    entry = zipfile.ZipInfo("link.txt")
    entry.external_attr = 0o120777 << 16
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        packed.writestr(entry, str(secret))
    with pytest.raises(ExtractionError, match="it is a link"):
        read(stream.getvalue(), "a.zip")


def test_archives_in_archives() -> None:
    data, name = b"deep", "a.txt"
    for _ in range(3):
        data, name = zipped((name, data)), "in.zip"
    inside = read(data, "a.zip")
    while inside.attachments:
        (inside,) = inside.attachments
    assert inside.text == "deep"
    with pytest.raises(
        ExtractionError,
        match=r"^nothing to read in a\.zip: in\.zip was not read: it is nested more than 3 deep",
    ):
        read(zipped((name, data)), "a.zip")
    nested = read(zipped((name, data), ("b.txt", b"beside")), "a.zip")
    assert texts(nested) == {"b.txt": "beside"}


def test_a_file_that_unpacks_to_itself_ends() -> None:
    data = b"x"
    for _ in range(5):
        data = gzip.compress(data)
    with pytest.raises(ExtractionLimit, match=r"^a\.gz is nested more than 3 deep"):
        read(data, "a.gz")


def test_what_was_compressed_twice_loses_its_suffix_once() -> None:
    twice = gzip.compress(gzip.compress(b"text"))
    assert [read(twice, name).name for name in ("a.txt.gz", "a.txt.gz.gz", "a")] == ["a.txt", "a.txt", "a"]


def test_characters_are_counted_over_everything_inside() -> None:
    inner = zipped(("a.txt", b"x" * 400), ("b.txt", b"y" * 400))
    outer = zipped(("in.zip", inner), ("c.txt", b"z" * 400), ("d.txt", b"z" * 100))
    document = read(outer, "a.zip", max_characters=1000)
    assert [inside.name for inside in document.attachments] == ["in.zip", "d.txt"]
    assert document.warnings == (
        "c.txt was not read: it holds 1200 characters; allowed are 1000 (setting extract_characters)",
    )


def test_a_bomb_is_stopped_while_it_unpacks() -> None:
    size = HARMLESS_BYTES + (1 << 20)
    bomb = zipped(("a.txt", bytes(size)))
    assert size > MOST_TIMES * len(bomb)
    with pytest.raises(
        ExtractionError, match=r"a\.txt was not read: it unpacks to more than 200 times its size"
    ):
        read(bomb, "a.zip")
    with pytest.raises(ExtractionLimit, match="200 times its size"):
        read(gzip.compress(bytes(size)), "a.gz")
    parts = zipfile.ZipFile(io.BytesIO(BYTES["a.docx"]))
    document = zipped(("big.xml", bytes(size)), *((name, parts.read(name)) for name in parts.namelist()))
    with pytest.raises(ExtractionLimit, match=r"a\.docx unpacks to 65 MiB, more than 200 times its size"):
        read(document, "a.docx")


def test_members_made_of_the_same_bytes_are_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", "".join(map(str, range(5000))))
        archive.filelist *= 3
    with pytest.raises(
        ExtractionLimit, match=r"a\.zip is refused: several of its files are made of the same bytes"
    ):
        read(stream.getvalue(), "a.zip")


def test_methods_that_cannot_be_bounded_are_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("a.txt", "x" * 1000)
    with pytest.raises(ExtractionError, match=r"a\.txt was not read: it is compressed by method 12"):
        read(stream.getvalue(), "a.zip")


def test_too_many_entries() -> None:
    many = zipped(*((f"{number}", b"x") for number in range(MOST_ENTRIES + 1)))
    with pytest.raises(ExtractionLimit, match=f"a.zip holds more than {MOST_ENTRIES} files"):
        read(many, "a.zip")


def test_sizes_in_headers_are_not_believed() -> None:
    data = zipped(("a.txt", b"x" * 5000), ("b.txt", b"fine"))
    lying = data.replace((5000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    document = read(lying, "a.zip")
    assert texts(document) == {"b.txt": "fine"}
    assert "a.txt was not read: it is damaged" in document.warnings[0]


# Made by `zip -P secret a.zip a.txt` (Info-ZIP 3.0): the standard library only reads encrypted archives.
LOCKED = bytes.fromhex(
    "504b03040a0009000000968b755d85af5258270000001b00000005000000612e7478741ca45cbdad45b5dd76d01e4a9c68e5"
    "81077f87e409db7a1949dc80eb354bf56efbf9ffc8644a0d504b070885af5258270000001b000000504b01021e030a000900"
    "0000968b755d85af5258270000001b000000050000000000000001000000a48100000000612e747874504b05060000000001"
    "000100330000005a0000000000"
)


def test_encrypted_members() -> None:
    assert texts(read(LOCKED, "a.zip", password="secret")) == {"a.txt": "The secret is twenty days.\n"}
    with pytest.raises(Encrypted, match=r"a\.zip: a\.txt was not read: it is encrypted; give its password"):
        read(LOCKED, "a.zip")
    with pytest.raises(Encrypted, match="cannot be decrypted with this password"):
        read(LOCKED, "a.zip", password="wrong")


# Made by pyzipper 0.4 with the password "secret": AES-256 and deflated, AES-128 and stored.
AES = {
    256: (
        "504b030414000100630008a8755d00000000390000001b00000005000b00612e7478740199070002004145030800b31c12d4"
        "44ea88b91890dd30df36aa449ab7b9cff12d1c38b2e04526acfc29e7c3dc71d8a350df32aaf40cb3eab70f8c8b6c4db1cb6a"
        "775c28504b0102140314000100630008a8755d00000000390000001b00000005000b00000000000000000080010000000061"
        "2e7478740199070002004145030800504b050600000000010001003e000000670000000000"
    ),
    128: (
        "504b030414000100630008a8755d000000002f0000001b00000005000b00612e7478740199070002004145010000fe633f7b"
        "f074e1c499787b25d1704c6de090daa54c1ac23fca3a657f44a698edb5715467f53612706eaccbadbb128f504b0102140314"
        "000100630008a8755d000000002f0000001b00000005000b000000000000000000800100000000612e747874019907000200"
        "4145010000504b050600000000010001003e0000005d0000000000"
    ),
}


@pytest.mark.parametrize("bits", AES)
def test_members_encrypted_with_aes(bits: int) -> None:
    pytest.importorskip("msoffcrypto")
    data = bytes.fromhex(AES[bits])
    assert texts(read(data, "a.zip", password="secret")) == {"a.txt": "The secret is twenty days.\n"}
    with pytest.raises(Encrypted, match=r"a\.zip: a\.txt was not read: it is encrypted; give its password"):
        read(data, "a.zip")
    with pytest.raises(Encrypted, match="cannot be decrypted with this password"):
        read(data, "a.zip", password="wrong")
    for position in range(len(data)):
        for damaged in (
            data[:position],
            data[:position] + bytes([data[position] ^ 255]) + data[position + 1 :],
        ):
            with suppress(ExtractionError):
                read(damaged, "a.zip", password="secret")


def test_an_archive_that_was_cut_off_says_so() -> None:
    with pytest.raises(
        ExtractionError, match=r"a\.zip is a damaged ZIP archive: its end, .*, is missing; .* cut off"
    ):
        read(zipped(("a.txt", b"hello"))[:-30], "a.zip")


def test_the_sandbox_brings_everything_back() -> None:
    data = zipped(("a.txt", b"hello"), ("b.png", PNG), ("in.zip", zipped(("c.md", b"# Leave"))))
    with Worker() as worker:
        assert worker.extract(data, "a.zip") == read(data, "a.zip")
