"""Ids that scripts can know: computed from names and content, the same on every machine."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

NAMESPACE: Final = uuid.UUID("7c0f4b3e-6d0c-5a53-9d4c-2f0a8f3e51aa")


def knowledge_base_id(name: str) -> str:
    return str(uuid.uuid5(NAMESPACE, name))


def document_id(knowledge_base_id: str, key: str) -> str:
    """An edit keeps it, a copy under another key is another document."""
    return str(uuid.uuid5(uuid.UUID(knowledge_base_id), key))


def chunk_ids(document_id: str, contents: Iterable[str], role: str = "chunk") -> Iterator[str]:
    """From the content and how often it occurred before: a line inserted on top renames nothing."""
    namespace = uuid.UUID(document_id)
    seen: Counter[str] = Counter()
    for content in contents:
        digest = hashlib.sha256(content.encode()).hexdigest()
        yield str(uuid.uuid5(namespace, f"{role}:{digest}:{seen[digest]}"))
        seen[digest] += 1


def new_version() -> str:
    return uuid.uuid4().hex


def content_hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def signature(parts: object) -> str:
    """A short hash of settings: changes whenever the same bytes would give other chunks."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]
