"""The language between a worker and its client: frames of a head in JSON and parts of plain bytes, never pickles.

A pickle or marshalled code from a worker that a hostile file has taken over would take over its client too.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import IO, Any, Final

from extractors.columns import from_blocks, to_blocks
from knowledge import errors
from knowledge.errors import ExtractionError, InputError, KnowledgeError
from knowledge.types import Document, Image, ReadOptions, Scalar, Value

_COUNT: Final = struct.Struct(">I")
_SIZE_BYTES: Final = 8
_MOST_PARTS: Final = 1 << 20
"""Ten times what a document with all the files and pictures that it may hold has."""
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_BYTES: Final = b"bytes"
_PATH: Final = b"path"
_ESCAPED: Final = b"\\u"
_LEAST_INTEGER: Final = -(1 << 63)
_MOST_INTEGER: Final = (1 << 63) - 1
_DEEPEST: Final = 16
"""Of files inside files; more than are ever read."""
_ANY: Final = "surrogatepass"
"""Paths may hold what no text can."""
_ERRORS: Final[Mapping[str, type[KnowledgeError]]] = {
    name: getattr(errors, name)
    for name in (
        "ExtractionError",
        "UnsupportedFormat",
        "EmptyDocument",
        "Encrypted",
        "ExtractionLimit",
        "NotFound",
    )
}


class OversizeFrame(EOFError):
    """The other side sends more than this one takes; the stream can be read no further."""


def write_frame(stream: IO[bytes], parts: Sequence[bytes]) -> None:
    """How many parts there are, their sizes, and the parts."""
    sizes = list(map(len, parts))
    stream.write(struct.pack(f">I{len(sizes)}Q", len(sizes), *sizes))
    for part in parts:
        stream.write(part)
    stream.flush()


def read_frame(stream: IO[bytes], largest: int) -> list[bytes]:
    """The next frame; EOFError when the other side has gone, `OversizeFrame` when it sends over `largest` bytes."""
    (count,) = _COUNT.unpack(_exactly(stream, _COUNT.size))
    if count > _MOST_PARTS:
        raise OversizeFrame(f"a frame of {count} parts; allowed are {_MOST_PARTS}")
    sizes = struct.unpack(f">{count}Q", _exactly(stream, count * _SIZE_BYTES))
    if sum(sizes) > largest:
        raise OversizeFrame(f"a frame of {sum(sizes)} bytes; allowed are {largest}")
    return [_exactly(stream, size) for size in sizes]


def request_parts(name: str, source: str | bytes, options: ReadOptions) -> list[bytes]:
    """`source` is an absolute path or the bytes."""
    start = [name.encode("utf-8", _ANY), _from_options(options)]
    if isinstance(source, bytes):
        return [*start, _BYTES, source]
    return [*start, _PATH, source.encode("utf-8", _ANY)]


def request_of(parts: Sequence[bytes]) -> tuple[str, str | bytes, ReadOptions]:
    """The name, the source and the options."""
    name, options, kind, source = parts
    return (
        name.decode("utf-8", _ANY),
        source if kind == _BYTES else source.decode("utf-8", _ANY),
        _to_options(options),
    )


def document_parts(document: Document, memory_mb: float) -> list[bytes]:
    behind: list[bytes] = []
    head = {"document": _from_document(document, behind), "memory_mb": memory_mb}
    return [_dumps(head), *behind]


def error_parts(error: KnowledgeError, memory_mb: float) -> list[bytes]:
    kind = type(error).__name__
    message = {"type": kind if kind in _ERRORS else "ExtractionError", "message": str(error)}
    return [_dumps({"error": message, "memory_mb": memory_mb})]


def reply_of(parts: Sequence[bytes]) -> tuple[Document | KnowledgeError, float]:
    """What a worker answered and how many MiB it holds. The frame is not trusted."""
    try:
        head, *behind = parts
        reply = json.loads(head.decode())
        if _ESCAPED in head:
            # Raises `UnicodeEncodeError` for half a character.
            _encode(reply).encode()
        memory_mb = float(reply["memory_mb"])
        if "error" in reply:
            return _ERRORS[reply["error"]["type"]](_string(reply["error"]["message"])), memory_mb
        return _to_document(reply["document"], iter(behind)), memory_mb
    except (
        ValueError,
        ArithmeticError,
        LookupError,
        TypeError,
        AttributeError,
        StopIteration,
        RecursionError,
        InputError,
    ) as error:
        return nonsense(error), float("inf")


def nonsense(error: Exception) -> ExtractionError:
    """What is said of an answer that no sound worker gives."""
    return ExtractionError(f"the worker's answer makes no sense ({type(error).__name__})")


@lru_cache(maxsize=4)
def _from_options(options: ReadOptions) -> bytes:
    """Most files are read with the same."""
    return json.dumps(asdict(options)).encode()


@lru_cache(maxsize=4)
def _to_options(written: bytes) -> ReadOptions:
    return ReadOptions(**json.loads(written))


def _exactly(stream: IO[bytes], size: int) -> bytes:
    read = stream.read(size)
    if len(read) < size:
        raise EOFError("the stream has ended inside a frame" if read else "the stream has ended")
    return read


def _dumps(value: object) -> bytes:
    return _encode(value).encode("utf-8", "replace")


def _from_document(document: Document, parts: list[bytes]) -> dict[str, Any]:
    blocks, integers = from_blocks(document.blocks)
    parts += (document.text.encode("utf-8", "replace"), integers, *(image.data for image in document.images))
    return {
        "name": document.name,
        "blocks": blocks,
        "images": [image.name for image in document.images],
        "metadata": dict(document.metadata),
        "warnings": document.warnings,
        "attachments": [_from_document(attachment, parts) for attachment in document.attachments],
    }


def _to_document(fields: Mapping[str, Any], parts: Iterator[bytes], depth: int = 0) -> Document:
    """The parts are taken in the order in which `_from_document` adds them."""
    if depth > _DEEPEST:
        raise ValueError("files inside files, too deep")
    text = next(parts).decode()
    return Document(
        text=text,
        blocks=to_blocks(fields["blocks"], next(parts), len(text)),
        images=tuple([Image(name=name, data=next(parts)) for name in fields["images"]]),
        name=_string(fields["name"]),
        metadata={name: _value(value) for name, value in fields["metadata"].items()},
        warnings=tuple(map(_string, fields["warnings"])),
        attachments=tuple(
            [_to_document(attachment, parts, depth + 1) for attachment in fields["attachments"]]
        ),
    )


def _value(value: Any) -> Value:
    return tuple(map(_scalar, value)) if isinstance(value, list) else _scalar(value)


def _scalar(value: Any) -> Scalar:
    if isinstance(value, (str, float)) or (
        isinstance(value, int) and _LEAST_INTEGER <= value <= _MOST_INTEGER
    ):
        return value
    raise ValueError("neither text nor a number that can be kept")


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise ValueError("a number or a list in place of text")
