"""Files as variables of a pipeline: what they are called, what kind they are, and their bytes when needed."""

from __future__ import annotations

import mimetypes
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, cast, get_args

from knowledge.configuration import setting
from knowledge.errors import EmptyDocument, InputError
from knowledge.types import Document, ReadOptions

if TYPE_CHECKING:
    from concurrent.futures import Future

    from extractors import Worker
    from knowledge.extraction import ExtractionPool

FileKind = Literal["document", "image", "audio", "video"]
TransferMethod = Literal["local_file", "remote_url"]

_OWN_KIND: Final = tuple(kind for kind in get_args(FileKind) if kind != "document")
_UNKNOWN_TYPE: Final = "application/octet-stream"
_MARKDOWN: Final = dict.fromkeys((".md", ".markdown", ".mdx"), "text/markdown")
"""Not in the tables of every system."""
_REMEMBERED: Final = 8
"""Documents: the nodes of a run read the same file, and few runs go on at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file with the fields that selectors and conditions name; made by `of_path` and `of_bytes`."""

    name: str
    size: int
    """In bytes."""
    url: str = ""
    """Where it was fetched from."""
    extension: str = field(init=False)
    """Lower case, with its dot, as in Dify: `.pdf`."""
    mime_type: str = ""
    type: FileKind = field(init=False)
    transfer_method: TransferMethod = field(init=False)
    path: Path | None = field(default=None, repr=False)
    content: bytes | None = field(default=None, repr=False)
    """Exactly one of `path` and `content` is given."""
    changed_ns: int = field(default=0, repr=False)
    """When the file of the path was written: a file that has changed is another one."""
    begun: deque[Future[Document]] = field(default_factory=deque, init=False, repr=False, compare=False)
    """Its reading where that has begun, for the run that this file is of, and for nobody else."""
    password: str | None = field(default=None, repr=False)
    """Opens it when it is encrypted; no selector finds it and no history keeps it."""

    def __post_init__(self) -> None:
        extension = Path(self.name).suffix.lower()
        mime_type = self.mime_type or _mime_type(extension)
        kind = mime_type.partition("/")[0]
        for name, value in (
            ("extension", extension),
            ("mime_type", mime_type),
            ("type", cast(FileKind, kind if kind in _OWN_KIND else "document")),
            ("transfer_method", "remote_url" if self.url else "local_file"),
        ):
            object.__setattr__(self, name, value)

    @staticmethod
    def of_path(path: Path, name: str | None = None) -> File:
        """Raises `InputError` for a file that is not there or cannot be looked at."""
        try:
            found = path.stat()
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror}; check the path") from None
        return File(name=name or path.name, size=found.st_size, path=path, changed_ns=found.st_mtime_ns)

    @staticmethod
    def of_bytes(name: str, content: bytes, *, url: str = "", mime_type: str = "") -> File:
        return File(name=name, size=len(content), url=url, mime_type=mime_type, content=content)

    def read(self) -> bytes:
        """Its bytes. Raises `InputError` when they cannot be read."""
        if self.content is not None:
            return self.content
        try:
            return Path(self.path or "").read_bytes()
        except OSError as error:
            raise InputError(f"cannot read {self.path}: {error.strerror}; mend it and run again") from None


def _mime_type(extension: str) -> str:
    return _MARKDOWN.get(extension) or mimetypes.guess_type(f"a{extension}")[0] or _UNKNOWN_TYPE


def files_in(value: Any, name: str) -> list[File]:
    """The file or files of a variable called `name`. Raises `InputError` when it holds anything else."""
    found = list(value) if isinstance(value, list | tuple) else [value]
    if not found or not all(isinstance(file, File) for file in found):
        raise InputError(f"{name} must be a file or a list of files, got {value!r:.60}; give one")
    return found


@lru_cache(maxsize=_REMEMBERED)
def read_document(file: File) -> Document:
    """What a file says, read in a process of its own with limits; files inside it (archives, mail) follow its text.

    Raises `ExtractionError`, `EmptyDocument` where there is no text, and `InputError` when it cannot be opened.
    """
    document = _read(file)
    parts = list(_with_attachments(document))
    text = "\n\n".join(part.text for part in parts if part.text.strip())
    if not text.strip():
        raise EmptyDocument(f"{file.name} holds no text; there is nothing to cut in it")
    return replace(
        document,
        text=text,
        blocks=document.blocks if document.text.strip() else (),
        images=tuple({image.name: image for part in parts for image in part.images}.values()),
        warnings=tuple(chain.from_iterable(part.warnings for part in parts)),
        attachments=(),
    )


def begin_reading(file: File, pool: ExtractionPool) -> None:
    """Lets the first `read_document` of this file find its work begun, by a pool with the file's password. What
    cannot be opened is left to it."""
    with suppress(InputError):
        file.begun.append(pool.submit(file.read(), file.name))


def _read(file: File) -> Document:
    if file.begun:
        return file.begun.pop().result()
    limits = (setting("extract_timeout_s"), setting("extract_memory_mb"), setting("extract_characters"))
    return _worker(*limits).extract(file.read(), file.name, ReadOptions(password=file.password))


@lru_cache(maxsize=1)
def _worker(timeout_s: float, memory_mb: int, max_characters: int) -> Worker:
    """One for all files: to start a process takes longer than to read most of them."""
    from extractors import Worker

    return Worker(timeout_s=timeout_s, memory_mb=memory_mb, max_characters=max_characters)


def _with_attachments(document: Document) -> Iterator[Document]:
    yield document
    for inside in document.attachments:
        yield from _with_attachments(inside)


def images_of(document: Document) -> list[File]:
    """The pictures taken out of a document, to which its text has links by name."""
    return [File.of_bytes(image.name, image.data) for image in document.images]
