"""Reads MIME messages (RFC 2045–2047): their header fields and parts, whatever is wrong with them."""

from __future__ import annotations

import binascii
import codecs
import re
from collections.abc import Iterator
from contextlib import suppress
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Final

from extractors.encodings.decoding import decode, wide_encoding
from extractors.times import iso_seconds
from extractors.writer import DocumentWriter
from knowledge.errors import ExtractionLimit

_ODD_HEADER: Final = (HeaderParseError, LookupError, ValueError, TypeError, AttributeError, binascii.Error)
"""What the standard library raises on header fields that it cannot read."""
_ASCII_CODECS: Final = frozenset(("hz", "utf-7", "iso2022_jp", "iso2022_kr", "iso2022_jp_2"))
"""Encodings whose text is ASCII to look at: only the declaration tells."""
_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f/\\]+")


def parse(data: bytes, name: str) -> Message:
    """The message in `data`; text saved as UTF-16 is read too. Raises `ExtractionLimit` when parts nest too deep."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or wide_encoding(data):
        data = decode(data).text.encode()
    try:
        return message_from_bytes(data.removeprefix(codecs.BOM_UTF8).lstrip())
    except RecursionError as error:
        raise ExtractionLimit(f"{name or 'the message'} has parts nested too deep to be read") from error


def field(message: Message, name: str) -> str:
    """A header field, decoded, on one line; several of one name with commas between; "" when it is not there."""
    written = (value for key, value in message.raw_items() if key.lower() == name.lower())
    return ", ".join(filter(None, (" ".join(_decoded(value).split()) for value in written)))


def seconds(date: str) -> float | None:
    """A date field as epoch seconds, UTC; None when it is not one."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return iso_seconds(date)


def leaves(message: Message) -> Iterator[Message]:
    """The parts that hold something, in order; messages inside are not entered."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        if part.is_multipart() and part.get_content_maintype() != "message":
            waiting.extend(reversed(children(part)))
        else:
            yield part


def children(part: Message) -> list[Message]:
    found = part.get_payload()
    return [child for child in found if isinstance(child, Message)] if isinstance(found, list) else []


def content(part: Message) -> bytes:
    """What a part carries, its transfer encoding undone; a message inside as it was sent."""
    if part.is_multipart():
        inside = b"\n\n".join(child.as_bytes() for child in children(part))
        return _from_base64(inside) if _is_base64(part) else inside
    try:
        found = part.get_payload(decode=True)
    except (ValueError, LookupError, binascii.Error):
        found = None
    return found if isinstance(found, bytes) else b""


def _is_base64(part: Message) -> bool:
    return str(part.get("Content-Transfer-Encoding", "")).strip().lower() == "base64"


def _from_base64(data: bytes) -> bytes:
    """Messages inside must not be encoded (RFC 2046); some programs do it."""
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        return data


def charset(part: Message) -> str | None:
    return parameter(part, "charset") or None


def text(part: Message, writer: DocumentWriter) -> str:
    """The characters of a part; doubts about their encoding become warnings."""
    data, declared = content(part), charset(part)
    try:
        if declared and codecs.lookup(declared).name in _ASCII_CODECS:
            return data.decode(declared)
    except (LookupError, ValueError):
        pass
    decoded = decode(data, declared)
    writer.warnings.extend(decoded.warnings)
    return decoded.text


def parameter(part: Message, name: str, header: str = "content-type") -> str:
    """A parameter of a header field, such as `charset`; "" when it is not there or cannot be read."""
    try:
        found = part.get_param(name, "", header)
        value = "".join(found[2]) if isinstance(found, tuple) else str(found)
    except _ODD_HEADER:
        return ""
    return value.split(";")[0].strip().strip("\"'")


def file_name(part: Message) -> str:
    """The name that a part's file should have, without folders; "" when it has none."""
    try:
        found = part.get_filename() or ""
    except _ODD_HEADER:
        found = ""
    name = " ".join(_NOT_IN_NAMES.sub(" ", _decoded(found)).split())
    return name or parameter(part, "name")


def _decoded(written: object) -> str:
    """Encoded words as text (RFC 2047). Of bytes above ASCII, which should not be there, the encoding is guessed."""
    value = str(written)
    pieces: list[tuple[bytes | str, str | None]] = [(value, None)]
    with suppress(*_ODD_HEADER):
        pieces = decode_header(value) if "=?" in value else pieces
    return "".join(_piece(piece, declared) for piece, declared in _joined(pieces))


def _joined(pieces: list[tuple[bytes | str, str | None]]) -> list[tuple[bytes | str, str | None]]:
    """Neighbours of one encoding as one: senders cut characters of several bytes in two."""
    joined: list[tuple[bytes | str, str | None]] = []
    for piece, declared in pieces:
        before, same = joined[-1] if joined else ("", None)
        if isinstance(piece, bytes) and isinstance(before, bytes) and declared == same:
            joined[-1] = (before + piece, declared)
        else:
            joined.append((piece, declared))
    return joined


def _piece(piece: bytes | str, declared: str | None) -> str:
    data = piece.encode("utf-8", "surrogateescape") if isinstance(piece, str) else piece
    return decode(data, declared).text
