"""What a source has that is new or changed since the last time, and what it no longer has.

A document belongs to one source: another that has something of the same key does not replace it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from knowledge import identity
from knowledge.commit_groups import COMMIT_SECONDS
from knowledge.errors import InputError
from knowledge.pipeline.fetching import Fetched, fetched
from knowledge.pipeline.sources import DataSource, entries_of
from knowledge.sources import readable

if TYPE_CHECKING:
    from knowledge.knowledge_base import KnowledgeBase

FOLDER: Final = "sources"
"""Of the workspace."""

Process = Callable[[Iterator[Fetched]], Iterable[tuple[str, str | None]]]
"""Makes documents of files; says of each, by its key, what went wrong, None when it is stored."""


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
    _saved_at: float = field(default_factory=time.monotonic)

    @staticmethod
    def of(workspace: Path, knowledge_base_id: str, source: DataSource) -> Seen:
        """Those of the last time; none for a source that is new, or whose record is damaged."""
        digest = identity.content_hash(source.id.encode(errors="surrogateescape"))[:16]
        path = workspace / FOLDER / knowledge_base_id / f"{digest}.json"
        return Seen(path, readable(source.name), Seen.read(path).tokens)

    @staticmethod
    def read(path: Path) -> Seen:
        """An empty one for a record that is damaged."""
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            found = {}
        match found:
            case {"source": str(name), "tokens": dict(tokens)}:
                return Seen(path, name, tokens)
            case _:
                return Seen(path, "", {})

    def keep(self, keys: Container[str]) -> None:
        """Forgets all but these."""
        self.tokens = {key: token for key, token in self.tokens.items() if key in keys}

    def forget(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.tokens.pop(key, None)

    def note(self, key: str, token: str) -> None:
        """That an entry is stored; at most what was noted in the last second is lost with the process."""
        self.tokens[key] = token
        if time.monotonic() - self._saved_at >= COMMIT_SECONDS:
            self.save()

    def save(self) -> None:
        """All of it or nothing. What is not noted is processed again, which then changes nothing."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_suffix(".part")
        record = {"source": self.name, "tokens": self.tokens}
        unfinished.write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
        unfinished.replace(self.path)
        self._saved_at = time.monotonic()


@dataclass(slots=True)
class Owners:
    """Which source gave each document of a knowledge base: read once, however many sources are synchronized."""

    searched: set[str]
    """The keys of the documents that the knowledge base has."""
    _seen: dict[str, Seen]
    """By key."""

    @staticmethod
    def of(workspace: Path, kb: KnowledgeBase) -> Owners:
        """What is gone from the knowledge base belongs to nobody."""
        searched = {record.key for record in kb.documents() if record.active_version}
        found = Owners(searched, {})
        for path in sorted((workspace / FOLDER / kb.id).glob("*.json")):
            seen = Seen.read(path)
            if not searched.issuperset(seen.tokens):
                seen.keep(searched)
                seen.save()
            found._seen.update(dict.fromkeys(seen.tokens, seen))
        return found

    def other(self, key: str, seen: Seen) -> str | None:
        """The name of the source of a document, None where it is this one or nobody's."""
        owner = self._seen.get(key)
        return owner.name if owner and owner.path != seen.path else None

    def note(self, before: Iterable[str], seen: Seen) -> None:
        """What a source has, and what it had before."""
        for key in before:
            if not self.other(key, seen):
                self._seen.pop(key, None)
        self._seen.update(dict.fromkeys(seen.tokens, seen))
        self.searched.update(seen.tokens)


@dataclass(slots=True)
class _Listing:
    """What a source lists this time, sorted by what there is to do."""

    source: DataSource
    seen: Seen
    signature: str
    owners: Owners
    unchanged: list[str] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    """Of what is new or changed."""
    keys: set[str] = field(default_factory=set)

    def changed(self) -> Iterator[Fetched]:
        """What is new or changed, each key once. Raises `KnowledgeError` when the source cannot be listed."""
        prefix = f"{self.signature}:"
        known = {
            key: token.removeprefix(prefix)
            for key, token in self.seen.tokens.items()
            if token.startswith(prefix)
        }
        for entry in entries_of(self.source, known):
            if entry.key in self.keys:
                continue
            self.keys.add(entry.key)
            if known.get(entry.key) == entry.token:
                self.unchanged.append(entry.key)
            elif owner := self.owners.other(entry.key, self.seen):
                told = f"it would replace the document of {owner}; rename one, or remove that document and run again"
                yield Fetched(key=entry.key, file=InputError(told))
            else:
                self.tokens[entry.key] = prefix + entry.token
                yield fetched(self.source, entry)


def synchronize(
    source: DataSource,
    kb: KnowledgeBase,
    seen: Seen,
    process: Process,
    owners: Owners,
    *,
    signature: str = "",
    allow_empty: bool = False,
) -> Synchronized:
    """Has the new and changed entries of a source processed, and removes the documents of those that are gone.

    What has the same token, the same `signature` (of the pipeline and its inputs) and is still in the knowledge base
    is left alone. An entry that fails stops no other, and its document stays; one whose key is that of a document of
    another source fails. Nothing is removed before the source is listed to its end: raises `KnowledgeError` when it
    cannot be, and `InputError` when it lists nothing where it had documents, unless `allow_empty`.
    """
    seen.keep(owners.searched)
    before, listing = list(seen.tokens), _Listing(source, seen, signature, owners)
    stored: list[str] = []
    failed: dict[str, str] = {}
    try:
        for key, error in process(listing.changed()):
            if error is None:
                seen.note(key, listing.tokens[key])
                stored.append(key)
            else:
                failed[key] = error
        if seen.tokens and not listing.keys and not allow_empty:
            raise InputError(
                f"{seen.name} lists nothing, and {len(seen.tokens)} documents came from it; to remove them, run it "
                "again with --allow-empty"
            )
        removed = tuple(_gone(before, listing.keys, failed))
        if removed:
            kb.remove_all(removed)
            seen.forget(removed)
    finally:
        seen.save()
        owners.note(before, seen)
    return Synchronized(
        stored=tuple(stored), unchanged=tuple(listing.unchanged), removed=removed, failed=failed
    )


def _gone(before: Iterable[str], listed: Container[str], failed: Iterable[str]) -> Iterator[str]:
    """A folder that cannot be listed is an entry that fails: what is below it may still be there."""
    folders = tuple("" if key == "." else f"{key}/" for key in failed)
    for key in before:
        if key not in listed and not key.startswith(folders):
            yield key
