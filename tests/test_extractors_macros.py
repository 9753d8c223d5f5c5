"""Macros: the source of every module as code, after everything else."""

import io
import random
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from office_files import compound, deck, word

from extractors import extract
from extractors.ole.macros import unpacked
from knowledge.types import Document, Locator, ReadOptions

BODY = "<w:p><w:r><w:t>visible</w:t></w:r></w:p>"
HIDDEN = 'Attribute VB_Name = "Greeting"\r\nAttribute VB_Base = "x"\r\n'
SOURCE = 'Sub Größe()\r\n  MsgBox "canary"\r\nEnd Sub\r\n'
VBA = ("vbaProject", "vbaProject.bin")


def read(data: bytes, name: str) -> Document:
    return extract(data, name=name, options=ReadOptions(), sandbox=False)


def packed(data: bytes) -> bytes:
    """Compressed as [MS-OVBA] 2.4.1 says, with literals alone: eight after a byte of flags."""
    chunks = [data[start : start + 3500] for start in range(0, len(data), 3500)]
    eights = [b"".join(b"\0" + chunk[at : at + 8] for at in range(0, len(chunk), 8)) for chunk in chunks]
    return b"\x01" + b"".join(struct.pack("<H", 0xB000 | len(eight) - 1) + eight for eight in eights)


def entry(kind: int, content: bytes) -> bytes:
    return struct.pack("<HI", kind, len(content)) + content


def project(source: str = HIDDEN + SOURCE, cache: bytes = b"compiled") -> dict[str, bytes]:
    """The streams of a project of one module, whose source follows what was compiled."""
    directory = entry(0x03, struct.pack("<H", 1252)) + struct.pack("<HIIH", 0x09, 4, 1, 2)
    directory += entry(0x1A, b"Greeting") + entry(0x31, struct.pack("<I", len(cache)))
    return {"VBA/dir": packed(directory), "VBA/Greeting": cache + packed(source.encode("cp1252"))}


def macro_blocks(document: Document) -> list[tuple[str | None, str]]:
    blocks = [block for block in document.blocks if block.kind == "code"]
    return [(block.locator.part, document.text[block.start : block.end]) for block in blocks]


@settings(max_examples=50, deadline=None)
@given(data=st.binary(min_size=1, max_size=9000))
def test_what_is_packed_comes_out(data: bytes) -> None:
    assert unpacked(packed(data)) == data


def test_copies_are_repeated_as_in_the_example_of_the_specification() -> None:
    """[MS-OVBA] 3.2.2 and 3.2.3."""
    data = (
        "01 2F B0 00 23 61 61 61 62 63 64 65 82 66 00 70 61 67 68 69 6A 01 38 08 61 6B 6C 00 30 6D 6E 6F 70"
    )
    data += " 06 71 02 70 04 10 72 73 74 75 76 10 77 78 79 7A 00 3C"
    assert unpacked(bytes.fromhex(data)) == b"#aaabcdefaaaaghijaaaaaklaaamnopqaaaaaaaaaaaarstuvwxyzaaa"
    assert unpacked(bytes.fromhex("01 03 B0 02 61 45 00")) == b"a" * 73


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.docm", word(BODY, {"v": VBA}, {"vbaProject.bin": compound(project())})),
        ("a.pptm", deck([""], parts={"vbaProject.bin": compound(project())}, presentation={"v": VBA})),
    ],
)
def test_macros_are_code_at_the_end_without_what_their_editor_hides(name: str, data: bytes) -> None:
    document = read(data, name)
    source = 'Sub Größe()\n  MsgBox "canary"\nEnd Sub'
    assert macro_blocks(document) == [("macros/Greeting", source)]
    assert document.text.endswith(source)


def test_modules_without_code_are_nothing() -> None:
    document = read(word(BODY, {"v": VBA}, {"vbaProject.bin": compound(project(HIDDEN))}), "a.docm")
    assert (document.text, document.warnings) == ("visible", ())


def test_damaged_macros_are_a_warning_or_nothing() -> None:
    missing = {"VBA/dir": project()["VBA/dir"]}
    document = read(word(BODY, {"v": VBA}, {"vbaProject.bin": compound(missing)}), "a.docm")
    assert document.text == "visible"
    assert document.warnings == ("the macro project was not read: Greeting is missing",)
    chance = random.Random(7)
    for _ in range(40):
        streams = {path: bytearray(content) for path, content in project().items()}
        for content in streams.values():
            content[chance.randrange(len(content))] = chance.randrange(256)
        data = compound({path: bytes(content) for path, content in streams.items()})
        assert read(word(BODY, {"v": VBA}, {"vbaProject.bin": data}), "a.docm").text.startswith("visible")


def with_macros(streams: dict[str, bytes]) -> Document:
    return read(word(BODY, {"v": VBA}, {"vbaProject.bin": compound(streams)}), "a.docm")


def module(name: str, offset: int = 0) -> bytes:
    return entry(0x1A, name.encode()) + entry(0x31, struct.pack("<I", offset))


def test_a_missing_module_takes_no_other_with_it() -> None:
    directory = packed(module("Gone") + module("Broken") + module("Last"))
    streams = {"VBA/dir": directory, "VBA/Broken": b"?", "VBA/Last": packed(b"canary")}
    document = with_macros(streams)
    assert macro_blocks(document) == [("macros/Last", "canary")]
    assert document.warnings == ("part of the macro project was not read: Gone is missing",)


def test_a_damaged_code_page_loses_no_text() -> None:
    directory = packed(entry(0x03, b"\xff" * 3000) + module("Last"))
    document = with_macros({"VBA/dir": directory, "VBA/Last": packed(b"canary")})
    assert document.text == "visible\n\ncanary"


def test_a_module_that_is_named_again_is_read_once() -> None:
    directory = packed(module("Same") * 1000)
    document = with_macros({"VBA/dir": directory, "VBA/Same": packed(b"canary")})
    assert macro_blocks(document) == [("macros/Same", "canary")]


def test_the_macros_of_a_document_are_bounded_together() -> None:
    chunk = b"\x02a" + struct.pack("<H", 0x0FFF)
    bomb = b"\x01" + (struct.pack("<H", 0xB000 | len(chunk) - 1) + chunk) * 300
    names = [f"M{number}" for number in range(10)]
    assert len(unpacked(bomb)) * len(names) > 2 * (4 << 20)
    document = with_macros(
        {"VBA/dir": packed(b"".join(map(module, names))), **{f"VBA/{name}": bomb for name in names}}
    )
    assert document.text.startswith("visible")
    assert (4 << 20) - 8192 < document.text.count("a") <= 4 << 20
    assert document.warnings == (
        "part of the macro project was not read: only the first 4 MiB of macros are read",
    )


def test_a_bomb_is_bounded() -> None:
    chunk = b"\x02a" + struct.pack("<H", 0x0FFF)
    bomb = b"\x01" + (struct.pack("<H", 0xB000 | len(chunk) - 1) + chunk) * 100_000
    assert len(unpacked(bomb)) < 100_000 * 4096 / 10


def test_basic_of_opendocument() -> None:
    namespace = 'xmlns:script="http://openoffice.org/2000/script"'
    source = "Sub Main\n  If a &lt; 2 Then\nEnd Sub"
    module = f'<script:module {namespace} script:name="Greeting">{source}</script:module>'
    content = '<d xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"/>'
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr("content.xml", content)
        package.writestr("Basic/Standard/script-lb.xml", "<library/>")
        package.writestr("Basic/Standard/Greeting.xml", module)
        package.writestr("Basic/Standard/Broken.xml", "<module")
    document = read(stream.getvalue(), "a.ods")
    assert document.text == "Sub Main\n  If a < 2 Then\nEnd Sub"
    assert document.blocks[0].locator == Locator(part="macros/Greeting")


def test_macros_in_no_container_are_a_warning() -> None:
    document = read(word(BODY, {"v": VBA}, {"vbaProject.bin": b"nothing"}), "a.docm")
    assert (document.text, len(document.warnings)) == ("visible", 1)
