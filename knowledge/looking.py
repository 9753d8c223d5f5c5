"""The commands that only look: what is stored, what a file holds, how it would be cut."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import knowledge
from knowledge import plain, rendering
from knowledge.cli import DONE
from knowledge.configuration import setting
from knowledge.cut_options import CUT_OPTIONS, READING_OPTIONS
from knowledge.errors import NotFound

if TYPE_CHECKING:
    from chunkers.checking import Finding
    from knowledge import Workspace
    from knowledge.processing import CutOptions
    from knowledge.types import Document, ReadOptions

Options = argparse.Namespace


def emit(report: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(report, ensure_ascii=False) + "\n")


def has_workspace(folder: Path) -> bool:
    from knowledge.store import FILE_NAME

    return (folder / FILE_NAME).exists()


def existing(options: Options, lock: bool = True, lock_wait_s: float | None = None) -> Workspace:
    """The workspace, which must be there: looking into nothing would hide a mistyped folder."""
    folder = Path(setting("workspace", options.workspace))
    if not has_workspace(folder):
        raise NotFound(f"no workspace in {str(folder)!r}; make one: knowledge ingest PATH --kb NAME")
    return knowledge.Workspace(folder, lock=lock, lock_wait_s=lock_wait_s, index=options.index)


def ls(options: Options) -> int:
    folder = Path(setting("workspace", options.workspace))
    if has_workspace(folder):
        with knowledge.Workspace(folder, lock=False) as workspace:
            records = workspace.knowledge_bases()
    else:
        records = []
    if options.json:
        emit({"knowledge_bases": [plain.base(record) for record in records]})
    else:
        rendering.bases(records)
    return DONE


def show(options: Options) -> int:
    with existing(options, lock=False) as workspace:
        record = workspace.open(options.kb).record
    if options.json:
        emit(plain.base(record))
    else:
        rendering.base(record)
    return DONE


def docs(options: Options) -> int:
    with existing(options, lock=False) as workspace:
        records = workspace.open(options.kb).documents()
    if options.json:
        emit({"documents": [plain.stored_document(record) for record in records]})
    else:
        rendering.stored_documents(records)
    return DONE


def chunks(options: Options) -> int:
    with existing(options, lock=False) as workspace:
        kb = workspace.open(options.kb)
        records = kb.chunks(options.document)
        keywords = [kb.keywords(record) for record in records]
        findings = kb.check(options.document) if options.check else []
    if options.json:
        rows = [plain.stored_chunk(*row) for row in zip(records, keywords, strict=True)]
        emit({"chunks": rows, **_plain_findings(options, findings)})
    else:
        from knowledge import chunk_rendering

        chunk_rendering.stored_chunks(records)
        _show_findings(options, findings)
    return DONE


def fields(options: Options) -> int:
    with existing(options, lock=False) as workspace:
        found = workspace.open(options.kb).field_summaries()
    if options.json:
        emit({"fields": [plain.field(summary) for summary in found]})
    else:
        rendering.fields(found)
    return DONE


def extract(options: Options) -> int:
    from knowledge.processing import ProcessRule

    chosen: Any = {name: getattr(options, name) for name in READING_OPTIONS}
    document = _extract(options.file, ProcessRule.chosen(**chosen).reading(options.password))
    if options.save_images:
        _save_images(document, Path(options.save_images))
    if options.json:
        emit(plain.extracted(document))
    else:
        _show_text(document)
    return DONE


def _show_text(document: Document) -> None:
    for warning in document.warnings:
        rendering.note(warning)
    rendering.line(document.text)
    for attachment in document.attachments:
        rendering.line(f"\n── {attachment.name} ──\n")
        _show_text(attachment)


def chunk(options: Options) -> int:
    from knowledge.language_model import opened
    from knowledge.processing import ProcessRule

    rule = ProcessRule.chosen(options.structure or "general", **cut_options(options))
    with opened(rule.llm) as model:
        document, cut = rule.apply(_extract(options.file, rule.reading(options.password)), model)
    findings = rule.check(document.text, cut) if options.check else []
    if options.json:
        emit({**plain.chunked(document, cut), **_plain_findings(options, findings)})
    else:
        from knowledge import chunk_rendering

        for warning in document.warnings:
            rendering.note(warning)
        chunk_rendering.chunks(cut)
        _show_findings(options, findings)
    return DONE


def cut_options(options: Options) -> CutOptions:
    """How documents are to be cut, as far as the command line says."""
    from chunkers.lengths import with_whole_path

    given: Any = {name: getattr(options, name) for name in CUT_OPTIONS}
    if options.length:
        given["length"] = with_whole_path(options.length)
    return cast("CutOptions", given)


def _plain_findings(options: Options, findings: Sequence[Finding]) -> dict[str, Any]:
    return {"findings": [plain.finding(found) for found in findings]} if options.check else {}


def _show_findings(options: Options, findings: Sequence[Finding]) -> None:
    if options.check:
        from knowledge import chunk_rendering

        chunk_rendering.findings(findings)


def _save_images(document: Document, folder: Path) -> None:
    """Those of attachments too, into the `images` of the folder, where the links of the text lead."""
    for image in document.images:
        (folder / "images").mkdir(parents=True, exist_ok=True)
        (folder / "images" / image.name).write_bytes(image.data)
    for attachment in document.attachments:
        _save_images(attachment, folder)


def _extract(file: str, reading: ReadOptions) -> Document:
    import extractors

    path = Path(file)
    if not path.is_file():
        raise NotFound(f"{file!r} is a folder; give one file" if path.is_dir() else f"no file {file!r}")
    return extractors.extract(path, options=reading)
