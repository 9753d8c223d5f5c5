"""What people see of chunks on a terminal: stored ones, ones that would be made, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from knowledge.rendering import generated, line, place, table

if TYPE_CHECKING:
    from chunkers.checking import Finding
    from knowledge.previewing import Preview, Sizes
    from knowledge.types import Chunk
    from knowledge.versions import ChunkRecord


def stored_chunks(records: Sequence[ChunkRecord]) -> None:
    for record in records:
        _chunk(record.position, record)


def chunks(cut: Sequence[Chunk]) -> None:
    for position, chunk in enumerate(cut):
        _chunk(position, chunk)
    line(f"{len(cut)} chunks")


def _chunk(position: int, chunk: Chunk | ChunkRecord) -> None:
    where = (f"— {position}", f"{chunk.start}–{chunk.end}", place(chunk.locator), generated(chunk.origin))
    line(" · ".join(filter(None, where)))
    if chunk.context:
        line(f"[{chunk.context}]")
    line(chunk.content)
    if chunk.answer is not None:
        line(f"→ {chunk.answer}")
    for child in chunk.children:
        own = "" if child.locator == chunk.locator else place(child.locator)
        span = " · ".join(filter(None, (f"{child.start}–{child.end}", own)))
        line(f"  – {span}  {' '.join(child.content.split())}")


def findings(found: Sequence[Finding]) -> None:
    """What `--check` says."""
    for finding in found:
        line(f"check: chunk {finding.position}: {finding.problem}: {finding.detail}")
    line(f"check: {len(found)} findings" if found else "check: nothing to mend")


def preview(found: Preview) -> None:
    for document in found.documents:
        if document.error is not None:
            line(f"error      {document.key}: {document.error}")
        for warning in document.warnings:
            line(f"warning    {document.key}: {warning}")
    rows: list[tuple[str, ...]] = [("CHUNKS", "CHILDREN", "SHORTEST", "MEDIAN", "LONGEST", "KEY")]
    rows += [
        _cut(len(document.lengths), document.children, document.sizes, document.key)
        for document in found.documents
        if document.error is None
    ]
    table([*rows, _cut(found.chunks, found.children, found.sizes, "(all)")])
    first = next((document for document in found.documents if document.first), None)
    if first is not None:
        line(f"\nthe first chunks of {first.key}:")
        for position, chunk in enumerate(first.first):
            _chunk(position, chunk)
    if found.model is not None:
        line(
            f"an ingestion asks {found.model} once for each of these passages; its chunks are the questions "
            "that it writes"
        )
    line("nothing was stored")


def _cut(chunks: int, children: int, sizes: Sizes | None, key: str) -> tuple[str, ...]:
    lengths = (sizes.min, int(sizes.median), sizes.max) if sizes else ("—",) * 3
    return (str(chunks), str(children or "—"), *map(str, lengths), key)
