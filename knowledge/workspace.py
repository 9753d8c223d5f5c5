"""A workspace: a folder with any number of knowledge bases, held by one process at a time."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final

from knowledge import catalog, identity
from knowledge.catalog import BaseRecord
from knowledge.configuration import setting
from knowledge.errors import InputError
from knowledge.generations import Generation, index_folder, signature
from knowledge.knowledge_base import KnowledgeBase
from knowledge.lock import WorkspaceLock
from knowledge.registry import EMBEDDING_CHOICES, INSTALL, is_installed
from knowledge.store import Store
from knowledge.types import Indexing, Structure

NAME_LIMIT: Final = 40
STRUCTURES: Final = ("general",)
INDEXINGS: Final = ("economy", "high_quality")


class Workspace:
    """Opens the folder, making it when it does not exist. Use it in a `with` statement, or call `close`.

    With `lock=False` only SQL is read: listing works while another process holds the workspace.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None, *, lock: bool = True) -> None:
        self.folder = _folder(setting("workspace", folder))
        self._opening = threading.RLock()
        self._open: dict[str, KnowledgeBase] = {}
        with ExitStack() as stack:
            if lock:
                held = WorkspaceLock(self.folder, setting("lock_wait_s"))
                held.acquire()
                stack.callback(held.release)
            self.store = Store(self.folder, is_read_only=not lock)
            stack.callback(self.store.close)
            if lock:
                self._sweep()
            self._at_close = stack.pop_all()

    def create(
        self,
        name: str,
        *,
        structure: Structure = "general",
        indexing: Indexing | None = None,
        embedding: str | None = None,
        description: str = "",
        delimiters: Sequence[str] | None = None,
        max_length: int | None = None,
        overlap: int | None = None,
        remove_extra_spaces: bool | None = None,
        remove_urls_emails: bool | None = None,
        whole: bool = False,
    ) -> KnowledgeBase:
        """Makes a knowledge base. Its structure, embedding and way of cutting are fixed from then on.

        With an embedding it is high_quality, without one economy, unless `indexing` says otherwise. Raises
        `AlreadyExists`, and `InputError` for values that are not allowed.
        """
        from knowledge.processing import ProcessRule

        self._check_writable()
        if structure not in STRUCTURES:
            raise InputError(f"unknown structure {structure!r}; allowed: {', '.join(STRUCTURES)}")
        rule = ProcessRule.chosen(
            delimiters=delimiters,
            max_length=max_length,
            overlap=overlap,
            remove_extra_spaces=remove_extra_spaces,
            remove_urls_emails=remove_urls_emails,
            whole=whole,
        )
        spec = choose_embedding(indexing, embedding)
        record = BaseRecord(
            id=identity.knowledge_base_id(check_name(name)),
            name=name,
            description=description,
            structure=structure,
            indexing="high_quality" if spec else "economy",
            embedding=spec,
            settings=rule.as_settings(),
            generation=identity.new_version(),
        )
        generation = Generation(self.store, self.folder, record)
        built_with = signature(generation.analyzer, generation.embedder)
        with self._opening, self.store.write() as connection:
            catalog.add(connection, record, built_with)
            generation.create()
        self._open[name] = created = KnowledgeBase(generation)
        return created

    def open(self, name: str) -> KnowledgeBase:
        """Raises `NotFound` naming the knowledge bases that exist."""
        with self._opening:
            if name not in self._open:
                with self.store.read() as connection:
                    record = catalog.by_name(connection, name)
                self._open[name] = KnowledgeBase(Generation(self.store, self.folder, record))
            return self._open[name]

    def has(self, name: str) -> bool:
        """Whether a knowledge base of this name exists."""
        with self.store.read() as connection:
            return name in catalog.names(connection)

    def knowledge_bases(self) -> list[BaseRecord]:
        """Every knowledge base with its counts, by name."""
        with self.store.read() as connection:
            return catalog.all_records(connection)

    def drop(self, name: str) -> BaseRecord:
        """Removes a knowledge base with everything in it."""
        self._check_writable()
        with self._opening:
            opened = self.open(name)
            record = opened.record
            opened.close()
            del self._open[name]
            with self.store.write() as connection:
                catalog.remove(connection, record.id)
            self._sweep()
        return record

    def _check_writable(self) -> None:
        if self.store.is_read_only:
            raise InputError("this workspace was opened with lock=False, for looking only; open it without")

    def _sweep(self) -> None:
        """Removes the folders of indexes that no knowledge base has: dropped, or never finished."""
        with self.store.read() as connection:
            known = catalog.generation_ids(connection)
        for folder in index_folder(self.folder, "").glob("*"):
            if folder.name not in known:
                shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Writes everything to disk and lets other processes in. Doing it twice changes nothing."""
        at_close, self._at_close = self._at_close, ExitStack()
        with at_close, ExitStack() as bases:
            for opened in self._open.values():
                bases.callback(opened.close)
            self._open.clear()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _folder(given: str | os.PathLike[str]) -> Path:
    """The folder, made when it does not exist, by its absolute path: the process may move on."""
    if "://" in str(given):
        raise InputError(f"the workspace {str(given)!r} is a URL; allowed: a folder")
    folder = Path(given).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"the workspace {folder} cannot be used ({error.strerror}); choose another folder"
        ) from None
    return folder


def check_name(name: str) -> str:
    """The name of a knowledge base. Raises `InputError` saying what names look like."""
    if (
        not name.strip()
        or name != name.strip()
        or len(name) > NAME_LIMIT
        or "," in name
        or not name.isprintable()
    ):
        raise InputError(
            f"{name!r} is not a name for a knowledge base; allowed: 1 to {NAME_LIMIT} characters, no comma, no "
            "space at the ends"
        )
    return name


def choose_embedding(indexing: Indexing | None, embedding: str | None) -> str | None:
    """The embedding spec in force, None for economy. Raises `InputError` when the two do not go together."""
    if indexing is not None and indexing not in INDEXINGS:
        raise InputError(f"unknown indexing {indexing!r}; allowed: {', '.join(INDEXINGS)}")
    if indexing == "economy":
        if embedding:
            raise InputError(
                f"economy indexing has no embedding, {embedding!r} was given; leave one of them out"
            )
        return None
    configured = str(setting("embedding", embedding) or "")
    if configured or indexing is None:
        return configured or None
    if is_installed("local"):
        return "local"
    raise InputError(
        "high_quality indexing needs an embedding and none is installed; choose one with --embedding: "
        f"{EMBEDDING_CHOICES}. For local: {INSTALL['local']}"
    )
