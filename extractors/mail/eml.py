"""Reads mail (RFC 5322): who wrote what to whom, the body in its best form, files as documents of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message
from typing import Final

from extractors.attachments import attach
from extractors.html.document import has_data_table, page_body, write_body
from extractors.images import image_of
from extractors.mail.eml_text import paragraphs
from extractors.mail.mime import (
    children,
    content,
    field,
    file_name,
    leaves,
    parameter,
    parse,
    seconds,
    text,
)
from extractors.writer import DocumentWriter
from knowledge.types import Document, ReadOptions

_SHOWN: Final = ("From", "To", "Cc", "Date")
_PLAIN_SHARE: Final = 0.5
"""A plain version with less than this of the other's text is a notice that there is another."""
_SIGNATURES: Final = frozenset(
    ("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature")
)
_OPAQUE: Final = {
    "application/pkcs7-mime": "is signed or encrypted (S/MIME)",
    "application/x-pkcs7-mime": "is signed or encrypted (S/MIME)",
    "application/pgp-encrypted": "is encrypted (PGP)",
    "application/ms-tnef": "is in Outlook's own format (TNEF)",
    "application/vnd.ms-tnef": "is in Outlook's own format (TNEF)",
}
_PGP = re.compile(r"-----BEGIN PGP MESSAGE-----.*?(?:-----END PGP MESSAGE-----|\Z)", re.DOTALL)
_SUFFIXES: Final = {
    "text/plain": ".txt", "text/html": ".html", "text/csv": ".csv", "text/calendar": ".ics", "text/rtf": ".rtf",
    "application/pdf": ".pdf", "application/json": ".json", "message/rfc822": ".eml",
}  # fmt: skip
_SMALLEST_IMAGE: Final = 100


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """Subject as heading, sender, recipients and date, the body, the pictures; files inside as attachments."""
    writer = DocumentWriter(name)
    message = parse(data, name)
    _write_head(message, writer)
    _Body(writer, options).write(message)
    return writer.finish()


def _write_head(message: Message, writer: DocumentWriter) -> None:
    subject = field(message, "Subject")
    writer.add("heading", subject, level=1)
    lines = ((name, field(message, name)) for name in _SHOWN)
    writer.add("paragraph", "\n".join(f"{name}: {value}" for name, value in lines if value))
    writer.describe(
        {
            "subject": subject,
            "author": field(message, "From"),
            "to": field(message, "To"),
            "cc": field(message, "Cc"),
            "created": seconds(field(message, "Date")),
        }
    )


class _Body:
    """Writes the parts of one message: text where it stands, then pictures and files."""

    def __init__(self, writer: DocumentWriter, options: ReadOptions) -> None:
        self._writer = writer
        self._options = options
        self._pictures: dict[str, bytes] = {}
        """By the addresses that the message's pages show them by."""
        self._shown: set[bytes] = set()

    def write(self, message: Message) -> None:
        for part in leaves(message):
            if part.get_content_maintype() == "image" and (content_id := field(part, "Content-ID")):
                self._pictures[f"cid:{content_id.strip('<>')}"] = content(part)
        files = [part for part in self._chosen(message) if not self._is_written(part)]
        for number, part in enumerate(files, start=1):
            self._write_file(part, number)

    def _chosen(self, message: Message) -> Iterator[Message]:
        """The parts to read, in order: of several versions of the same the best."""
        waiting = [message]
        while waiting:
            part = waiting.pop()
            kind = part.get_content_type()
            if kind == "multipart/alternative":
                waiting.extend(reversed(self._best(children(part))))
            elif kind == "multipart/encrypted":
                self._writer.warn("the body is encrypted (PGP) and was left out")
            elif part.is_multipart() and not kind.startswith("message/"):
                waiting.extend(reversed(children(part)))
            else:
                yield part

    def _best(self, versions: list[Message]) -> list[Message]:
        """The plain version, unless the other says more or has tables, which plain text cannot show."""
        plain = next((part for part in versions if part.get_content_type() == "text/plain"), None)
        rich = next((part for part in _inside(versions) if part.get_content_type() == "text/html"), None)
        others = [part for part in versions if not _holds(part, plain) and not _holds(part, rich)]
        if plain is None or rich is None:
            return versions
        body = page_body(text(rich, DocumentWriter("")))
        says_less = len(text(plain, DocumentWriter("")).strip()) < _PLAIN_SHARE * body.characters
        chosen = rich if says_less or has_data_table(body) else plain
        return [*(part for part in versions if _holds(part, chosen)), *others]

    def _is_written(self, part: Message) -> bool:
        """Writes a part that belongs to what is read; False for a file."""
        is_file = part.get_content_disposition() == "attachment" or bool(file_name(part))
        if is_file or part.get_content_type() not in ("text/plain", "text/html"):
            return False
        self._write_text(part)
        return True

    def _write_text(self, part: Message) -> None:
        written = text(part, self._writer)
        if part.get_content_type() == "text/html":
            shown = write_body(self._writer, page_body(written), self._options, self._pictures)
            self._shown.update(self._pictures[address] for address in shown)
            return
        written, encrypted = _PGP.subn("", written)
        if encrypted:
            self._writer.warn("a part of the text is encrypted (PGP) and was left out")
        is_flowed = parameter(part, "format").lower() == "flowed"
        for paragraph in paragraphs(
            written, is_flowed=is_flowed, deletes_space=parameter(part, "delsp") == "yes"
        ):
            self._writer.add("paragraph", paragraph)

    def _write_file(self, part: Message, number: int) -> None:
        kind = part.get_content_type()
        name = file_name(part)
        if kind in _SIGNATURES:
            return
        if kind in _OPAQUE:
            self._writer.warn(f"{name or 'a part'} {_OPAQUE[kind]} and was left out")
            return
        data = content(part)
        if kind.startswith("image/") and (data in self._shown or self._is_kept(data, name)):
            return
        if kind == "message/rfc822" and not name:
            name = field(children(part)[0], "Subject") if children(part) else ""
        name = name or f"attachment {number}"
        attach(self._writer, data, name if "." in name else name + _SUFFIXES.get(kind, ""), self._options)

    def _is_kept(self, data: bytes, name: str) -> bool:
        """Whether a picture was added below the text."""
        if image_of(data) is None:
            return False
        if self._options.images and len(data) >= _SMALLEST_IMAGE:
            self._writer.add("image", self._writer.image_link(data, name))
        return True


def _inside(parts: list[Message]) -> list[Message]:
    return [leaf for part in parts for leaf in leaves(part)]


def _holds(part: Message, wanted: Message | None) -> bool:
    return wanted is not None and any(leaf is wanted for leaf in leaves(part))
