"""What a file is: told by its content first, by its name second."""

import gzip
import io
import struct
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_extractors_samples import BYTES, HTML

from extractors import extract, supported_suffixes
from extractors.recognition.recognize import SUFFIXES, UNREADABLE, recognize
from knowledge.errors import ExtractionError, UnsupportedFormat
from knowledge.registry import EXTRACTORS

MAIL = b"Return-Path: <a@b.example>\nFrom: A <a@b.example>\nTo: c@d.example\nSubject: Leave\n\nTwenty days.\n"
SAVED_PAGE = (
    b"From: <Saved by Blink>\r\nSubject: Leave\r\nDate: Mon, 1 Jan 2024 00:00:00 -0000\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/related;\r\n\ttype="text/html";\r\n\tboundary="x"\r\n\r\n--x\r\n'
)
XML = b'<?xml version="1.0"?>\n<!-- drawn by hand -->\n<staff><person>Li</person></staff>'
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><text>Leave</text></svg>'
JSON_LINES = b'{"a": 1}\n{"a": 2}\n'
NOTEBOOK = b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
TABLE = "工号,姓名\n007,张三\n008,李四\n".encode()


def package(parts: dict[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as written:
        for name, content in parts.items():
            written.writestr(name, content)
    return stream.getvalue()


def office(main_type: str) -> bytes:
    types = f'<Types><Override PartName="/m.xml" ContentType="application/vnd.{main_type}+xml"/></Types>'
    return package({"[Content_Types].xml": types, "m.xml": "<m/>"})


def compound(*streams: str) -> bytes:
    """An OLE file whose root directory has these streams, each empty."""
    none, end = 0xFFFFFFFF, 0xFFFFFFFE
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 62, 3, 0xFFFE, 9, 6)
    header += bytes(10) + struct.pack("<8I", 1, 1, 0, 4096, end, 0, end, 0)
    header += struct.pack("<109I", 0, *[none] * 108)
    table = struct.pack("<128I", 0xFFFFFFFD, end, *[none] * 126)
    entries = [_entry("Root Entry", 5, none, child=1)]
    for number, name in enumerate(streams, 1):
        entries.append(_entry(name, 2, number + 1 if number < len(streams) else none, child=none))
    return header + table + b"".join(entries).ljust(512, b"\0")


def _entry(name: str, kind: int, right: int, *, child: int) -> bytes:
    written = name.encode("utf-16-le")
    links = struct.pack("<III", 0xFFFFFFFF, right, child)
    head = written.ljust(64, b"\0") + struct.pack("<HBB", len(written) + 2, kind, 1) + links
    return head.ljust(116, b"\0") + struct.pack("<IQ", 0xFFFFFFFE, 0)


@pytest.mark.parametrize("name", [name for name in BYTES if not name.startswith("gb")])
@pytest.mark.parametrize("wrong", ["a.txt", "a", "a.unknown", "a.docx", "a.zip"])
def test_content_of_binary_formats_and_pages_decides_whatever_the_name(name: str, wrong: str) -> None:
    expected = recognize(BYTES[name], name)
    if expected in ("pdf", "docx", "xlsx", "html"):
        assert recognize(BYTES[name], wrong) == expected


@pytest.mark.parametrize("suffix", supported_suffixes())
def test_every_suffix_has_a_reader(suffix: str) -> None:
    assert SUFFIXES[suffix] in EXTRACTORS


@pytest.mark.parametrize(
    ("data", "suffix"),
    [
        (HTML.encode(), ".html"),
        (b"<div>Leave</div>", ".html"),
        (SAVED_PAGE, ".mhtml"),
        (MAIL, ".eml"),
        (XML, ".xml"),
        (SVG, ".xml"),
        (b'{"a": [1]}', ".json"),
        (b"[1, 2]", ".json"),
        (JSON_LINES, ".jsonl"),
        (NOTEBOOK, ".ipynb"),
        (b"WEBVTT\n\n00:01.000 --> 00:02.000\nLeave\n", ".vtt"),
        (TABLE, ".csv"),
        (b"a\tb\tc\n1\t2\t3\n", ".csv"),
        (b'a;b\n"1;\n2";3\n4;5\n', ".csv"),
        (gzip.compress(b"x"), ".gz"),
        (office("openxmlformats-officedocument.wordprocessingml.template.main"), ".docx"),
        (office("ms-excel.sheet.macroEnabled.main"), ".xlsx"),
        (office("openxmlformats-officedocument.presentationml.slideshow.main"), ".pptx"),
        (package({"word/document.xml": "<x/>"}), ".docx"),
        (package({"word/readme.txt": "x"}), ".zip"),
        (package({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}), ".ods"),
        (compound("Workbook", "\x05SummaryInformation"), ".xls"),
    ],
)
def test_content_without_a_name(data: bytes, suffix: str) -> None:
    if suffix in SUFFIXES:
        assert recognize(data, "") == SUFFIXES[suffix]
        assert recognize(data, "a.unknown") == SUFFIXES[suffix]


@pytest.mark.parametrize(
    "text",
    [
        "Dear all, twenty days.\nYours, the management, as ever.\nGreetings, again.",
        "Note: three things.\nFrom: nobody\n",
        "[1] A. Author, A Book.",
        "<3 this policy",
        "{not json}",
        "a | b\n---|---\n1 | 2",
        "one\ntwo\nthree",
    ],
)
def test_prose_is_not_taken_for_another_format(text: str) -> None:
    assert recognize(text.encode(), "") == "text"


def test_a_known_text_suffix_decides_between_formats_of_text() -> None:
    for name in ("a.csv", "a.md"):
        assert recognize(HTML.encode(), name) == SUFFIXES[name[1:]]
    assert recognize(TABLE, "a.txt") == "text"
    assert recognize(b'{"a": 1}', "a.txt") == "text"


def test_text_of_any_name_is_read() -> None:
    assert extract(b"key = value", name="a.toml", sandbox=False).text == "key = value"
    assert extract("def f(): ...".encode("utf-16"), name="a.py", sandbox=False).text == "def f(): ..."
    assert (
        extract(TABLE, name="a.xls", sandbox=False).text == extract(TABLE, name="a.csv", sandbox=False).text
    )


def test_a_text_that_speaks_of_pdf_is_a_text() -> None:
    assert recognize(b"A PDF starts with %PDF-1.7.", "a.txt") == "text"
    assert recognize(b"junk\n" + BYTES["a.pdf"], "a.pdf") == "pdf"
    assert recognize(bytes(64) + BYTES["a.pdf"], "a.txt") == "pdf"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (compound("WordDocument"), "a Word 97–2003 document (.doc)"),
        (compound("1Table", "WORDDOCUMENT"), "a Word 97–2003 document (.doc)"),
        (compound("PowerPoint Document"), "a PowerPoint 97–2003 presentation (.ppt)"),
        (compound("__properties_version1.0"), "an Outlook message (.msg)"),
        (compound("Other"), "an OLE compound file"),
        (package({"mimetype": "application/vnd.oasis.opendocument.text"}), "an OpenDocument text (.odt)"),
        (package({"mimetype": "application/epub+zip"}), "an EPUB book"),
        (b"{\\rtf1 x}", "RTF text"),
        (b"\x89PNG\r\n\x1a\n....", "a PNG image"),
        (b"\0\0\0\x18ftypmp42", "an MPEG-4 or QuickTime film"),
        (b"Rar!\x1a\x07\0", "a RAR archive"),
        (bytes(range(256)) * 8, "binary data of an unknown kind"),
    ],
)
@pytest.mark.parametrize("name", ["a", "a.txt", "a.unknown"])
def test_what_nothing_reads_is_named(data: bytes, says: str, name: str) -> None:
    kind = next((suffix for suffix, what in UNREADABLE.items() if what == says), None)
    if kind in SUFFIXES:
        return
    with pytest.raises(UnsupportedFormat) as caught:
        recognize(data, name)
    line, advice = str(caught.value).split("; ")
    assert line == f"{name} is {says}, which cannot be read"
    if advice.startswith("save it as "):
        assert advice.removeprefix("save it as ") in SUFFIXES
    else:
        formats = advice.removeprefix("supported: ").removesuffix(" and other text")
        assert {".pdf", ".docx", ".txt"} <= set(formats.split())


def test_a_package_without_its_main_part_is_what_its_name_says() -> None:
    data = package({"[Content_Types].xml": "<Types/>", "xl/styles.xml": "<x/>"})
    assert recognize(data, "a.xlsx") == "xlsx"
    assert recognize(data, "a.zip") == recognize(data, "a") == "archive"
    assert recognize(package({"a.txt": "x"}), "a.xlsx") == "archive"


@pytest.mark.parametrize(
    ("data", "name", "says"),
    [
        (b"hello", "a.pdf", "a.pdf is not a pdf file: its content is plain text"),
        (bytes(range(256)), "a.docx", "a.docx is not a docx file: its content is damaged or unknown"),
        (BYTES["a.docx"][:2000], "a.docx", "a.docx is a damaged docx file"),
        (BYTES["a.docx"][:2000], "a.zip", "a.zip is a damaged ZIP archive"),
        (compound("WordDocument")[:600], "a.doc", "a.doc is damaged"),
    ],
)
def test_damaged_files_are_named(data: bytes, name: str, says: str) -> None:
    with pytest.raises(ExtractionError) as caught:
        recognize(data, name)
    assert str(caught.value).startswith(says)


@given(data=st.binary(min_size=1, max_size=400), name=st.text(max_size=8))
def test_any_bytes_have_a_format_or_an_error_of_the_tree(data: bytes, name: str) -> None:
    with suppress(ExtractionError):
        assert recognize(data, name) in EXTRACTORS


@given(
    head=st.lists(
        st.sampled_from(["<!-- -->", "<!--", "<?x?>", "<?", " ", "<", "{", '"', "\n", ",", "a:"]),
        max_size=3000,
    )
)
def test_a_hostile_beginning_takes_no_time(head: list[str]) -> None:
    recognize("".join(head).encode() or b"x", "")
