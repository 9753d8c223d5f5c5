"""Suite hostile: what bombs, liars and damaged files are told, in which time and with how much memory.

    python -m benchmarks hostile [--docs FOLDER]

Archives that attack are made up. Of FOLDER come the files that cannot be read, and those that take long or much.
"""

from __future__ import annotations

import gzip
import io
import logging
import struct
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.harness import Options
from benchmarks.sandboxing import children
from extractors import Worker
from extractors.recognition.recognize import supported_hint
from knowledge.errors import KnowledgeError

LONG_S: Final = 1.0
MUCH_MB: Final = 200
_ENTRIES: Final = 20_000
_DEEP: Final = 8
_MIB: Final = bytes(1 << 20)


def run(options: Options) -> Iterator[dict[str, Any]]:
    """One row for each file: what is said, seconds, and the most memory that the worker held."""
    logging.getLogger("extractors").setLevel(logging.CRITICAL)
    with Worker() as worker:
        for name, make in MADE_UP.items():
            yield _row(worker, name, make())
        for path in sorted(options.docs.rglob("*")) if options.docs else ():
            if path.is_file():
                row = _row(worker, path.name, path.read_bytes())
                if row["outcome"] != "read" or row["seconds"] > LONG_S or row["peak_mb"] > MUCH_MB:
                    yield row


def _row(worker: Worker, name: str, data: bytes) -> dict[str, Any]:
    worker.extract(b"a file before, so that the worker has started", "a.txt")
    _forget_peaks()
    started = time.perf_counter()
    outcome, says = _outcome(worker, name, data)
    seconds = time.perf_counter() - started
    return {
        "file": name,
        "kb": round(len(data) / 1000, 1),
        "outcome": outcome,
        "seconds": round(seconds, 3),
        "peak_mb": _peak_mb(),
        "says": says.replace(supported_hint(), ""),
    }


def _outcome(worker: Worker, name: str, data: bytes) -> tuple[str, str]:
    try:
        document = worker.extract(data, name)
    except KnowledgeError as error:
        return type(error).__name__, str(error)
    return "read", f"{len(document.attachments)} files inside; {'; '.join(document.warnings)}"


def _forget_peaks() -> None:
    """Begins to count the most memory anew (Linux: 5 in clear_refs)."""
    for child in children():
        Path(f"/proc/{child}/clear_refs").write_text("5")


def _peak_mb() -> int:
    """Of the worker; 0 when it has ended."""
    lines = "".join(Path(f"/proc/{child}/status").read_text() for child in children()).splitlines()
    return max((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM")), default=0)


def _zipped(members: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def _ratio_bomb() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.txt", "w") as member:
        for _ in range(1000):
            member.write(_MIB)
    return stream.getvalue()


def _compressed_bomb() -> bytes:
    stream = io.BytesIO()
    with gzip.open(stream, "wb") as packed:
        for _ in range(1000):
            packed.write(_MIB)
    return stream.getvalue()


def _depth_bomb() -> bytes:
    packed = _zipped({"a.txt": b"deep down"})
    for level in range(_DEEP):
        packed = _zipped({f"{level}.zip": packed})
    return packed


def _fan_bomb() -> bytes:
    """Ten archives in each of ten archives …, and harmless text in the last: ten thousand times."""
    packed = b"x" * 100_000
    for level in range(4):
        packed = _zipped({f"{number}{'.zip' if level else '.txt'}": packed for number in range(10)})
    return packed


def _escaping_names() -> bytes:
    names = (
        "/etc/passwd",
        "../../up.txt",
        "C:\\Windows\\a.txt",
        "..\\..\\b.txt",
        "a\x00b.txt",
        "\u202egpj.txt",
    )
    return _zipped(dict.fromkeys(names, b"harmless"))


def _many_entries() -> bytes:
    return _zipped({f"{number}.txt": b"x" for number in range(_ENTRIES)})


def _overlapping() -> bytes:
    """A hundred entries of the directory that point to the same bytes."""
    whole = _zipped({"a.txt": b"x" * 100_000})
    end = whole.rindex(b"PK\x05\x06")
    directory = whole.index(b"PK\x01\x02")
    entry = whole[directory:end]
    closing = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 100, 100, 100 * len(entry), directory, 0)
    return whole[:directory] + entry * 100 + closing


def _aes() -> bytes:
    """As WinZip marks a member that is encrypted with AES; what is in it cannot be told without a password."""
    entry = zipfile.ZipInfo("a.txt")
    entry.extra = struct.pack("<2HH2sBH", 0x9901, 7, 2, b"AE", 3, zipfile.ZIP_DEFLATED)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(entry, bytes(60))
    packed = bytearray(stream.getvalue())
    for start, mark in ((6, b"PK\x03\x04"), (8, b"PK\x01\x02")):
        at = packed.index(mark) + start
        packed[at : at + 4] = struct.pack("<2H", 1, 99)
    return bytes(packed)


def _truncated() -> bytes:
    return _zipped({f"{number}.txt": bytes([65 + number]) * 1000 for number in range(9)})[:-40]


MADE_UP: Final[Mapping[str, Callable[[], bytes]]] = {
    "ratio.zip": _ratio_bomb,
    "ratio.txt.gz": _compressed_bomb,
    "depth.zip": _depth_bomb,
    "fan.zip": _fan_bomb,
    "names.zip": _escaping_names,
    "entries.zip": _many_entries,
    "overlapping.zip": _overlapping,
    "aes.zip": _aes,
    "truncated.zip": _truncated,
}
