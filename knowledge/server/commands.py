"""The commands `serve` and `keys`."""

from __future__ import annotations

import argparse
import os
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from knowledge import Workspace, rendering
from knowledge.errors import InputError
from knowledge.filters import parse_time
from knowledge.looking import emit, existing
from knowledge.server import keys as stored
from knowledge.server import logs, running
from knowledge.server.keys import ApiKey
from knowledge.store import Store

DAY_S = 86_400


def serve(options: argparse.Namespace) -> None:
    """Returns when the server was stopped."""
    logs.configure()
    with existing(options) as workspace:
        running.serve(
            workspace,
            host=options.host,
            port=options.port,
            no_auth=options.no_auth,
            root_path=options.root_path,
            trusted_proxies=options.trust_proxy,
            log_queries=options.log_queries,
            started=(lambda url: emit({"url": url})) if options.json else None,
        )


def keys(options: argparse.Namespace) -> None:
    """Needs SQL only: works beside a server, which notices within a second."""
    with existing(options, lock=False) as workspace:
        match options.action:
            case "create":
                _show_secret(options, workspace.store, *_create(options, workspace))
            case "rotate":
                _show_secret(options, workspace.store, *stored.rotate(workspace.store, options.key))
            case "revoke":
                _show(options, workspace.store, stored.revoke(workspace.store, options.key))
            case "ls":
                _list(options, workspace.store)


def _create(options: argparse.Namespace, workspace: Workspace) -> tuple[ApiKey, str]:
    return stored.create(
        workspace.store,
        options.name,
        scopes=options.scope or ("read",),
        knowledge_bases=options.kb or None,
        conditions=options.where,
        rate_per_minute=_rate(options.rate) if options.rate else None,
        expires_at=_moment(options.expires) if options.expires else None,
    )


def _rate(text: str) -> int:
    found = re.fullmatch(r"(\d{1,9})(?:/min)?", text)
    if not found:
        raise InputError(
            f"the rate is {text!r}; allowed: a whole number of requests a minute, such as 60/min"
        )
    return int(found[1])


def _moment(text: str) -> float:
    if re.fullmatch(r"\d{1,5}", text):
        return time.time() + int(text) * DAY_S
    try:
        return parse_time(text)
    except ValueError:
        raise InputError(
            f"the expiry is {text!r}; allowed: a number of days, or a date such as 2027-01-31"
        ) from None


def _show_secret(options: argparse.Namespace, store: Store, key: ApiKey, secret: str) -> None:
    """The one time that the secret is shown, or written to a file that only its owner reads."""
    if options.file:
        _write_secret(Path(options.file), secret)
    shown = {} if options.file else {"key": secret}
    if options.json:
        names = ("id", "name", "scopes", "expires_at")
        plain = _plain(store, key)
        emit(
            {
                **{name: plain[name] for name in names[:2]},
                **shown,
                **{name: plain[name] for name in names[2:]},
            }
        )
    elif options.file:
        rendering.line(f"key {key.id} ({key.name}) is in {options.file}")
    else:
        rendering.line(secret)
        rendering.note(f"this is key {key.id} ({key.name}); it is not shown again")


def _write_secret(path: Path, secret: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise InputError(
            f"cannot make the file {str(path)!r} ({error.strerror}); name one that is not there"
        ) from None
    with open(descriptor, "w", encoding="ascii") as file:
        file.write(f"{secret}\n")


def _show(options: argparse.Namespace, store: Store, key: ApiKey) -> None:
    if options.json:
        emit(_plain(store, key))
    else:
        rendering.line(f"revoked key {key.id} ({key.name})")


def _list(options: argparse.Namespace, store: Store) -> None:
    listed = [_plain(store, key) for key in stored.every(store)]
    if options.json:
        emit({"keys": listed})
        return
    columns = ("id", "name", "scopes", "knowledge_bases", "expires_at", "last_used_at", "state")
    rows = [[_cell(key[column]) for column in columns] for key in listed]
    rendering.table([tuple(column.upper() for column in columns), *rows])


def _cell(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value or "—")


def _plain(store: Store, key: ApiKey) -> dict[str, Any]:
    bases = None if key.knowledge_bases is None else stored.names_of(store, key.knowledge_bases)
    state = "revoked" if key.revoked_at is not None else "expired" if key.is_expired() else "active"
    return {
        "id": key.id,
        "name": key.name,
        "state": state,
        "scopes": list(key.scopes),
        "knowledge_bases": bases,
        "where": list(key.conditions),
        "rate_per_minute": key.rate_per_minute,
        "created_at": _iso(key.created_at),
        "expires_at": _iso(key.expires_at),
        "revoked_at": _iso(key.revoked_at),
        "last_used_at": _iso(key.last_used_at),
    }


def _iso(moment: float | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
