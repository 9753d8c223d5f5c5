"""`knowledge history`: what was asked of a knowledge base, what found nothing, what is found most."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from knowledge import rendering
from knowledge.cli import DONE
from knowledge.looking import emit, existing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from knowledge.history import AskedQuery, HistorySummary

Options = argparse.Namespace


def history(options: Options) -> int:
    with existing(options, lock=False) as workspace:
        kb = workspace.open(options.kb)
        is_on = bool(kb.settings["history"])
        if options.clear:
            return _cleared(kb.history.clear(), options)
        found = kb.history.summary(options.limit)
    if options.json:
        emit({"kb": options.kb, "on": is_on, **_plain(found)})
    else:
        if not is_on:
            rendering.note(f"nothing is kept; switch it on: knowledge settings {options.kb} history=on")
        _show(found)
    return DONE


def _cleared(count: int, options: Options) -> int:
    if options.json:
        emit({"kb": options.kb, "cleared": count})
    else:
        rendering.line(f"forgot {count} searches")
    return DONE


def _plain(found: HistorySummary) -> dict[str, Any]:
    plain = asdict(found)
    for name in ("first_at", "last_at"):
        plain[name] = None if plain[name] is None else _moment(plain[name])
    for query in (*plain["most_asked"], *plain["never_found"]):
        query["last_at"] = _moment(query["last_at"])
    return plain


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _show(found: HistorySummary) -> None:
    rendering.line(
        f"{found.searches} searches, {found.queries} different questions, {found.without_hits} without a hit"
    )
    _show_queries("MOST ASKED", found.most_asked)
    _show_queries("FOUND NOTHING", found.never_found)
    if found.most_found:
        rows = ((str(document.count), document.key) for document in found.most_found)
        rendering.table([("TIMES", "MOST FOUND"), *rows])


def _show_queries(title: str, queries: Sequence[AskedQuery]) -> None:
    if queries:
        rows = (
            (str(query.count), str(query.hits), _moment(query.last_at), rendering.snippet(query.query))
            for query in queries
        )
        rendering.table([("TIMES", "HITS", "LAST", title), *rows])
