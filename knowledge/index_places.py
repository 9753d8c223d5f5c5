"""Where the indexes of a workspace are: folders in it, or collections of a Qdrant server."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from knowledge.errors import InputError, WorkspaceError

if TYPE_CHECKING:
    from knowledge.protocols import Index

ENGINE: Final = "qdrant-edge 0.9, payload 2"
SERVER_ENGINE: Final = "qdrant-server 1"
FOLDER: Final = "index"
COLLECTION_PREFIX: Final = "knowledge_"


class IndexPlace(Protocol):
    """Makes, opens and removes the index of a generation, by its id."""

    @property
    def engine(self) -> str:
        """What stores the index there; an index is only opened by the engine that made it."""
        ...

    def create(self, generation: str, dimension: int | None) -> Index: ...

    def open(self, generation: str) -> Index: ...

    def remove(self, generation: str) -> None:
        """Deletes the index with all its points; nothing happens when it is not there."""
        ...

    def sweep(self, known: Set[str]) -> None:
        """Deletes what no knowledge base has: indexes that were dropped, or never finished."""
        ...


@dataclass(frozen=True, slots=True)
class FolderIndexes:
    """Embedded indexes, one folder each."""

    workspace: Path
    engine: str = ENGINE

    def create(self, generation: str, dimension: int | None) -> Index:
        from indexers.edge import EdgeIndex

        return EdgeIndex.create(self._folder(generation), dimension)

    def open(self, generation: str) -> Index:
        from indexers.edge import EdgeIndex

        return EdgeIndex.open(self._folder(generation))

    def remove(self, generation: str) -> None:
        shutil.rmtree(self._folder(generation), ignore_errors=True)

    def sweep(self, known: Set[str]) -> None:
        for folder in (self.workspace / FOLDER).glob("*"):
            if folder.name not in known:
                self.remove(folder.name)

    def _folder(self, generation: str) -> Path:
        return self.workspace / FOLDER / generation


@dataclass(frozen=True, slots=True)
class ServerIndexes:
    """Collections of a Qdrant server, which other workspaces may use too."""

    url: str
    engine: str = SERVER_ENGINE

    def create(self, generation: str, dimension: int | None) -> Index:
        from indexers.qdrant import QdrantIndex

        return QdrantIndex.create(self.url, COLLECTION_PREFIX + generation, dimension)

    def open(self, generation: str) -> Index:
        from indexers.qdrant import QdrantIndex

        return QdrantIndex.open(self.url, COLLECTION_PREFIX + generation)

    def remove(self, generation: str) -> None:
        from indexers.qdrant import QdrantIndex

        collection = COLLECTION_PREFIX + generation
        try:
            QdrantIndex.open(self.url, collection).drop()
        except WorkspaceError as error:
            # Nothing points to it any more, so nothing is wrong but the room that it takes.
            logging.getLogger(__name__).warning("the collection %s may be left: %s", collection, error)

    def sweep(self, known: Set[str]) -> None:
        """Nothing: the server does not say which of its collections belong to this workspace."""


def index_place(workspace: Path, url: str) -> IndexPlace:
    """The server at `url`, or the workspace itself when that is empty. Raises `InputError` for another text."""
    if not url:
        return FolderIndexes(workspace)
    if not url.startswith(("http://", "https://")):
        raise InputError(
            f"the index {url!r} is not a URL; write http://HOST:6333, or leave it out for a folder"
        )
    return ServerIndexes(url)
