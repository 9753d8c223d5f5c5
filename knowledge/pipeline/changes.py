"""What a source has that is new or changed since the last time, and what it no longer has."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
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
        """All of it or nothing."""
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
    searched = {record.key for record in kb.documents() if record.active_version}
    stored, unchanged, failed = [], [], {}
    before = dict(seen.tokens)
    for entry in entries_of(source):
        token = f"{signature}:{entry.token}"
        if seen.tokens.get(entry.key) == token and entry.key in searched:
            unchanged.append(entry.key)
            continue
        error = _processed(source, entry, process)
        if error is None:
            seen.tokens[entry.key] = token
            seen.save()
            stored.append(entry.key)
        else:
            failed[entry.key] = error
    removed = tuple(_gone(before, {*stored, *unchanged, *failed}, failed))
    for key in removed:
        if key in searched:
            kb.remove(key)
        del seen.tokens[key]
    if removed:
        seen.save()
    return Synchronized(stored=tuple(stored), unchanged=tuple(unchanged), removed=removed, failed=failed)


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
