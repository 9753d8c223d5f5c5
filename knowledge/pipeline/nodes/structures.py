"""The three chunk structures as Dify publishes them: read and checked, and shown before they are stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from knowledge.errors import InputError
from knowledge.pipeline.files import File
from knowledge.types import Structure

STRUCTURES: Final[Mapping[str, Structure]] = {
    "text_model": "general",
    "hierarchical_model": "parent-child",
    "qa_model": "qa",
}
"""Ours by Dify's names."""


PARENT_MODES: Final[Mapping[str, Literal["paragraph", "full-doc"]]] = {
    "paragraph": "paragraph",
    "full_doc": "full-doc",
    "full-doc": "full-doc",
}
"""As chunks have them, by what a chunker is told: in Dify the two differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A chunk as a chunker put it out: words without a place."""

    content: str
    children: tuple[str, ...] = ()
    answer: str | None = None
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """What a chunker put out; `chunk_structure` is Dify's name."""

    chunk_structure: str
    pieces: tuple[Piece, ...]
    parent_mode: str | None = None
    left_out: int = 0
    """Entries without text, and pairs without a question or an answer."""


def read_pieces(chunk_structure: str, result: Any) -> Pieces:
    """Raises `InputError` for a value that has not this structure, or holds no chunk."""
    if chunk_structure not in STRUCTURES:
        raise InputError(
            f"chunk_structure is {chunk_structure!r}; allowed: {', '.join(STRUCTURES)}; choose one of these"
        )
    read = {"text_model": _general, "hierarchical_model": _parents, "qa_model": _pairs}[chunk_structure]
    found = list(read(result))
    kept = tuple(piece for piece in found if _has_text(piece))
    if not kept:
        raise InputError("there are no chunks to index; check the text that the chunker was given")
    mode = result["parent_mode"] if chunk_structure == "hierarchical_model" else None
    return Pieces(
        chunk_structure=chunk_structure,
        pieces=kept,
        parent_mode=mode,
        left_out=len(found) - len(kept),
    )


def preview(pieces: Pieces) -> dict[str, Any]:
    """What Dify shows after a test run."""
    shown: dict[str, Any] = {
        "chunk_structure": pieces.chunk_structure,
        "total_segments": len(pieces.pieces),
    }
    if pieces.chunk_structure == "qa_model":
        shown["qa_preview"] = [{"question": piece.content, "answer": piece.answer} for piece in pieces.pieces]
    elif pieces.chunk_structure == "hierarchical_model":
        shown["parent_mode"] = pieces.parent_mode
        shown["preview"] = [
            {"content": piece.content, "child_chunks": list(piece.children)} for piece in pieces.pieces
        ]
    else:
        shown["preview"] = [{"content": piece.content} for piece in pieces.pieces]
    return shown


def _has_text(piece: Piece) -> bool:
    return bool(piece.content.strip()) and (piece.answer is None or bool(piece.answer.strip()))


def _general(result: Any) -> Iterator[Piece]:
    entries = _entries(result, "general_chunks") if isinstance(result, Mapping) else result
    for entry in _listed(entries, "general chunks"):
        if isinstance(entry, Mapping):
            yield Piece(content=_text(entry, "content"), files=_files(entry))
        elif isinstance(entry, str):
            yield Piece(content=entry)
        else:
            raise InputError(f"a general chunk must be a text, got {entry!r:.60}; connect a General Chunker")


def _parents(result: Any) -> Iterator[Piece]:
    entries = _entries(result, "parent_child_chunks")
    if result.get("parent_mode") not in ("paragraph", "full-doc"):
        raise InputError(
            f"parent_mode is {result.get('parent_mode')!r}; allowed: paragraph, full-doc; choose one of these"
        )
    for entry in entries:
        children = _listed(entry.get("child_contents") or [], "child_contents")
        if not all(isinstance(child, str) for child in children):
            raise InputError("child_contents must be texts; connect a Parent-child Chunker")
        yield Piece(
            content=_text(entry, "parent_content"),
            children=tuple(child for child in children if child.strip()),
            files=_files(entry),
        )


def _pairs(result: Any) -> Iterator[Piece]:
    for entry in _entries(result, "qa_chunks"):
        yield Piece(content=_text(entry, "question"), answer=_text(entry, "answer"))


def _entries(result: Any, name: str) -> Sequence[Any]:
    if not isinstance(result, Mapping) or name not in result:
        raise InputError(f"the chunks must be an object with {name}, got {result!r:.60}; connect its chunker")
    entries = _listed(result[name], name)
    if name != "general_chunks" and not all(isinstance(entry, Mapping) for entry in entries):
        raise InputError(f"{name} must be a list of objects; connect its chunker")
    return entries


def _listed(value: Any, name: str) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise InputError(f"{name} must be a list, got {value!r:.60}; connect a chunker of this structure")
    return value


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str):
        raise InputError(f"{name} must be a text, got {value!r:.60}; connect a chunker of this structure")
    return value


def _files(entry: Mapping[str, Any]) -> tuple[File, ...]:
    return tuple(file for file in entry.get("files") or () if isinstance(file, File))
