"""The sandbox: limits hold, a crash or hang costs one file, and nothing is left behind."""

import io
import os
import struct
import subprocess
import sys
import threading
import zipfile
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_extractors_samples import BYTES

import extractors
from extractors import Worker, WorkerPool, extract
from extractors.framing import document_parts, read_frame, reply_of, request_of, request_parts, write_frame
from knowledge.errors import EmptyDocument, ExtractionError, ExtractionLimit, NotFound, UnsupportedFormat
from knowledge.types import IMAGE_NAME, Block, BlockKind, Document, Image, Locator, ReadOptions

needs_limits = pytest.mark.skipif(sys.platform != "linux", reason="memory limits are enforced on Linux only")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
COUNTS = st.none() | st.integers(1, 2**40)
LOCATORS = st.builds(
    Locator,
    **{
        field.name: st.none() | (TEXTS if field.name in ("sheet", "part") else COUNTS)
        for field in fields(Locator)
    },
)
IMAGES = st.lists(
    st.builds(Image, name=st.from_regex(IMAGE_NAME, fullmatch=True), data=st.binary(max_size=9)), max_size=2
).map(tuple)
VALUES = TEXTS | st.floats(allow_nan=False) | st.lists(TEXTS, max_size=3).map(tuple)


@st.composite
def texts_with_blocks(draw: st.DrawFn) -> tuple[str, tuple[Block, ...]]:
    """Blocks in order that do not overlap."""
    text = draw(TEXTS)
    bounds = iter(sorted(draw(st.lists(st.integers(0, len(text)), max_size=18))))
    kinds = st.sampled_from(get_args(BlockKind))
    return text, tuple(
        Block(kind=draw(kinds), start=start, end=end, level=draw(COUNTS), locator=draw(LOCATORS))
        for start, end in zip(bounds, bounds, strict=False)
    )


@st.composite
def documents(draw: st.DrawFn, deeper: int) -> Document:
    """With attachments that have attachments …"""
    text, blocks = draw(texts_with_blocks())
    return Document(
        text=text,
        name=draw(TEXTS),
        blocks=blocks,
        metadata=draw(st.dictionaries(TEXTS, VALUES, max_size=3)),
        warnings=tuple(draw(st.lists(TEXTS, max_size=2))),
        attachments=tuple(draw(st.lists(documents(deeper - 1), max_size=2))) if deeper else (),
        images=draw(IMAGES),
    )


@settings(max_examples=60, deadline=None)
@given(documents(2))
def test_a_document_crosses_the_pipe_unchanged(document: Document) -> None:
    stream = io.BytesIO()
    write_frame(stream, document_parts(document, 1.5))
    size = stream.tell()
    stream.seek(0)
    assert reply_of(read_frame(stream, size)) == (document, 1.5)
    stream.seek(0)
    with pytest.raises(EOFError):
        read_frame(stream, size // 2)


@given(
    TEXTS,
    st.binary(max_size=9) | TEXTS,
    st.builds(ReadOptions, images=st.booleans(), password=st.none() | TEXTS),
)
def test_a_request_crosses_the_pipe_unchanged(name: str, source: str | bytes, options: ReadOptions) -> None:
    assert request_of(request_parts(name, source, options)) == (name, source, options)


def python(code: str) -> list[str]:
    """A stand-in for the worker process."""
    return [sys.executable, "-c", code]


def bomb(megabytes: int) -> bytes:
    """A Word file that unpacks to this much XML."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package,
        package.open("word/document.xml", "w") as part,
    ):
        part.write(b'<w:document xmlns:w="w"><w:body>')
        for _ in range(megabytes):
            part.write(b"<w:p><w:r><w:t>x</w:t></w:r></w:p>" * (2**20 // 35))
        part.write(b"</w:body></w:document>")
    return stream.getvalue()


def test_public_names() -> None:
    assert extractors.__all__ == ["VERSION", "Worker", "WorkerPool", "extract", "supported_suffixes"]
    assert {".txt", ".md", ".html", ".pdf", ".docx", ".xlsx", ".csv"} <= set(extractors.supported_suffixes())


def test_importing_is_cheap() -> None:
    code = (
        "import sys, extractors.worker, extractors.sandbox; print([name for name in sys.modules if name in "
        "('numpy', 'lxml', 'pypdfium2', 'pypdf', 'selectolax')])"
    )
    assert subprocess.run(python(code), capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_extract_from_path_bytes_and_name(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n1,2\n")
    expected = "| a | b |\n| --- | --- |\n| 1 | 2 |"
    assert extract(path).text == expected
    assert extract(str(path), name="b.txt").text == "a,b\n1,2\n"
    assert extract(b"a,b\n1,2\n", name="a.csv").text == expected
    assert extract(b"plain").text == "plain"


@needs_limits
def test_a_path_that_is_no_text_is_read(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff.txt")
    path.write_bytes(b"text")
    assert extract(path).text == "text"


def test_errors_come_back_as_themselves(tmp_path: Path) -> None:
    with Worker() as worker:
        with pytest.raises(EmptyDocument, match=r"a\.txt"):
            worker.extract(b"  ", "a.txt")
        with pytest.raises(UnsupportedFormat, match="a PNG image"):
            worker.extract(b"\x89PNG\r\n\x1a\n", "a.txt")
        with pytest.raises(NotFound, match="check the path"):
            worker.extract(tmp_path / "gone.txt")
        with pytest.raises(ExtractionError, match="cannot be opened"):
            worker.extract(tmp_path)
        assert worker.extract(b"still here", "a.txt").text == "still here"


def test_too_many_characters() -> None:
    with Worker(max_characters=1000) as worker:
        with pytest.raises(ExtractionLimit, match="1001 characters; allowed are 1000"):
            worker.extract(b"x" * 1001, "a.txt")
        assert len(worker.extract(b"x" * 1000, "a.txt").text) == 1000


@needs_limits
def test_a_memory_bomb_is_stopped() -> None:
    with Worker(memory_mb=128) as worker:
        with pytest.raises(ExtractionLimit, match="memory"):
            worker.extract(bomb(60), "a.docx")
        assert worker.extract(b"still here", "a.txt").text == "still here"


def test_a_hang_is_given_up() -> None:
    with (
        Worker(timeout_s=0.3, command=python("import time; time.sleep(60)")) as worker,
        pytest.raises(ExtractionLimit, match=r"a\.txt took more than 0\.3 s"),
    ):
        worker.extract(b"x", "a.txt")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no such grandchildren on Windows")
@pytest.mark.parametrize("leave", ["0", "os.setsid()"])
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_what_a_hanging_reader_has_started_cannot_hold_the_answer_up(
    tmp_path: Path, leave: str, size: int
) -> None:
    mark = tmp_path / "late"
    code = f"import os, time; os.fork() or {leave}; time.sleep(5); open({str(mark)!r}, 'w')"
    with (
        Worker(timeout_s=0.5, command=python(code)) as worker,
        pytest.raises(ExtractionLimit, match=r"a\.txt took more than 0\.5 s"),
    ):
        worker.extract(b"x" * size, "a.txt")
    assert not mark.exists()


def test_a_crash_is_one_clear_error() -> None:
    with (
        Worker(command=python("import os, sys; sys.stdin.buffer.read(8); os.abort()")) as worker,
        pytest.raises(ExtractionError, match=r"a\.txt crashed its reader"),
    ):
        worker.extract(b"x", "a.txt")


def test_a_crash_for_want_of_memory_is_a_limit() -> None:
    code = "import os, sys; print('memory allocation of 9 bytes failed', file=sys.stderr, flush=True); os.abort()"
    with Worker(command=python(code)) as worker, pytest.raises(ExtractionLimit, match="memory"):
        worker.extract(b"x", "a.txt")


def test_a_reply_that_is_too_large_is_a_limit_and_no_crash() -> None:
    code = "import sys, struct; sys.stdin.buffer.read(8); sys.stdout.buffer.write(struct.pack('>IQ', 1, 1 << 40)); {}"
    command = python(code.format("sys.stdout.flush(); sys.stdin.buffer.read()"))
    with (
        Worker(command=command, max_characters=1000) as worker,
        pytest.raises(ExtractionLimit, match=r"a\.txt yields more than 256 MiB .*extract_characters"),
    ):
        worker.extract(b"x", "a.txt")


def replying(*parts: bytes) -> list[str]:
    """A worker whose every answer is a frame of these parts."""
    frame = struct.pack(f">I{len(parts)}Q", len(parts), *map(len, parts)) + b"".join(parts)
    return python(
        f"import sys; sys.stdin.buffer.read(8); sys.stdout.buffer.write({frame!r}); sys.stdout.flush();"
        "sys.stdin.buffer.read()"
    )


DOCUMENT = (
    b'{"memory_mb":1,"document":'
    b'{"name":"","images":[],"metadata":{},"warnings":[],"attachments":[],"blocks":%s}}'
)
BLOCKS = b'{"blocks":{"kind":["%s"]},"places":{"line":null}}'
PLACES = b'{"blocks":{"kind":["list"]},"places":%s}'
SPANS = b'{"blocks":{"kind":["list"]},"places":{}}'


def nested(depth: int) -> tuple[bytes, ...]:
    """Files inside files, so deep."""
    before, after = (
        (DOCUMENT % b"{}").removeprefix(b'{"memory_mb":1,"document":')[:-1].split(b'"attachments":[')
    )
    attached = (before + b'"attachments":[') * depth + after * depth
    return b'{"memory_mb":1,"document":' + attached + b"}", *(b"",) * (2 * depth)


def saying(field: bytes, value: bytes) -> tuple[bytes, ...]:
    """A document one field of which is something else."""
    head = DOCUMENT % b"{}"
    start = head.index(b'"%s":' % field) + len(field) + 3
    return head[:start] + value + head[start + 2 :], b"text", b""


def integers(*values: int) -> bytes:
    """One block: how many blocks and locators, then start, end, locator, kind and line."""
    return struct.pack(f"={len(values)}q", *values)


def test_an_answer_that_makes_sense_is_taken() -> None:
    reply = (DOCUMENT % (BLOCKS % b"list"), b"text", integers(1, 1, 0, 4, 0, 0, 7))
    with Worker(command=replying(*nested(3))) as worker:
        assert worker.extract(b"x", "a.txt").attachments[0].attachments[0].attachments == ()
    with Worker(command=replying(*reply)) as worker:
        block = Block(kind="list", start=0, end=4, locator=Locator(line=7))
        assert worker.extract(b"x", "a.txt") == Document(text="text", blocks=(block,))


@pytest.mark.parametrize(
    "reply",
    [
        (),
        (b"{}",),
        (b"[1]",),
        (b"\xff",),
        (b"[" * 100_000,),
        (b'{"memory_mb": 1, "document": {"text": 3}}',),
        (DOCUMENT % b"{}",),
        (DOCUMENT % b"{}", b"\xff", b""),
        (DOCUMENT % (BLOCKS % b"poem"), b"text", integers(1, 1, 0, 4, 0, 0, 7)),
        (DOCUMENT % (BLOCKS % b"list"), b"text", integers(1, 1, 0, 4, 0, 0, 7)[:-1]),
        (DOCUMENT % (BLOCKS % b"list"), b"text", integers(1, 1, 0, 4, 0, 0)),
        (DOCUMENT % (BLOCKS % b"list"), b"text", integers(1 << 60, 1, 0, 4, 0, 0, 7)),
        (DOCUMENT % (BLOCKS % b"list"), b"text", integers(1, 1 << 60, 0, 4, 0, 0, 7)),
        (DOCUMENT % (BLOCKS % b"list"), b"text", integers(1, 1, 0, 4, 9, 0, 7)),
        (DOCUMENT % b'{"blocks":{"kind":"list"},"places":[]}', b"text", integers(1, 1, 0, 4, 0, 0, 7)),
        (DOCUMENT % SPANS, b"text", integers(1, 1, 0, 5, 0, 0)),
        (DOCUMENT % SPANS, b"text", integers(1, 1, -1, 4, 0, 0)),
        (DOCUMENT % SPANS, b"text", integers(1, 1, 3, 2, 0, 0)),
        (DOCUMENT % SPANS, b"text", integers(2, 1, 0, 1, 3, 4, 0, 0, 0, 0)),
        (DOCUMENT % SPANS, b"text", integers(1, 0, 0, 4, 0, 0)),
        (
            DOCUMENT % b'{"blocks":{"kind":["list"],"start":null},"places":{}}',
            b"text",
            integers(1, 1, 0, 4, 0, 0, 9),
        ),
        (DOCUMENT % (PLACES % b'{"line":null}'), b"text", integers(1, 1, 0, 4, 0, 0, -2)),
        (DOCUMENT % (PLACES % b'{"page":["x"]}'), b"text", integers(1, 1, 0, 4, 0, 0, 0)),
        (DOCUMENT % (PLACES % b'{"sheet":[[1]]}'), b"text", integers(1, 1, 0, 4, 0, 0, 0)),
        (DOCUMENT % (PLACES % b'{"sheet":null}'), b"text", integers(1, 1, 0, 4, 0, 0, 0)),
        (DOCUMENT % (PLACES % b'{"colour":null}'), b"text", integers(1, 1, 0, 4, 0, 0, 0)),
        (b'{"memory_mb":1%s,"document":{}}' % (b"0" * 400), b"text", b""),
        nested(100),
        saying(b"name", b"[1]"),
        saying(b"name", rb'"\ud800"'),
        saying(b"warnings", b"[1]"),
        saying(b"warnings", rb'["\ud800"]'),
        saying(b"metadata", b'{"a":{"b":1}}'),
        saying(b"metadata", b'{"a":null}'),
        saying(b"metadata", b'{"a":[[1]]}'),
        saying(b"metadata", b'{"a":1%s}' % (b"0" * 400)),
        saying(b"attachments", b'["a"]'),
        (b'{"memory_mb":1,"error":{"type":"NotFound","message":"no file"}}',),
        (b'{"memory_mb":1,"error":{"type":"InputError","message":"no"}}',),
        (b'{"memory_mb":1,"error":{"type":"ExtractionError","message":[]}}',),
    ],
)
def test_an_answer_that_makes_no_sense_is_refused(reply: tuple[bytes, ...]) -> None:
    with (
        Worker(command=replying(*reply)) as worker,
        pytest.raises(ExtractionError, match="makes no sense"),
    ):
        worker.extract(b"x", "a.txt")


def test_what_parsers_print_does_not_disturb_the_protocol() -> None:
    code = (
        "import extractors.markup.text as t, extractors.worker as w, os;"
        "real = t.extract; t.extract = lambda *a: (print('noise'), os.write(1, b'noise'), real(*a))[-1]; w.main()"
    )
    with Worker(command=python(code)) as worker:
        assert worker.extract(b"text", "a.txt").text == "text"


def test_what_a_parser_trips_over_is_an_error_of_the_tree() -> None:
    code = (
        "import extractors.markup.text as t, extractors.worker as w; t.extract = lambda *a: 1 / 0; w.main()"
    )
    with Worker(command=python(code)) as worker, pytest.raises(ExtractionError, match="ZeroDivisionError"):
        worker.extract(b"text", "a.txt")


@needs_limits
def test_no_process_is_left_behind() -> None:
    def living() -> int:
        return len("".join(task.read_text() for task in Path("/proc/self/task").glob("*/children")).split())

    before = living()
    worker = Worker()
    worker.extract(b"text", "a.txt")
    assert living() == before + 1
    worker.close()
    assert living() == before
    worker.extract(b"text", "a.txt")
    del worker
    assert living() == before


@needs_limits
def test_children_of_a_dead_client_end_themselves() -> None:
    code = (
        "import os; from extractors import Worker; from pathlib import Path; w = Worker(); w.extract(b'x', 'a.txt');"
        "print(Path(f'/proc/self/task/{os.getpid()}/children').read_text().split()[0], flush=True); os._exit(1)"
    )
    child = int(subprocess.run(python(code), capture_output=True, text=True).stdout)
    ended = threading.Event()
    for _ in range(100):
        try:
            state = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            break
        if state == "Z" or ended.wait(0.05):
            break
    else:
        pytest.fail("the worker outlived its client by five seconds")


def test_a_pool_serves_many_threads() -> None:
    wanted = {f"{number}.txt": f"text {number}" for number in range(24)}
    found: dict[str, str] = {}

    with WorkerPool(2) as pool:

        def read(names: list[str]) -> None:
            for name in names:
                found[name] = pool.extract(wanted[name].encode(), name).text

        threads = [threading.Thread(target=read, args=(list(wanted)[start::4],)) for start in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == wanted


def test_a_worker_is_replaced_before_it_grows_old() -> None:
    with Worker(memory_mb=128) as worker:
        for _ in range(1010):
            assert worker.extract(b"text", "a.txt").text == "text"
        assert worker.extract(BYTES["a.pdf"], "a.pdf").blocks
