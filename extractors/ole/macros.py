"""Reads the source of VBA macros ([MS-OVBA]) in Office files."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from extractors.ole.code_pages import encoding_of
from extractors.ole.compound import CompoundFile
from extractors.writer import DocumentWriter
from knowledge.errors import ExtractionError
from knowledge.types import Locator

_DIRECTORY: Final = "VBA/dir"
_CODE_PAGE, _VERSION, _STREAM, _OFFSET = 0x03, 0x09, 0x1A, 0x31
_RECORD: Final = struct.Struct("<HI")
_VERSION_SIZE: Final = 6
"""Of the one record whose size field says something else (2.3.4.2.1.11)."""
_CHUNK: Final = 4096
_MOST_BYTES: Final = 16 << 20
"""Of one stream, unpacked: a few bytes may stand for a whole chunk."""
_ATTRIBUTES = re.compile(r"^Attribute (?:\w+\.)?VB_.*(?:\n|\Z)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Module:
    name: str
    offset: int
    """Where in its stream the source begins."""
    encoding: str


def write_macros(writer: DocumentWriter, container: CompoundFile) -> None:
    """Adds the source of every module that has one as code. What is damaged is a warning."""
    for path in container.paths:
        if path.endswith(_DIRECTORY):
            folder = path.removesuffix("dir")
            try:
                for module in _modules(unpacked(container.read(path))):
                    write_macro(writer, module.name, _source(container, folder, module))
            except ExtractionError as error:
                writer.warn_of_unread("the macro project", error)


def write_macro(writer: DocumentWriter, name: str, source: str) -> None:
    writer.add("code", source, locator=Locator(part=f"macros/{name}"))


def unpacked(data: bytes) -> bytes:
    """Undoes the compression of 2.4.1: chunks of literals and copies of what came before."""
    if data[:1] != b"\x01":
        raise ExtractionError("its compression is unknown")
    out = bytearray()
    position = 1
    while position + 2 <= len(data) and len(out) < _MOST_BYTES:
        header = int.from_bytes(data[position : position + 2], "little")
        end = position + (header & 0xFFF) + 3
        chunk = data[position + 2 : end]
        out += _unpacked_chunk(chunk) if header & 0x8000 else chunk
        position = end
    return bytes(out)


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
            encoding = encoding_of(int.from_bytes(content, "little"))
        elif kind == _STREAM:
            name = content.decode(encoding, "replace")
        elif kind == _OFFSET:
            yield _Module(name, int.from_bytes(content, "little"), encoding)
        position += _VERSION_SIZE if kind == _VERSION else size


def _source(container: CompoundFile, folder: str, module: _Module) -> str:
    """The lines as their editor shows them: those that describe the module itself are hidden there."""
    path = f"{folder}{module.name}"
    if path not in container.paths:
        raise ExtractionError(f"{module.name} is missing")
    text = unpacked(container.read(path)[module.offset :]).decode(module.encoding, "replace")
    return _ATTRIBUTES.sub("", text.replace("\r\n", "\n"))
