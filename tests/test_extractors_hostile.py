"""Whatever bytes come, a file is read or refused in one line: a sample of every format, mutilated in many ways.

`FUZZ_SECONDS=300 pytest -m slow tests/test_extractors_hostile.py` goes on for that long, on real files too.
"""

import gzip
import io
import json
import os
import random
import re
import struct
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import count

import pytest
from test_extractors_archives import LOCKED, tarred, zipped
from test_extractors_samples import BYTES, CHINESE, ENGLISH, SHARED, check

from extractors import Worker, extract
from extractors.recognition.recognize import recognize
from knowledge.errors import ExtractionError
from knowledge.registry import EXTRACTORS
from knowledge.types import Document, ReadOptions

TURNS = 24
LARGEST = 200_000
UNFORESEEN = re.compile(r"\n|crashed|makes no sense|cannot be read \(\w+: |took more than|more memory")
"""What is said when a parser failed in a way that its extractor does not know."""
SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PRESENTATION = "http://schemas.openxmlformats.org/presentationml/2006/main"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"


def pptx_sample() -> bytes:
    """One slide with a title and a paragraph."""
    shapes = "".join(
        f'<p:sp><p:nvSpPr><p:cNvPr id="{number}" name="{kind}"/><p:cNvSpPr/><p:nvPr><p:ph type="{kind}"/></p:nvPr>'
        f"</p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"
        for number, (kind, text) in enumerate((("title", "Leave"), ("body", ENGLISH)), 2)
    )
    names = f'xmlns:p="{PRESENTATION}" xmlns:a="{DRAWING}" xmlns:r="{RELATIONS}"'
    main = "application/vnd.openxmlformats-officedocument.presentationml"
    return package(
        {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            f'<Override PartName="/ppt/presentation.xml" ContentType="{main}.presentation.main+xml"/>'
            f'<Override PartName="/ppt/slides/slide1.xml" ContentType="{main}.slide+xml"/></Types>',
            "_rels/.rels": relations("officeDocument", "ppt/presentation.xml"),
            "ppt/presentation.xml": f'<p:presentation {names}><p:sldIdLst><p:sldId id="256" r:id="r1"/></p:sldIdLst>'
            "</p:presentation>",
            "ppt/_rels/presentation.xml.rels": relations("slide", "slides/slide1.xml"),
            "ppt/slides/slide1.xml": f"<p:sld {names}><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>",
        }
    )


def relations(kind: str, target: str) -> str:
    return (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{RELATIONS}/{kind}" Target="{target}"/></Relationships>'
    )


def ods_sample() -> bytes:
    oasis = "urn:oasis:names:tc:opendocument:xmlns"
    names = " ".join(f'xmlns:{name}="{oasis}:{name}:1.0"' for name in ("office", "table", "text"))
    rows = "".join(
        f'<table:table-row table:number-rows-repeated="2"><table:table-cell office:value-type="string">'
        f"<text:p>{text}</text:p></table:table-cell></table:table-row>"
        for text in (ENGLISH, CHINESE)
    )
    content = (
        f'<office:document-content {names}><office:body><office:spreadsheet><table:table table:name="Leave">{rows}'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        f'<manifest:manifest xmlns:manifest="{oasis}:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>'
    )
    return package({"mimetype": kind, "content.xml": content, "META-INF/manifest.xml": manifest})


def package(parts: dict[str, str]) -> bytes:
    return zipped(*((name, content.encode()) for name, content in parts.items()))


def xls_sample() -> bytes:
    """BIFF 4: a worksheet without a container."""
    labels = [
        struct.pack("<HHHHHHH", 0x0204, 8 + len(text), row, 0, 0, len(text), 0)[:12] + text
        for row, text in enumerate((b"years", b"days"))
    ]
    numbers = [struct.pack("<HHHHHd", 0x0203, 14, row, 1, 0, row + 0.5) for row in range(2)]
    start, end = struct.pack("<HHHHH", 0x0409, 6, 0, 0x10, 0), struct.pack("<HH", 0x000A, 0)
    return b"".join([start, *labels, *numbers, end])


MAIL = (
    "From: A <a@b.example>\nTo: c@d.example\nSubject: Leave\nDate: Mon, 1 Jan 2024 00:00:00 +0000\n"
    "MIME-Version: 1.0\n"
    'Content-Type: multipart/mixed; boundary="x"\n\n--x\nContent-Type: text/html; charset=utf-8\n'
    f"Content-Transfer-Encoding: 8bit\n\n<p>{ENGLISH}<p>{CHINESE}\n--x\n"
    'Content-Disposition: attachment; filename="a.csv"\nContent-Type: text/csv\n\na,b\n1,2\n--x--\n'
)
SAVED_PAGE = (
    "From: <Saved by Blink>\nSubject: Leave\nMIME-Version: 1.0\n"
    'Content-Type: multipart/related; type="text/html"; boundary="x"\n\n--x\nContent-Type: text/html\n'
    f'Content-Transfer-Encoding: quoted-printable\n\n<html><body><p class=3D"a">{ENGLISH}</p></body></html>\n--x--\n'
)
NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Leave\n", ENGLISH]},
        {
            "cell_type": "code",
            "metadata": {},
            "source": "print(20)",
            "outputs": [{"output_type": "stream", "text": "20"}],
        },
    ],
    "metadata": {"language_info": {"name": "python"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}
XML = f'<?xml version="1.0"?><staff><person id="1">{ENGLISH}</person><!-- c --><![CDATA[{CHINESE}]]></staff>'
TEXTS = {
    "a.eml": MAIL,
    "a.mhtml": SAVED_PAGE,
    "a.json": json.dumps({"leave": [{"days": 20, "who": ENGLISH}, {"days": None}]}),
    "a.jsonl": "\n".join(json.dumps({"days": days, "who": CHINESE}) for days in range(3)),
    "a.ipynb": json.dumps(NOTEBOOK),
    "a.yaml": f"leave:\n  - days: 20\n    who: {ENGLISH}\n  - &a [1, 2]\n  - *a\n",
    "a.xml": XML,
    "a.vtt": f"WEBVTT\n\n00:01.000 --> 00:02.000\n<v A>{ENGLISH}\n",
    "a.srt": f"1\n00:00:01,000 --> 00:00:02,000\n{ENGLISH}\n",
    "a.rst": f"Leave\n=====\n\n{ENGLISH}\n\n.. note::\n\n   {ENGLISH}\n\n* a\n* b\n",
    "a.org": f"* Leave\n{ENGLISH}\n| years | days |\n|-------+------|\n| 1 | 5 |\n",
    "a.properties": f"leave.days = 20\nleave.text: {ENGLISH}\n",
    "a.py": f'"""{ENGLISH}"""\n\n\ndef days():\n    return 20\n',
}
SAMPLES: dict[str, bytes] = {
    **{name: data for name, data in BYTES.items() if name != "gb.txt"},
    **{name: text.encode() for name, text in TEXTS.items()},
    "a.pptx": pptx_sample(),
    "a.ods": ods_sample(),
    "a.xls": xls_sample(),
    "a.zip": zipped(("a.txt", b"hello"), ("in.zip", zipped(("b.md", b"# Leave"))), ("c.csv", b"a,b\n1,2\n")),
    "locked.zip": LOCKED,
    "a.tar": tarred(("a.txt", b"hello"), ("b/c.html", b"<p>Leave")),
}
SAMPLES["a.tar.gz"] = gzip.compress(SAMPLES["a.tar"])
WITHOUT_SAMPLE = {"encrypted_office", "xlsb"}
"""Formats that only their own program writes; the long run has real ones."""


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(timeout_s=20, memory_mb=512) as shared:
        yield shared


def mutilated(data: bytes, draw: random.Random) -> bytes:
    """A copy with a few bytes changed, a piece cut out or doubled, or its end missing; of a package, also inside."""
    if data.startswith(b"PK") and draw.randrange(2):
        with suppress(zipfile.BadZipFile, RuntimeError, ValueError, LookupError, zlib.error):
            return mutilated_inside(data, draw)
    kind = draw.randrange(6)
    start = draw.randrange(len(data))
    end = min(len(data), start + draw.choice((1, 4, 64, 1024)))
    if kind == 0:
        return data[:start]
    if kind == 1:
        return data[:start] + data[end:]
    if kind == 2:
        return data[:end] + data[start:end] * draw.choice((1, 50)) + data[end:]
    changed = bytearray(data)
    for _ in range(draw.choice((1, 8, 64))):
        changed[draw.randrange(len(data))] = draw.choice((0, 1, 0x7F, 0xFF, draw.randrange(256)))
    return bytes(changed)


def mutilated_inside(data: bytes, draw: random.Random) -> bytes:
    """A ZIP package with one part mutilated and packed again, so that its checksum fits."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w") as new:
        chosen = draw.choice([name for name in old.namelist() if old.getinfo(name).file_size])
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, mutilated(content, draw) if name == chosen else content)
    return stream.getvalue()


def said_of(worker: Worker, data: bytes, name: str) -> str:
    """What the error says; nothing when a sound document was read. Errors outside the tree fail the test."""
    try:
        check_all(worker.extract(data, name))
    except ExtractionError as error:
        return str(error)
    return ""


def check_all(document: Document) -> None:
    if document.blocks or not document.attachments:
        check(document)
    for inside in document.attachments:
        check_all(inside)


def test_every_format_has_a_sample() -> None:
    assert {recognize(data, name) for name, data in SAMPLES.items()} >= set(EXTRACTORS) - WITHOUT_SAMPLE


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_read(name: str) -> None:
    options = ReadOptions(password="secret" if name == "locked.zip" else None)
    document = extract(SAMPLES[name], name=name, options=options, sandbox=False)
    assert document.text or document.attachments


@pytest.mark.parametrize("name", SAMPLES)
def test_mutilated_files_are_read_or_refused_in_one_line(name: str, worker: Worker) -> None:
    for seed in range(TURNS):
        said = said_of(worker, mutilated(SAMPLES[name], random.Random(seed)), name)
        assert not UNFORESEEN.search(said), seed


@pytest.mark.slow
@pytest.mark.skipif(not SECONDS, reason="FUZZ_SECONDS says for how long")
def test_mutilated_files_for_a_long_time(worker: Worker) -> None:
    files = dict(SAMPLES)
    if SHARED.exists():
        real = [path for path in sorted(SHARED.rglob("*")) if path.is_file()]
        files |= {path.name: path.read_bytes() for path in real if 0 < path.stat().st_size < LARGEST}
    unforeseen = set()
    until = time.monotonic() + SECONDS
    for seed in count(int(until)):
        if time.monotonic() > until:
            break
        draw = random.Random(seed)
        name = draw.choice(list(files))
        said = said_of(worker, mutilated(files[name], draw), name)
        if UNFORESEEN.search(said):
            unforeseen.add(f"{seed} {said}")
    assert not unforeseen, "\n".join(sorted(unforeseen))
