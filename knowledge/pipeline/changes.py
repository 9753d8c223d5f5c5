"""What a source has that is new or changed since the last time, and what it no longer has."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from knowledge import identity
from knowledge.errors import KnowledgeError
from knowledge.pipeline.files import File
from knowledge.pipeline.sources import DataSource, Entry, entries_of

if TYPE_CHECKING:
    from knowledge.knowledge_base import KnowledgeBase

FOLDER: Final = "sources"
"""Of the workspace."""

Process = Callable[[str, File], str | None]
"""Makes a document of a key out of a file; returns what went wrong, None when it is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Synchronized:
    """What became of a source: the keys of its documents."""

    stored: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    failed: Mapping[str, str] = field(default_factory=dict)
    """The reason by key. They are tried again the next time."""


@dataclass(slots=True)
class Seen:
    """The tokens of what a knowledge base took from a source, in a file of the workspace."""

    path: Path
    tokens: dict[str, str]

    @staticmethod
    def of(workspace: Path, knowledge_base_id: str, source: DataSource) -> Seen:
        """Those of the last time; none for a source that is new, or whose record is damaged."""
        digest = identity.content_hash(source.name.encode(errors="surrogateescape"))[:16]
        path = workspace / FOLDER / knowledge_base_id / f"{digest}.json"
        try:
            tokens = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            tokens = {}
        return Seen(path, tokens if isinstance(tokens, dict) else {})

    def save(self) -> None:
        """All of it or nothing. What is not noted is processed again, which then changes nothing."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_suffix(".part")
        unfinished.write_text(json.dumps(self.tokens, ensure_ascii=False), encoding="utf-8")
        unfinished.replace(self.path)


def synchronize(
    source: DataSource, kb: KnowledgeBase, seen: Seen, process: Process, *, signature: str = ""
) -> Synchronized:
    """Has the new and changed entries of a source processed, and removes the documents of those that are gone.

    What has the same token, the same `signature` (of the pipeline and its inputs) and is still in the knowledge base
    is left alone. An entry that fails stops no other, and its document stays. Raises `KnowledgeError` when the source
    cannot be listed, and then removes nothing.
    """
    before = dict(seen.tokens)
    try:
        stored, unchanged, failed = _taken(source, kb, seen, process, signature)
        removed = tuple(_gone(before, {*stored, *unchanged, *failed}, failed))
        _remove(kb, seen, removed)
    finally:
        seen.save()
    return Synchronized(stored=tuple(stored), unchanged=tuple(unchanged), removed=removed, failed=failed)


def _taken(
    source: DataSource, kb: KnowledgeBase, seen: Seen, process: Process, signature: str
) -> tuple[list[str], list[str], dict[str, str]]:
    """The keys of what was stored, of what had not changed, and of what failed."""
    stored: list[str] = []
    unchanged: list[str] = []
    failed: dict[str, str] = {}
    searched = _searched(kb)
    for entry in entries_of(source):
        token = f"{signature}:{entry.token}"
        if seen.tokens.get(entry.key) == token and entry.key in searched:
            unchanged.append(entry.key)
        elif error := _processed(source, entry, process):
            failed[entry.key] = error
        else:
            seen.tokens[entry.key] = token
            stored.append(entry.key)
    return stored, unchanged, failed


def _searched(kb: KnowledgeBase) -> set[str]:
    return {record.key for record in kb.documents() if record.active_version}


def _remove(kb: KnowledgeBase, seen: Seen, keys: Collection[str]) -> None:
    for key in _searched(kb).intersection(keys):
        kb.remove(key)
    for key in keys:
        del seen.tokens[key]


def _processed(source: DataSource, entry: Entry, process: Process) -> str | None:
    try:
        return process(entry.key, source.fetch(entry))
    except KnowledgeError as error:
        return str(error)


def _gone(before: Mapping[str, str], listed: set[str], failed: Mapping[str, str]) -> Iterator[str]:
    """A folder that cannot be listed is an entry that fails: what is below it may still be there."""
    for key in before:
        if key not in listed and not any(key.startswith(f"{folder}/") for folder in failed):
            yield key
