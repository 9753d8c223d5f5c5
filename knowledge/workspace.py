"""A workspace: a folder with any number of knowledge bases, held by one process at a time."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Unpack

from knowledge import catalog, identity, pictures
from knowledge.analysis_rule import AnalysisRule
from knowledge.catalog import BaseRecord
from knowledge.configuration import setting
from knowledge.embedders import Embedders
from knowledge.errors import InputError
from knowledge.generations import Generation
from knowledge.index_places import index_place
from knowledge.knowledge_base import KnowledgeBase
from knowledge.lock import WorkspaceLock
from knowledge.registry import EMBEDDING_CHOICES, INSTALL, is_installed
from knowledge.store import Store
from knowledge.types import Hits, Indexing, Structure

if TYPE_CHECKING:
    from knowledge.many_queries import Outcome
    from knowledge.processing import CutOptions
    from knowledge.search_options import Shown

NAME_LIMIT: Final = 40
STRUCTURES: Final = ("general", "parent-child", "qa")
INDEXINGS: Final = ("economy", "high_quality")


class Workspace:
    """Opens the folder, making it when it does not exist. Use it in a `with` statement, or call `close`.

    With `lock=False` the index is left alone: looking, and changing metadata and settings, work while another process
    holds the workspace, which then tells the index. `index` is the URL of a Qdrant server; without it the indexes
    are in the folder.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] | None = None,
        *,
        lock: bool = True,
        lock_wait_s: float | None = None,
        index: str | None = None,
    ) -> None:
        self.folder = _folder(setting("workspace", folder))
        self._place = index_place(self.folder, setting("index", index))
        self._embedders = Embedders(self.folder)
        self._opening = threading.RLock()
        self._open: dict[str, KnowledgeBase] = {}
        with ExitStack() as stack:
            if lock:
                held = WorkspaceLock(self.folder, setting("lock_wait_s", lock_wait_s))
                held.acquire()
                stack.callback(held.release)
            self.store = Store(self.folder, is_read_only=not lock)
            stack.callback(self.store.close)
            stack.callback(self._embedders.close)
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
        dictionary: Iterable[str] = (),
        synonyms: Iterable[Iterable[str]] = (),
        keyword_number: int | None = None,
        **cutting: Unpack[CutOptions],
    ) -> KnowledgeBase:
        """Makes a knowledge base. Its structure, embedding and way of cutting are fixed from then on.

        `dictionary` are words to be kept whole, `synonyms` groups of words that mean the same; an economy base with a
        `keyword_number` indexes that many keywords of each chunk instead of all its terms. With an embedding it is
        high_quality, without one economy, unless `indexing` says otherwise; parent-child and qa are always
        high_quality. `cutting` are `max_length`, `overlap`, `delimiters` … of `knowledge.processing.CutOptions`.
        Raises `AlreadyExists`, and `InputError` for values that are not allowed.
        """
        from knowledge.processing import ProcessRule

        self._check_writable()
        if structure not in STRUCTURES:
            raise InputError(f"unknown structure {structure!r}; allowed: {', '.join(STRUCTURES)}")
        rule = ProcessRule.chosen(structure, **cutting)
        spec = choose_embedding(_indexing_of(structure, indexing), embedding)
        kind: Indexing = "high_quality" if spec else "economy"
        analysis = AnalysisRule.chosen(
            kind, dictionary=dictionary, synonyms=synonyms, keyword_number=keyword_number
        )
        record = BaseRecord(
            id=identity.knowledge_base_id(check_name(name)),
            name=name,
            description=description,
            structure=structure,
            indexing=kind,
            embedding=spec,
            settings={
                **rule.as_settings(),
                **analysis.as_settings(),
                "built_in_fields": setting("built_in_fields"),
            },
            generation=identity.new_version(),
        )
        generation = Generation(self.store, self.folder, self._place, self._embedders, record)
        built_with = generation.signature
        with self._opening, self.store.write() as connection:
            catalog.add(connection, record, built_with)
            generation.create()
        self._open[name] = created = KnowledgeBase(generation)
        return created

    def create_external(
        self,
        name: str,
        *,
        url: str,
        knowledge_id: str,
        key_variable: str | None = None,
        timeout_s: float | None = None,
        description: str = "",
    ) -> KnowledgeBase:
        """Gives a knowledge base of another server a name here, to be searched like any other.

        `url` is its endpoint, without /retrieval; `key_variable` names the environment variable that holds the
        key, which is never stored. Raises `AlreadyExists` and `InputError`.
        """
        from knowledge.external.base import SIGNATURE, external_settings

        self._check_writable()
        record = BaseRecord(
            id=identity.knowledge_base_id(check_name(name)),
            name=name,
            description=description,
            structure="general",
            indexing="external",
            embedding=None,
            settings=external_settings(
                url=url, knowledge_id=knowledge_id, key_variable=key_variable, timeout_s=timeout_s
            ),
            generation=identity.new_version(),
        )
        with self._opening, self.store.write() as connection:
            catalog.add(connection, record, SIGNATURE)
        return self.open(name)

    def open(self, name: str) -> KnowledgeBase:
        """Raises `NotFound` naming the knowledge bases that exist."""
        with self._opening:
            if name not in self._open:
                with self.store.read() as connection:
                    record = catalog.by_name(connection, name)
                self._open[name] = self._opened(record)
            return self._open[name]

    def _opened(self, record: BaseRecord) -> KnowledgeBase:
        generation = Generation(self.store, self.folder, self._place, self._embedders, record)
        if record.indexing != "external":
            return KnowledgeBase(generation)
        from knowledge.external.base import ExternalBase

        return ExternalBase(generation)

    def has(self, name: str) -> bool:
        """Whether a knowledge base of this name exists."""
        with self.store.read() as connection:
            return name in catalog.names(connection)

    def search(
        self,
        query: str,
        *,
        knowledge_bases: Iterable[str],
        timeout_s: float | None = None,
        **options: Unpack[Shown],
    ) -> Hits:
        """The best passages of several knowledge bases (names), best first, see `knowledge.many_bases`.

        Each is searched as its settings say where `options`, those of `KnowledgeBase.search`, do not. An external one
        that fails or takes longer than `timeout_s` is left out with a warning.
        """
        from knowledge.many_bases import search_bases
        from knowledge.search_options import as_given

        given = as_given(options)
        bases = [self.open(name) for name in dict.fromkeys(knowledge_bases)]
        longest_s = setting("search_timeout_s", timeout_s)
        return search_bases(query, [(base, given) for base in bases], timeout_s=longest_s)

    def search_many(
        self,
        queries: Iterable[str],
        *,
        knowledge_bases: Iterable[str],
        timeout_s: float | None = None,
        **options: Unpack[Shown],
    ) -> list[Outcome]:
        """What `search` finds for each question, in their order, see `KnowledgeBase.search_many`."""
        from knowledge.many_queries import search_bases_many
        from knowledge.search_options import as_given

        given = as_given(options)
        bases = [self.open(name) for name in dict.fromkeys(knowledge_bases)]
        longest_s = setting("search_timeout_s", timeout_s)
        return search_bases_many(queries, [(base, given) for base in bases], timeout_s=longest_s)

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
            with self.store.write() as connection:
                pictures.sweep(connection, self.folder)
            if record.indexing != "external":
                self._place.remove(record.generation)
        return record

    def _check_writable(self) -> None:
        if self.store.is_read_only:
            raise InputError("this workspace was opened with lock=False, for looking only; open it without")

    def _sweep(self) -> None:
        """Removes indexes that no knowledge base has: never finished, or left by a process that was killed."""
        with self.store.read() as connection:
            known = catalog.generation_ids(connection)
        self._place.sweep(known)

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


def _indexing_of(structure: Structure, indexing: Indexing | None) -> Indexing | None:
    """Raises `InputError` for a structure that there is not with this indexing."""
    if structure == "general":
        return indexing
    if indexing == "economy":
        raise InputError(
            f"the structure {structure} needs high_quality indexing, economy was given; leave it out, or use the "
            "structure general"
        )
    return indexing or "high_quality"


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
