"""The files in a ZIP or tar archive, or a mailbox, one after the other, each unpacked when it is asked for."""

from __future__ import annotations

import io
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from extractors.archives import aes
from extractors.archives.limits import BOUNDED_METHODS, check_entries, shared_budget
from extractors.cleaning import clean
from extractors.encodings.decoding import decode
from extractors.recognition.recognize import encrypted
from knowledge.errors import Encrypted, ExtractionError, ExtractionLimit

DAMAGE: Final = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    LookupError,
    ValueError,
    EOFError,
    OSError,
    NotImplementedError,
    OverflowError,
)
"""What the standard library raises for damaged archives."""
_MESSAGE_START = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\n]*\d\d:\d\d[^\n]*\n")
_MARKED_LINE = re.compile(rb"^>(>*From )", re.MULTILINE)
_LEFT_BEHIND: Final = frozenset((".ds_store", "thumbs.db", "desktop.ini"))
_ENCRYPTED_FLAG: Final = 0x1
_UTF8_FLAG: Final = 0x800
_OLD_NAMES: Final = frozenset(
    ("utf-8", "gb18030", "cp950", "big5hkscs", "cp932", "euc_jp", "cp949", "cp866", "cp1251")
)
"""Encodings that names without the mark of UTF-8 have been seen in; others are read as the format says, CP437."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A file in an archive."""

    name: str
    """Its path, cleaned: a name, nowhere used to open anything."""
    read: Callable[[], bytes]
    """Its bytes. Raises `Encrypted`, `ExtractionLimit` or, when it is damaged, `ExtractionError`."""


def zip_members(data: bytes, name: str, password: str | None) -> Iterator[Member]:
    """Raises `ExtractionLimit` for too many, and when they overlap (D. Fifield, A better zip bomb, WOOT 2019)."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        if sum(entry.compress_size for entry in entries) > len(data):
            raise ExtractionLimit(
                f"{name} is refused: several of its files are made of the same bytes, as in a bomb"
            )
        check_entries(sum(not is_left_behind(entry.filename) for entry in entries), name)
        encoding = _encoding_of_names(entries)
        for entry in entries:
            path = member_name(_decoded_name(entry, encoding))
            yield Member(name=path, read=partial(_read_zip, archive, data, entry, path, password))


def tar_members(data: bytes) -> Iterator[Member]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        for entry in archive:
            if not entry.isdir():
                name = member_name(entry.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
                yield Member(name=name, read=partial(_read_tar, archive, entry, name, len(data)))


def mbox_members(data: bytes) -> Iterator[Member]:
    """The messages of a mailbox (RFC 4155), numbered from 1."""
    starts = list(_MESSAGE_START.finditer(data))
    ends = [*(found.start() for found in starts[1:]), len(data)]
    for number, (found, end) in enumerate(zip(starts, ends, strict=True), 1):
        yield Member(name=f"{number}.eml", read=partial(_read_message, data, found.end(), end))


def member_name(path: str) -> str:
    """A path in an archive as a name: no drive, no root, no way up, no control characters."""
    parts = clean(path).replace("\n", " ").replace("\\", "/").split("/")
    kept = [part.strip() for part in parts if part.strip() not in ("", ".", "..")]
    if kept and len(kept[0]) == 2 and kept[0][1] == ":":
        del kept[0]
    return "/".join(kept) or "unnamed"


def is_left_behind(path: str) -> bool:
    """Whether systems leave such a file in folders: nobody put it into the archive on purpose."""
    *folders, file = path.split("/")
    return "__MACOSX" in folders or file.startswith("._") or file.lower() in _LEFT_BEHIND


def _read_zip(
    archive: zipfile.ZipFile, data: bytes, entry: zipfile.ZipInfo, name: str, password: str | None
) -> bytes:
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise ExtractionError(f"{name} is a link")
    is_encrypted = bool(entry.flag_bits & _ENCRYPTED_FLAG)
    is_aes = is_encrypted and entry.compress_type == aes.METHOD
    if not is_aes and entry.compress_type not in BOUNDED_METHODS:
        raise ExtractionError(f"{name} is compressed by method {entry.compress_type}; unpack the archive")
    if is_encrypted and password is None:
        raise encrypted(name)
    try:
        with shared_budget() as budget:
            if is_aes:
                stream = aes.opened(data, entry, name, password)
            else:
                stream = archive.open(entry, pwd=password.encode() if password and is_encrypted else None)
            return budget.unpack(stream, name, min(entry.compress_size, len(data)))
    except DAMAGE as error:
        if is_encrypted:
            raise Encrypted(f"{name} cannot be decrypted with this password, or is damaged") from error
        raise ExtractionError(f"{name} is damaged: {error}") from error
    except RuntimeError as error:
        raise Encrypted(f"{name} cannot be decrypted with this password") from error


def _read_tar(archive: tarfile.TarFile, entry: tarfile.TarInfo, name: str, packed_bytes: int) -> bytes:
    if not entry.isreg():
        raise ExtractionError(f"{name} is a link or a device")
    try:
        stream = archive.extractfile(entry)
        if stream is None:
            raise ExtractionError(f"{name} is no file")
        with shared_budget() as budget, stream:
            return budget.unpack(stream, name, min(entry.size, packed_bytes))
    except DAMAGE as error:
        raise ExtractionError(f"{name} is damaged: {error}") from error


def _read_message(data: bytes, start: int, end: int) -> bytes:
    """In a mailbox a > marks the lines of a message that look like the start of another."""
    return _MARKED_LINE.sub(rb"\1", data[start:end])


def _encoding_of_names(entries: list[zipfile.ZipInfo]) -> str:
    """The encoding of the names that are not marked as UTF-8, told from all of them together."""
    names = b"\n".join(
        entry.filename.encode("cp437", "replace") for entry in entries if not _is_marked(entry)
    )
    found = decode(names).encoding
    return found if found in _OLD_NAMES else "cp437"


def _decoded_name(entry: zipfile.ZipInfo, encoding: str) -> str:
    if _is_marked(entry) or encoding == "cp437":
        return entry.filename
    return entry.filename.encode("cp437", "replace").decode(encoding, "replace")


def _is_marked(entry: zipfile.ZipInfo) -> bool:
    return bool(entry.flag_bits & _UTF8_FLAG)
