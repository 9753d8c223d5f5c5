"""Reads the source of VBA macros ([MS-OVBA]) in Office files."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from extractors.ole.code_pages import encoding_of
from extractors.ole.compound import CompoundFile
from extractors.writer import DocumentWriter
from knowledge.errors import ExtractionError, ExtractionLimit
from knowledge.types import Locator

_DIRECTORY: Final = "VBA/dir"
_CODE_PAGE, _VERSION, _STREAM, _OFFSET = 0x03, 0x09, 0x1A, 0x31
_RECORD: Final = struct.Struct("<HI")
_VERSION_SIZE: Final = 6
"""Of the one record whose size field says something else (2.3.4.2.1.11)."""
_CHUNK: Final = 4096
_MOST_BYTES: Final = 4 << 20
"""Of a document's macros, unpacked: a few bytes may stand for a whole chunk."""
_MOST_READ_BYTES: Final = 32 << 20
"""Of the streams: a hostile file names the same bytes many times."""
_TOO_MUCH: Final = f"only the first {_MOST_BYTES >> 20} MiB of macros are read"
_DAMAGE: Final = (ExtractionError, LookupError, ValueError)
_ATTRIBUTES = re.compile(r"^Attribute (?:\w+\.)?VB_.*(?:\n|\Z)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Module:
    name: str
    offset: int
    """Where in its stream the source begins."""
    encoding: str


def write_macros(writer: DocumentWriter, containers: Iterable[CompoundFile]) -> None:
    """Adds the source of every module that has one as code. What is damaged or too much is one warning."""
    reader = _Reader()
    for container in containers:
        for path in container.paths:
            if path.endswith(_DIRECTORY):
                for name, source in reader.sources(container, path.removesuffix("dir")):
                    write_macro(writer, name, source)
    if reader.unread:
        what = "part of the macro project" if reader.has_read else "the macro project"
        writer.warn_of_unread(what, reader.unread)


@dataclass(slots=True)
class _Reader:
    """Reads modules as long as those of a document stay within its bounds."""

    has_read: bool = False
    unread: ExtractionError | None = None
    """The first thing that was wrong."""
    _left: int = _MOST_BYTES
    _left_to_read: int = _MOST_READ_BYTES

    def sources(self, container: CompoundFile, folder: str) -> Iterator[tuple[str, str]]:
        """Name and source of the modules, each stream read once."""
        seen: set[str] = set()
        try:
            for module in _modules(self._unpacked(container, f"{folder}dir")):
                if module.name not in seen:
                    seen.add(module.name)
                    yield from self._source(container, folder, module)
        except _DAMAGE as error:
            self._note(error)

    def _source(self, container: CompoundFile, folder: str, module: _Module) -> Iterator[tuple[str, str]]:
        """The lines as their editor shows them: those that describe the module itself are hidden there."""
        try:
            data = self._unpacked(container, f"{folder}{module.name}", module.offset)
        except ExtractionLimit:
            raise
        except _DAMAGE as error:
            self._note(error)
            return
        text = data.decode(module.encoding, "replace").replace("\r\n", "\n")
        self.has_read = True
        yield module.name, _ATTRIBUTES.sub("", text)

    def _unpacked(self, container: CompoundFile, path: str, offset: int = 0) -> bytes:
        if min(self._left, self._left_to_read) <= 0:
            raise ExtractionLimit(_TOO_MUCH)
        try:
            data = container.read(path)
        except KeyError as error:
            raise ExtractionError(f"{path.rpartition('/')[2]} is missing") from error
        self._left_to_read -= len(data)
        found = unpacked(data[offset:], self._left)
        self._left -= len(found)
        if not self._left:
            self._note(ExtractionLimit(_TOO_MUCH))
        return found

    def _note(self, error: Exception) -> None:
        self.unread = self.unread or ExtractionError(str(error))


def write_macro(writer: DocumentWriter, name: str, source: str) -> None:
    writer.add("code", source, locator=Locator(part=f"macros/{name}"))


def unpacked(data: bytes, most_bytes: int = _MOST_BYTES) -> bytes:
    """Undoes the compression of 2.4.1: chunks of literals and copies of what came before. Ends at `most_bytes`."""
    if data[:1] != b"\x01":
        raise ExtractionError("its compression is unknown")
    out = bytearray()
    position = 1
    while position + 2 <= len(data) and len(out) < most_bytes:
        header = int.from_bytes(data[position : position + 2], "little")
        end = position + (header & 0xFFF) + 3
        chunk = data[position + 2 : end]
        out += _unpacked_chunk(chunk) if header & 0x8000 else chunk
        position = end
    return bytes(out[:most_bytes])


def _unpacked_chunk(chunk: bytes) -> bytearray:
    out = bytearray()
    position = 0
    while position < len(chunk) and len(out) < _CHUNK:
        flags = chunk[position]
        position += 1
        for bit in range(8):
            if flags >> bit & 1:
                _copy(out, int.from_bytes(chunk[position : position + 2], "little"))
                position += 2
            else:
                out += chunk[position : position + 1]
                position += 1
    return out


def _copy(out: bytearray, token: int) -> None:
    """Repeats what stands some way back; the further a chunk is, the more bits say how far."""
    distance_bits = max(4, (len(out) - 1).bit_length())
    length = (token & 0xFFFF >> distance_bits) + 3
    distance = (token >> 16 - distance_bits) + 1
    if distance <= len(out):
        repeated = out[len(out) - distance :]
        out += (repeated * (length // distance + 1))[:length]


def _modules(directory: bytes) -> Iterator[_Module]:
    encoding, name = "cp1252", ""
    position = 0
    while position + _RECORD.size <= len(directory):
        kind, size = _RECORD.unpack_from(directory, position)
        position += _RECORD.size
        content = directory[position : position + size]
        if kind == _CODE_PAGE:
            encoding = encoding_of(int.from_bytes(content[:2], "little"))
        elif kind == _STREAM:
            name = content.decode(encoding, "replace")
        elif kind == _OFFSET:
            yield _Module(name, int.from_bytes(content, "little"), encoding)
        position += _VERSION_SIZE if kind == _VERSION else size
