"""Pictures taken out of documents: files of the workspace, named by their content, kept while a document has them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from knowledge import schema
from knowledge.types import Image

FOLDER: Final = "images"
"""Of the workspace: links in texts, `images/NAME`, lead from there."""

_images = schema.image


def keep(connection: sa.Connection, workspace: Path, images: Mapping[str, Iterable[Image]]) -> None:
    """Stores the pictures of versions, which are not visible yet. A picture that is there already is not written.

    Call it in the transaction that adds the versions: a write of SQL keeps `sweep` away meanwhile.
    """
    for version, found in images.items():
        named = {image.name: image.data for image in found}
        for name, data in named.items():
            _write(workspace / FOLDER / name, data)
        if named:
            connection.execute(_images.insert(), [{"version_id": version, "name": name} for name in named])


def of_version(connection: sa.Connection, workspace: Path, version: str) -> list[Path]:
    """The files of a version's pictures, by name."""
    query = sa.select(_images.c.name).where(_images.c.version_id == version).order_by(_images.c.name)
    return [workspace / FOLDER / name for name in connection.execute(query).scalars()]


def sweep(connection: sa.Connection, workspace: Path) -> None:
    """Removes the files that no version has any more. Call it in a transaction that writes."""
    folder = workspace / FOLDER
    if not folder.is_dir():
        return
    known = set(connection.execute(sa.select(_images.c.name).distinct()).scalars())
    for name in os.listdir(folder):
        if name not in known:
            (folder / name).unlink(missing_ok=True)


def _write(path: Path, data: bytes) -> None:
    """All of it or nothing, also when the power fails."""
    if path.exists():
        return
    path.parent.mkdir(exist_ok=True)
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
