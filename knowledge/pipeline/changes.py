"""What a source has that is new or changed since the last time, and what it no longer has.

A document belongs to one source: another that has something of the same key does not replace it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from knowledge import identity
from knowledge.errors import KnowledgeError
from knowledge.pipeline.files import File
from knowledge.pipeline.sources import DataSource, Entry, entries_of
from knowledge.sources import readable

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
    """The tokens of what a knowledge base took from a source, by key, in a file of the workspace."""

    path: Path
    name: str
    """How messages show the source."""
    tokens: dict[str, str]

    @staticmethod
    def of(workspace: Path, knowledge_base_id: str, source: DataSource) -> Seen:
        """Those of the last time; none for a source that is new, or whose record is damaged."""
        digest = identity.content_hash(source.id.encode(errors="surrogateescape"))[:16]
        path = workspace / FOLDER / knowledge_base_id / f"{digest}.json"
        return Seen(path, readable(source.name), Seen._read(path).tokens)

    @staticmethod
    def _read(path: Path) -> Seen:
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            found = {}
        match found:
            case {"source": str(name), "tokens": dict(tokens)}:
                return Seen(path, name, tokens)
            case _:
                return Seen(path, "", {})

    def others(self) -> list[Seen]:
        """The records of the other sources of the knowledge base."""
        return [Seen._read(path) for path in sorted(self.path.parent.glob("*.json")) if path != self.path]

    def keep(self, keys: Container[str]) -> None:
        """Forgets all but these."""
        self.tokens = {key: token for key, token in self.tokens.items() if key in keys}

    def save(self) -> None:
        """All of it or nothing. What is not noted is processed again, which then changes nothing."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_suffix(".part")
        record = {"source": self.name, "tokens": self.tokens}
        unfinished.write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
        unfinished.replace(self.path)


def synchronize(
    source: DataSource, kb: KnowledgeBase, seen: Seen, process: Process, *, signature: str = ""
) -> Synchronized:
    """Has the new and changed entries of a source processed, and removes the documents of those that are gone.

    What has the same token, the same `signature` (of the pipeline and its inputs) and is still in the knowledge base
    is left alone. An entry that fails stops no other, and its document stays; one whose key is that of a document of
    another source fails. Raises `KnowledgeError` when the source cannot be listed, and then removes nothing.
    """
    owners = _owners(kb, seen)
    before = dict(seen.tokens)
    try:
        stored, unchanged, failed = _taken(source, seen, owners, process, signature)
        removed = tuple(_gone(before, {*stored, *unchanged, *failed}, failed))
        for key in removed:
            kb.remove(key)
            del seen.tokens[key]
    finally:
        seen.save()
    return Synchronized(stored=tuple(stored), unchanged=tuple(unchanged), removed=removed, failed=failed)


def _owners(kb: KnowledgeBase, seen: Seen) -> dict[str, str]:
    """The names of the other sources by the keys of their documents. What is gone from the base belongs to nobody."""
    searched = {record.key for record in kb.documents() if record.active_version}
    seen.keep(searched)
    others = seen.others()
    for other in others:
        if not searched.issuperset(other.tokens):
            other.keep(searched)
            other.save()
    return {key: other.name for other in others for key in other.tokens}


def _taken(
    source: DataSource, seen: Seen, owners: Mapping[str, str], process: Process, signature: str
) -> tuple[list[str], list[str], dict[str, str]]:
    """The keys of what was stored, of what had not changed, and of what failed."""
    stored: list[str] = []
    unchanged: list[str] = []
    failed: dict[str, str] = {}
    for entry in entries_of(source):
        token = f"{signature}:{entry.token}"
        if seen.tokens.get(entry.key) == token:
            unchanged.append(entry.key)
        elif owner := owners.get(entry.key):
            failed[entry.key] = (
                f"it would replace the document of {owner}; rename one, or remove that document and run again"
            )
        elif error := _processed(source, entry, process):
            failed[entry.key] = error
        else:
            seen.tokens[entry.key] = token
            stored.append(entry.key)
    return stored, unchanged, failed


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
