"""The commands that change metadata and settings, also while another process holds the workspace."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from knowledge import plain, rendering
from knowledge.cli import DONE
from knowledge.errors import InputError, WorkspaceLocked
from knowledge.looking import emit, existing

if TYPE_CHECKING:
    from knowledge import KnowledgeBase

Options = argparse.Namespace


def set(options: Options) -> int:
    from knowledge.metadata import parse_assignments

    if not options.metadata and not options.unset:
        raise InputError("nothing to set; give NAME=VALUE or --unset NAME")
    parse_assignments(options.metadata, {})
    with _changing(options) as (kb, is_applied):
        values = parse_assignments(options.metadata, kb.fields)
        record = kb.set_metadata(options.document, values, unset=options.unset)
        types = kb.fields
    if options.json:
        emit({"document": plain.stored_document(record), "applied": is_applied})
    else:
        rendering.metadata(record, types)
    return DONE


def keywords(options: Options) -> int:
    changes = bool(options.words) or options.automatic
    if options.words and options.automatic:
        raise InputError("--automatic takes the words of the text; leave it or the WORDs out")
    if changes and options.position is None:
        raise InputError("--automatic needs the POSITION of a chunk; `knowledge keywords KB DOC` shows them")
    if changes:
        with _changing(options) as (kb, _):
            kb.set_keywords(options.document, options.position, options.words or None)
            rows = _keyword_rows(kb, options)
    else:
        with existing(options, lock=False) as workspace:
            rows = _keyword_rows(workspace.open(options.kb), options)
    if options.json:
        emit({"chunks": rows})
    else:
        rendering.keywords(rows)
    return DONE


def _keyword_rows(kb: KnowledgeBase, options: Options) -> list[dict[str, object]]:
    return [
        {
            "id": chunk.id,
            "position": chunk.position,
            "keywords": list(kb.keywords(chunk)),
            "edited": chunk.keywords is not None,
        }
        for chunk in kb.chunks(options.document)
        if options.position in (None, chunk.position)
    ]


def settings(options: Options) -> int:
    from knowledge import base_settings

    if options.kb is None:
        return _all_settings(options)
    if options.values:
        values = dict(_assignment(text) for text in options.values)
        with _changing(options) as (kb, _):
            kb.change_settings(values)
            record = kb.record
    else:
        with existing(options, lock=False) as workspace:
            record = workspace.open(options.kb).record
    rows = base_settings.of_base(record.settings)
    if options.json:
        shown = [plain.setting(row) for row in rows]
        emit({"kb": record.name, "settings": shown, "fixed": base_settings.fixed(record)})
    else:
        rendering.settings(rows)
    return DONE


def _all_settings(options: Options) -> int:
    from knowledge import base_settings

    rows = base_settings.of_program()
    if options.json:
        emit({"settings": [plain.setting(row) for row in rows]})
    else:
        rendering.all_settings(rows)
    return DONE


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not value:
        raise InputError(f"cannot read the setting {text!r}; write NAME=VALUE, or NAME=none for its default")
    return name.strip(), value.strip()


@contextmanager
def _changing(options: Options) -> Iterator[tuple[KnowledgeBase, bool]]:
    """The knowledge base, and whether its index is told at once; another process holding it is no reason to wait."""
    try:
        workspace = existing(options, lock_wait_s=0)
        is_applied = True
    except WorkspaceLocked:
        workspace = existing(options, lock=False)
        is_applied = False
    with workspace:
        yield workspace.open(options.kb), is_applied
    if not is_applied and not options.quiet:
        rendering.note("another process holds the workspace; it takes this over within a second of searching")
