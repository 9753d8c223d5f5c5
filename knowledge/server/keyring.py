"""The keys that a running server knows: looked up in memory, read again from SQL as they change."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Final, Protocol

from knowledge.server import keys
from knowledge.server.keys import ApiKey
from knowledge.store import Store

USES_WRITTEN_EVERY_S: Final = 10


class Keyring(Protocol):
    """Where a server looks keys up."""

    def find(self, secret: str) -> ApiKey | None:
        """The key with this secret, ended or not."""
        ...

    def used(self, key: ApiKey) -> None:
        """Notes that the key was used now. Costs nothing."""
        ...

    def refresh(self) -> None:
        """Learns what has changed; may read and write SQL."""
        ...

    def close(self) -> None:
        """Writes down what is only noted."""
        ...


class StoredKeys:
    """The keys of a workspace. A new or revoked key is noticed at the next `refresh`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._uses: dict[str, float] = {}
        self._written_at = time.monotonic()
        self._known = keys.by_digest(store)

    def __len__(self) -> int:
        return len(self._known)

    def find(self, secret: str) -> ApiKey | None:
        return self._known.get(keys.digest(secret))

    def used(self, key: ApiKey) -> None:
        self._uses[key.id] = time.time()

    def refresh(self) -> None:
        self._known = keys.by_digest(self._store)
        if time.monotonic() - self._written_at >= USES_WRITTEN_EVERY_S:
            self.close()

    def close(self) -> None:
        self._written_at = time.monotonic()
        uses, self._uses = self._uses, {}
        if uses:
            keys.note_uses(self._store, uses)


class GivenKeys:
    """Secrets from whoever runs a server without a workspace: each may read everything."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = [keys.digest(secret) for secret in secrets if secret]
        self._known = {value: ApiKey(id=f"given-{number}", name="") for number, value in enumerate(known, 1)}

    def find(self, secret: str) -> ApiKey | None:
        return self._known.get(keys.digest(secret))

    def used(self, key: ApiKey) -> None:
        pass

    def refresh(self) -> None:
        pass

    def close(self) -> None:
        pass
