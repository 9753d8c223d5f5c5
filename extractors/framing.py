"""The language between a worker and its client: length-prefixed JSON frames that carry requests and replies."""

from __future__ import annotations

import json
import struct
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import IO, Any, Final

from knowledge import errors
from knowledge.errors import ExtractionError, InputError, KnowledgeError
from knowledge.types import Block, Document, Image, Locator

_LENGTH: Final = struct.Struct(">Q")
_BLOCK_FIELDS: Final = ("kind", "start", "end", "level")
_LOCATOR_FIELDS: Final = ("page", "page_end", "sheet", "row", "row_end", "slide", "line", "part")
_block_row = attrgetter(*_BLOCK_FIELDS, *(f"locator.{name}" for name in _LOCATOR_FIELDS))
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


def write_frame(stream: IO[bytes], payload: bytes) -> None:
    stream.write(_LENGTH.pack(len(payload)))
    stream.write(payload)
    stream.flush()


def read_frame(stream: IO[bytes], largest: int) -> bytes:
    """The next frame; EOFError when the other side has gone, `OversizeFrame` when it sends over `largest` bytes."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError("the stream has ended")
    (length,) = _LENGTH.unpack(head)
    if length > largest:
        raise OversizeFrame(f"a frame of {length} bytes; allowed are {largest}")
    payload = stream.read(length)
    if len(payload) < length:
        raise EOFError("the stream has ended inside a frame")
    return payload


def document_frame(document: Document, memory_mb: float) -> bytes:
    return _dumps({"document": _from_document(document), "memory_mb": memory_mb})


def error_frame(error: KnowledgeError, memory_mb: float) -> bytes:
    kind = type(error).__name__
    message = {"type": kind if kind in _ERRORS else "ExtractionError", "message": str(error)}
    return _dumps({"error": message, "memory_mb": memory_mb})


def reply_of(payload: bytes) -> tuple[Document | KnowledgeError, float]:
    """What a worker answered and how many MiB it holds. The frame is not trusted."""
    try:
        reply = json.loads(payload)
        memory_mb = float(reply["memory_mb"])
        if "error" in reply:
            return _ERRORS[reply["error"]["type"]](str(reply["error"]["message"])), memory_mb
        return _to_document(reply["document"]), memory_mb
    except (ValueError, LookupError, TypeError, AttributeError, InputError) as error:
        return ExtractionError(f"the worker's answer makes no sense ({type(error).__name__})"), float("inf")


def _dumps(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _from_document(document: Document) -> dict[str, Any]:
    return {
        "text": document.text,
        "name": document.name,
        "blocks": [_column(values) for values in zip(*map(_block_row, document.blocks), strict=True)],
        "metadata": dict(document.metadata),
        "warnings": document.warnings,
        "attachments": [_from_document(attachment) for attachment in document.attachments],
        "images": {image.name: b64encode(image.data).decode() for image in document.images},
    }


def _column(values: Sequence[Any]) -> Sequence[Any] | None:
    """One field of all blocks: most are never set, and sent as nothing."""
    return None if values.count(None) == len(values) else values


def _to_document(fields: Mapping[str, Any]) -> Document:
    return Document(
        text=fields["text"],
        name=fields["name"],
        blocks=tuple(_blocks(fields["blocks"])),
        metadata={
            name: tuple(value) if isinstance(value, list) else value
            for name, value in fields["metadata"].items()
        },
        warnings=tuple(fields["warnings"]),
        attachments=tuple(map(_to_document, fields["attachments"])),
        images=tuple(Image(name=name, data=b64decode(data)) for name, data in fields["images"].items()),
    )


def _blocks(columns: Sequence[Any]) -> Iterator[Block]:
    if not columns:
        return
    count = len(columns[0])
    kinds, starts, ends, levels, *places = columns
    known: dict[tuple[Any, ...], Locator] = {}
    names = [name for name, values in zip(_LOCATOR_FIELDS, places, strict=True) if values is not None]
    rows = zip(*(values for values in places if values is not None), strict=True) if names else [()] * count
    blocks = zip(kinds, starts, ends, levels or [None] * count, rows, strict=True)
    for kind, start, end, level, row in blocks:
        locator = known.get(row)
        if locator is None:
            locator = known[row] = Locator(**dict(zip(names, row, strict=True)))
        yield Block(kind=kind, start=start, end=end, level=level, locator=locator)
