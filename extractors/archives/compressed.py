"""Reads a file compressed by gzip, bzip2 or xz: it is the document itself, under its name without the suffix."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from dataclasses import replace
from pathlib import PurePath
from typing import IO, Final, cast

from extractors.archives.limits import shared_budget
from extractors.attachments import check_nesting
from extractors.reading import read_content
from knowledge.errors import EmptyDocument, ExtractionError
from knowledge.types import Document, ReadOptions

_DAMAGE: Final = (EOFError, OSError, lzma.LZMAError, zlib.error, ValueError)
_SUFFIXES: Final = {".tgz": ".tar", ".tbz2": ".tar", ".txz": ".tar", ".gz": "", ".bz2": "", ".xz": ""}
_GZIP: Final = b"\x1f\x8b"
_BZIP2: Final = b"BZh"
_STARTS: Final = (_GZIP, _BZIP2, b"\xfd7zXZ")


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """The document that was compressed. Raises `ExtractionError` as its own format does."""
    check_nesting(name, options)
    try:
        with shared_budget() as budget, _opened(data) as stream:
            content = budget.unpack(stream, name, len(data))
    except _DAMAGE as error:
        raise ExtractionError(f"{name or 'the data'} is a damaged archive: {error}") from error
    if not content:
        raise EmptyDocument(f"nothing to read in {name or 'the data'}: it unpacks to 0 bytes")
    return read_content(content, _inner_name(name, content), replace(options, nesting=options.nesting + 1))


def _opened(data: bytes) -> IO[bytes]:
    source = io.BytesIO(data)
    if data.startswith(_GZIP):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=source))
    if data.startswith(_BZIP2):
        return bz2.BZ2File(source)
    return lzma.LZMAFile(source)


def _inner_name(name: str, content: bytes) -> str:
    """The name without its suffix, unless that is the only one of a file that was compressed several times."""
    suffix = PurePath(name).suffix
    if suffix.lower() not in _SUFFIXES:
        return name
    inner = name.removesuffix(suffix) + _SUFFIXES[suffix.lower()]
    is_compressed = content.startswith(_STARTS)
    return name if is_compressed and PurePath(inner).suffix.lower() not in _SUFFIXES else inner
