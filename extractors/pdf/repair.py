"""Repairs damaged PDF files: written anew by a more patient reader, or given the trailer that they lost."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from knowledge.errors import Encrypted, ExtractionError

_OBJECT = re.compile(rb"\b(\d{1,9})[ \r\n]{1,2}(\d{1,5})[ \r\n]{1,2}obj\b")
_CATALOG = re.compile(rb"/Type\s*/Catalog\b")
_PAGES = re.compile(rb"/Pages\s+(\d{1,9})\s+\d{1,5}\s+R\b")
_PAGE = re.compile(rb"/Type\s*/Page\b")
_ENCRYPTION = re.compile(
    rb"/Encrypt(?:Metadata\b|\s*<<|\s+\d{1,9}\s+\d{1,5}\s+R\b)|/Filter\s*/Standard\b|/StdCF\b"
)
_STREAM = re.compile(rb"\bstream[\r\n]")
_LENGTH = re.compile(rb"/Length\s+(\d{1,9})\b(?!\s+\d{1,5}\s+R\b)")
_STREAM_END: Final = b"endstream"
_LAST_END: Final = b"endobj"


@dataclass(frozen=True, slots=True)
class _Object:
    generation: int
    place: int
    """The later one is what an editor wrote last."""
    content: bytes


Objects = Mapping[int, _Object]
"""Number → object, of each the last; in the order of the first."""


def rewritten(data: bytes, name: str, password: str | None) -> bytes:
    """The file as pypdf understands it. Raises `Encrypted` for a wrong password, else `ExtractionError`."""
    import pypdf
    from pypdf.errors import DependencyError, PyPdfError

    try:
        reader = pypdf.PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(password or ""):
            raise encrypted(name, password)
        repaired = io.BytesIO()
        pypdf.PdfWriter(clone_from=reader).write(repaired)
        return repaired.getvalue()
    except (
        DependencyError,
        PyPdfError,
        ArithmeticError,
        AttributeError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        raise irreparable(name, error) from error


def with_new_trailer(data: bytes, name: str) -> bytes:
    """The whole objects of a file that was cut off, with a trailer that names its root, made up if need be.

    Raises `ExtractionError` when it holds no page, `Encrypted` when it was: the key was in the trailer.
    """
    body = data[: data.rfind(_LAST_END) + len(_LAST_END)]
    outside = _without_streams(data)
    if _ENCRYPTION.search(outside):
        raise Encrypted(f"{name} is encrypted and damaged, so that no password opens it; get a whole copy")
    objects = _objects(outside[: outside.rfind(_LAST_END) + len(_LAST_END)])
    roots = (number for number in objects if _is_root(objects, number))
    root = max(roots, key=lambda number: objects[number].place, default=None)
    kids = _kids(objects) if root is None else []
    if root is None and not kids:
        raise irreparable(name, "no page is whole")
    if root is None:
        root = max(objects) + 1
        body += _catalog(root, kids)
    generation = objects[root].generation if root in objects else 0
    return body + b"\ntrailer\n<</Root %d %d R>>\nstartxref\n0\n%%%%EOF" % (root, generation)


def _catalog(number: int, kids: Sequence[bytes]) -> bytes:
    """A root of that number, and the list of pages after it."""
    pages = b"<</Type /Pages /Count %d /Kids [%s]>>" % (len(kids), b" ".join(kids))
    root = b"<</Type /Catalog /Pages %d 0 R>>" % (number + 1)
    return b"\n%d 0 obj\n%s\nendobj\n%d 0 obj\n%s\nendobj" % (number, root, number + 1, pages)


def _without_streams(data: bytes) -> bytes:
    """What is not in a stream, which may hold text about PDF, or another file."""
    pieces = []
    done = 0
    while found := _STREAM.search(data, done):
        pieces.append(data[done : found.end()])
        lengths = _LENGTH.findall(pieces[-1], pieces[-1].rfind(b"obj") + 1)
        end = found.end() + int(lengths[-1]) if lengths else found.end()
        is_told = data[end : end + len(_STREAM_END) + 2].lstrip().startswith(_STREAM_END)
        done = data.find(_STREAM_END, end if is_told else found.end())
        if done < 0:
            return b"".join(pieces)
    return b"".join((*pieces, data[done:]))


def _objects(body: bytes) -> Objects:
    found = list(_OBJECT.finditer(body))
    ends = [*(after.start() for after in found[1:]), len(body)]
    return {
        int(start[1]): _Object(int(start[2]), start.start(), body[start.end() : end])
        for start, end in zip(found, ends, strict=False)
    }


def _is_root(objects: Objects, number: int) -> bool:
    """Whether it is the catalog of pages that are there."""
    content = objects[number].content
    pages = _PAGES.search(content) if _CATALOG.search(content) else None
    return pages is not None and int(pages[1]) in objects


def _kids(objects: Objects) -> list[bytes]:
    """References to the pages in the order of the file."""
    return [
        b"%d %d R" % (number, found.generation)
        for number, found in objects.items()
        if _PAGE.search(found.content)
    ]


def encrypted(name: str, password: str | None) -> Encrypted:
    if password:
        return Encrypted(f"{name} is encrypted and the password given (--password) does not open it")
    return Encrypted(
        f"{name} is encrypted; give its password (--password) or remove the password and try again"
    )


def irreparable(name: str, why: object) -> ExtractionError:
    return ExtractionError(f"{name} is damaged and cannot be opened as a PDF ({' '.join(str(why).split())})")
