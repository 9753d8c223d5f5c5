"""API keys as the workspace stores them: who may ask, what they may see, until when.

A key is shown once, when it is made; only its SHA-256 is stored. All of this needs SQL only, also beside a server.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

import sqlalchemy as sa

from knowledge import catalog, schema
from knowledge.errors import InputError, NotFound
from knowledge.filters import And, Filter
from knowledge.query import parse_condition
from knowledge.server.fitting import check_known, fitted
from knowledge.store import Store

Scope = Literal["read", "write"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
RANDOM_BYTES: Final = 32
PREFIX: Final = "knowledge-"
"""Lets people and scanners for leaked secrets see what a key is for."""
NAME_LIMIT: Final = 100

_keys = schema.api_key


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """Who asks, and what they may see: of `knowledge_bases` (ids; None: all) what fulfils all `conditions`."""

    id: str
    name: str
    scopes: tuple[Scope, ...] = ("read",)
    knowledge_bases: tuple[str, ...] | None = None
    conditions: tuple[str, ...] = ()
    rate_per_minute: int | None = None
    created_at: float = field(default_factory=time.time)
    expires_at: float | None = None
    revoked_at: float | None = None
    last_used_at: float | None = None

    def may_see(self, base_id: str) -> bool:
        return self.knowledge_bases is None or base_id in self.knowledge_bases

    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= time.time()


def conditions_of(key: ApiKey) -> Filter | None:
    """What a document must fulfil to be seen with this key."""
    return And(tuple(map(parse_condition, key.conditions))) if key.conditions else None


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def create(
    store: Store,
    name: str,
    *,
    scopes: Sequence[Scope] = ("read",),
    knowledge_bases: Sequence[str] | None = None,
    conditions: Sequence[str] = (),
    rate_per_minute: int | None = None,
    expires_at: float | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its secret. `knowledge_bases` are names.

    Raises `NotFound` for an unknown base, `FilterError` for a condition that does not fit a base, `InputError` for
    other values that are not allowed.
    """
    _check(name, scopes, rate_per_minute, expires_at)
    with store.write() as connection:
        key = ApiKey(
            id=secrets.token_hex(6),
            name=name,
            scopes=tuple(dict.fromkeys(scopes)),
            knowledge_bases=_ids(connection, knowledge_bases),
            conditions=tuple(conditions),
            rate_per_minute=rate_per_minute,
            expires_at=expires_at,
        )
        _check_conditions(connection, key)
        secret = _new_secret()
        columns = {column: getattr(key, column) for column in _keys.c.keys() if column != "sha256"}  # noqa: SIM118
        connection.execute(_keys.insert().values(sha256=digest(secret), **columns))
    return key, secret


def _new_secret() -> str:
    return PREFIX + secrets.token_urlsafe(RANDOM_BYTES)


def _check(name: str, scopes: Sequence[str], rate: int | None, expires_at: float | None) -> None:
    if not name.strip() or len(name) > NAME_LIMIT or not name.isprintable():
        raise InputError(f"{name!r} is not a name for a key; allowed: 1 to {NAME_LIMIT} printable characters")
    if not scopes or not set(scopes) <= set(SCOPES):
        raise InputError(f"the scopes are {', '.join(scopes)!r}; allowed: {', '.join(SCOPES)}")
    if rate is not None and rate < 1:
        raise InputError(f"the rate is {rate} a minute; allowed: 1 or more")
    if expires_at is not None and expires_at <= time.time():
        raise InputError("the key would have expired already; give a time to come")


def _ids(connection: sa.Connection, names: Sequence[str] | None) -> tuple[str, ...] | None:
    if names is None:
        return None
    return tuple(dict.fromkeys(catalog.by_name(connection, name).id for name in names))


def _check_conditions(connection: sa.Connection, key: ApiKey) -> None:
    """A condition that no base can decide would hide everything for ever, or nothing."""
    where = conditions_of(key)
    if where is None:
        return
    bases = [catalog.by_name(connection, name) for name in catalog.names(connection)]
    fields = [catalog.fields(connection, base) for base in bases if key.may_see(base.id)]
    check_known(where, fields)
    for of_base in fields:
        fitted(where, of_base)


def every(store: Store) -> list[ApiKey]:
    """The oldest first, revoked ones too."""
    with store.read() as connection:
        rows = connection.execute(sa.select(_keys).order_by(_keys.c.created_at, _keys.c.id))
        return [_record(row) for row in rows]


def by_digest(store: Store) -> dict[str, ApiKey]:
    with store.read() as connection:
        return {row.sha256: _record(row) for row in connection.execute(sa.select(_keys))}


def rotate(store: Store, key_id: str) -> tuple[ApiKey, str]:
    """The key with a new secret; the old one ends. Raises `NotFound`, and `InputError` for a key that has ended."""
    secret = _new_secret()
    with store.write() as connection:
        key = _find(connection, key_id)
        if key.revoked_at is not None or key.is_expired():
            ended = "revoked" if key.revoked_at is not None else "expired"
            raise InputError(f"key {key_id!r} is {ended}; make a new one with `knowledge keys create`")
        connection.execute(_keys.update().where(_keys.c.id == key_id).values(sha256=digest(secret)))
    return key, secret


def revoke(store: Store, key_id: str) -> ApiKey:
    """The key, which is refused from now on. Doing it twice changes nothing. Raises `NotFound`."""
    with store.write() as connection:
        _find(connection, key_id)
        row = sa.and_(_keys.c.id == key_id, _keys.c.revoked_at.is_(None))
        connection.execute(_keys.update().where(row).values(revoked_at=time.time()))
        return _find(connection, key_id)


def note_uses(store: Store, uses: Mapping[str, float]) -> None:
    """Notes when keys were last used: key id → epoch seconds."""
    with store.write() as connection:
        for key_id, moment in uses.items():
            connection.execute(_keys.update().where(_keys.c.id == key_id).values(last_used_at=moment))


def names_of(store: Store, base_ids: Iterable[str]) -> list[str]:
    """The names of knowledge bases, in order; one that is gone keeps its id."""
    bases = schema.knowledge_base
    with store.read() as connection:
        known = {row.id: row.name for row in connection.execute(sa.select(bases.c.id, bases.c.name))}
    return [known.get(base_id, base_id) for base_id in base_ids]


def _find(connection: sa.Connection, key_id: str) -> ApiKey:
    row = connection.execute(sa.select(_keys).where(_keys.c.id == key_id)).first()
    if row is None:
        raise NotFound(f"no key {key_id!r}; `knowledge keys ls` lists them")
    return _record(row)


def _record(row: sa.Row[Any]) -> ApiKey:
    values = {name: value for name, value in row._mapping.items() if name != "sha256"}
    for name in ("scopes", "knowledge_bases", "conditions"):
        values[name] = None if values[name] is None else tuple(values[name])
    return ApiKey(**values)
