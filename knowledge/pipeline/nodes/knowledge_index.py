"""Puts the chunks of a pipeline into its knowledge base as one document, or shows what they would be."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from knowledge import identity
from knowledge.documents import DocumentRecord
from knowledge.errors import ExtractionError, InputError, PipelineError
from knowledge.pipeline.files import File, read_document
from knowledge.pipeline.new_document import NewDocument
from knowledge.pipeline.nodes.placing import placed
from knowledge.pipeline.nodes.structures import STRUCTURES, Piece, Pieces, preview, read_pieces
from knowledge.pipeline.storing import ingested
from knowledge.pipeline.tools import DocumentContext, Tools
from knowledge.pipeline.variables import Values
from knowledge.types import Document, Image

if TYPE_CHECKING:
    from knowledge.knowledge_base import KnowledgeBase


def index_chunks(
    kb: KnowledgeBase, pieces: Pieces, context: DocumentContext, *, files: Iterable[File] = ()
) -> DocumentRecord:
    """Stores the chunks as the document of this key. One that has the key is searched until the new one is complete.

    `files` are what the chunks were cut from, to which they are traced back. The same chunks again change nothing.
    Raises `InputError` for chunks of another structure than the knowledge base's, and `PipelineError`.
    """
    _store(kb, made_document(pieces, context, files=files))
    return kb.document(identity.document_id(kb.id, context.key))


def _store(kb: KnowledgeBase, document: NewDocument) -> None:
    context, structure = document.context, document.structure
    if kb.record.structure != structure:
        raise InputError(
            f"{kb.name!r} is a {kb.record.structure} knowledge base, the chunks are {structure}; use a pipeline or "
            "a knowledge base of the other structure"
        )
    if error := ingested(kb, [document])[context.key].error:
        raise PipelineError(f"{context.name} was not stored: {error}")


def made_document(pieces: Pieces, context: DocumentContext, *, files: Iterable[File] = ()) -> NewDocument:
    """What `index_chunks` stores."""
    document, chunks = placed(pieces.pieces, _readable(files))
    document = replace(
        document,
        name=context.name,
        images=(*document.images, *_images(pieces.pieces)),
        warnings=(*document.warnings, *_warnings(pieces)),
    )
    structure = STRUCTURES[pieces.chunk_structure]
    return NewDocument(context=context, structure=structure, document=document, chunks=tuple(chunks))


def _readable(files: Iterable[File]) -> Iterator[Document]:
    """What our extractors cannot read another tool may have read: then the chunks have no place in it."""
    for file in files:
        with suppress(ExtractionError):
            yield read_document(file)


def _images(pieces: Sequence[Piece]) -> Iterator[Image]:
    for piece in pieces:
        for file in piece.files:
            data = file.read()
            suffix = "".join(one for one in file.extension if one.isascii() and one.isalnum()) or "bin"
            yield Image(name=f"{hashlib.sha256(data).hexdigest()}.{suffix}", data=data)


def _warnings(pieces: Pieces) -> Iterator[str]:
    if pieces.left_out:
        total = len(pieces.pieces) + pieces.left_out
        yield f"{pieces.left_out} of {total} chunks hold no text, or lack a question or an answer, and are left out"


def _entrance_files(values: Values) -> Iterator[File]:
    """What the run was given: entrances put out a `file`, or the `content` of a page."""
    for outputs in values.scopes.values():
        if isinstance(file := outputs.get("file"), File):
            yield file
        if isinstance(content := outputs.get("content"), str):
            yield File.of_bytes("content.md", content.encode(errors="replace"))


def run(data: Mapping[str, Any], values: Values, tools: Tools) -> dict[str, Any]:
    pieces = read_pieces(data["chunk_structure"], values.get(data["index_chunk_variable_selector"]))
    if tools.preview:
        return preview(pieces)
    kb, context = tools.knowledge_base, tools.document
    if kb is None or context is None:
        raise InputError("the run has no knowledge base to fill; name one, or ask for a preview")
    document = made_document(pieces, context, files=_entrance_files(values))
    if tools.store is None:
        _store(kb, document)
    else:
        tools.store(document)
    batch = ["sys", "batch"]
    return {
        "dataset_id": kb.id,
        "dataset_name": kb.name,
        "batch": values.get(batch) if values.has(batch) else "",
        "document_id": identity.document_id(kb.id, context.key),
        "document_name": context.name,
        "created_at": time.time(),
        "display_status": "completed",
    }
