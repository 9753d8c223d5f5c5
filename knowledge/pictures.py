"""Pictures taken out of documents: files of the workspace, named by their content, kept while a document has them."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from knowledge import schema
from knowledge.errors import WorkspaceError
from knowledge.types import IMAGE_NAME, Image

FOLDER: Final = "images"
"""Of the workspace: links in texts, `images/NAME`, lead from there."""

_images = schema.image
_log = logging.getLogger(__name__)


def keep(connection: sa.Connection, workspace: Path, images: Mapping[str, Iterable[Image]]) -> None:
    """Stores the pictures of versions, which are not visible yet. A picture that is there already is not written.

    Afterwards they are on disk. Call it in the transaction that adds the versions: a write of SQL keeps `sweep` away
    meanwhile. Raises `WorkspaceError` when the disk is full or the folder cannot be written.
    """
    named = {version: {image.name: image.data for image in found} for version, found in images.items()}
    _store(workspace, {name: data for found in named.values() for name, data in found.items()})
    rows = [{"version_id": version, "name": name} for version, names in named.items() for name in names]
    if rows:
        connection.execute(_images.insert(), rows)


def of_version(connection: sa.Connection, workspace: Path, version: str) -> list[Path]:
    """The files of a version's pictures, by name."""
    query = sa.select(_images.c.name).where(_images.c.version_id == version).order_by(_images.c.name)
    return [workspace / FOLDER / name for name in connection.execute(query).scalars()]


def sweep(connection: sa.Connection, workspace: Path) -> None:
    """Removes the pictures that no version has any more, and no other file. Call it in a transaction that writes.

    One that cannot be removed is logged, and stays until the next time.
    """
    folder = workspace / FOLDER
    if not folder.is_dir():
        return
    known = set(connection.execute(sa.select(_images.c.name).distinct()).scalars())
    for path in folder.iterdir():
        if path.name in known or not re.fullmatch(IMAGE_NAME, path.name) or not path.is_file():
            continue
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            _log.warning("the picture %s was not removed: %s", path, error.strerror)


def _store(workspace: Path, images: Mapping[str, bytes]) -> None:
    if not images:
        return
    folder = workspace / FOLDER
    try:
        folder.mkdir(exist_ok=True)
        for name, data in images.items():
            _write(folder / name, data)
        # Also for names of before: whoever gave them may have ended before this.
        for changed in (folder, workspace):
            _sync_folder(changed)
    except OSError as error:
        raise WorkspaceError(
            f"pictures cannot be kept in {folder} ({error.strerror or error}); check the disk and the permissions"
        ) from error


def _write(path: Path, data: bytes) -> None:
    """All of it or nothing; a name that is there already has all of it."""
    if path.is_file():
        return
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def _sync_folder(folder: Path) -> None:
    """Makes the names in a folder outlive a power failure, where the system can."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
