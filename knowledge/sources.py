"""What there is to ingest: files, folders, bytes and ready documents, each with the key it is known by."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from knowledge import identity
from knowledge.errors import InputError, NotFound
from knowledge.types import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Something to ingest: exactly one of `path`, `data` and `document` is given."""

    key: str
    """Names the document in its knowledge base; the same key again replaces it."""
    name: str
    path: Path | None = None
    data: bytes | None = None
    document: Document | None = None

    def read(self) -> bytes:
        """The bytes that decide whether the source has changed. Raises `InputError` for an unreadable file."""
        if self.document is not None:
            return self.document.text.encode(errors="surrogatepass")
        if self.data is not None:
            return self.data
        try:
            return Path(self.path or "").read_bytes()
        except OSError as error:
            raise InputError(f"cannot read {self.path}: {error.strerror}") from None


def discover(inputs: Iterable[str | os.PathLike[str] | Document]) -> list[Source]:
    """The sources of files, folders (recursive, hidden entries left out) and documents, in order of key.

    A file in a folder is known by its path relative to that folder, a single file by its name. Raises
    `NotFound` for a path that does not exist and `InputError` when two inputs would get the same key.
    """
    found: dict[str, Source] = {}
    for item in inputs:
        for source in _sources(item):
            other = found.setdefault(source.key, source)
            if other is not source:
                raise InputError(
                    f"{other.path or other.name} and {source.path or source.name} would both be known as "
                    f"{source.key!r}; ingest their common folder, or give them different names"
                )
    return [found[key] for key in sorted(found)]


def _sources(item: str | os.PathLike[str] | Document) -> Iterator[Source]:
    if isinstance(item, Document):
        key = item.name or identity.content_hash(item.text.encode(errors="surrogatepass"))[:16]
        yield Source(key=key, name=item.name or key, document=item)
        return
    path = Path(item)
    if path.is_dir():
        for file in _files(path):
            yield Source(key=file.relative_to(path).as_posix(), name=file.name, path=file)
    elif path.exists():
        yield Source(key=path.name, name=path.name, path=path)
    else:
        raise NotFound(f"no file or folder {str(path)!r}")


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(parent, name)
