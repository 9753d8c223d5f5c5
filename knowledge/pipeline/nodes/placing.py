"""Where the chunks of a pipeline stand: found again in the file they were cut from, which a citation names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, product
from typing import Final

import chunkers
from chunkers.cutting import Cutting, Span
from extractors.table import cell
from knowledge.pipeline.nodes.structures import Piece
from knowledge.types import Chunk, Document

_GAP: Final = "\n\n"
_ENOUGH: Final = 0.5
"""The share of the pieces that a file must say to be what they were cut from, and not what a model worked on."""
_SAMPLE: Final = 50
"""Pieces that tell this: of a long text, all would take as many scans as there are pieces."""

_Place = tuple[Span, Span | None]
"""Of a piece, and of its answer."""


def placed(pieces: Sequence[Piece], sources: Iterable[Document]) -> tuple[Document, list[Chunk]]:
    """The document that the pieces were cut from, and the pieces as spans of its text, with headings, pages and rows.

    That is the one which says the most of them, as it is or cleaned; what it does not say was generated, and is
    appended to its text. When none says half of them, the text is the pieces alone.
    """
    readable = list(sources)
    document, found = _best(pieces, readable)
    document, places = _appended(pieces, document, found)
    blocks = [block for block in document.blocks if block.end > block.start]
    cutting = Cutting(chunkers.General(), document.text, blocks)
    chunks = [
        _chunk(cutting, piece, place, is_said=before is not None or not readable)
        for piece, place, before in zip(pieces, places, found, strict=True)
    ]
    images = {image.name: image for source in readable for image in source.images}
    shown = tuple(image for name, image in images.items() if name in document.text)
    return replace(document, images=shown), chunks


def _best(pieces: Sequence[Piece], sources: Iterable[Document]) -> tuple[Document, list[_Place | None]]:
    sample = pieces[:: len(pieces) // _SAMPLE + 1]
    best, most = None, len(sample) * _ENOUGH
    for document in chain.from_iterable(map(_readings, sources)):
        found = sum(_place(piece, document.text, 0) is not None for piece in sample)
        if found >= most:
            best, most = document, found + 1
        if found == len(sample):
            break
    return (best, _places(pieces, best.text)) if best else (Document(text=""), [None] * len(pieces))


def _readings(document: Document) -> Iterator[Document]:
    """The document as chunkers may have cleaned it: they are given a text, which does not tell what is code."""
    prose = tuple(
        replace(block, kind="paragraph") if block.kind == "code" else block for block in document.blocks
    )
    for spaces, addresses in product((False, True), repeat=2):
        yield chunkers.clean(
            replace(document, blocks=prose), remove_extra_spaces=spaces, remove_urls_emails=addresses
        ).document


def _places(pieces: Sequence[Piece], text: str) -> list[_Place | None]:
    """Each is looked for behind where the one before it begins, as passages may overlap, then anywhere."""
    places: list[_Place | None] = []
    position = 0
    for piece in pieces:
        place = _place(piece, text, position) or _place(piece, text, 0)
        position = place[0].start + 1 if place else position
        places.append(place)
    return places


def _place(piece: Piece, text: str, start: int) -> _Place | None:
    """Of a pair, the answer is looked for after its question, then before it, as columns may be in any order."""
    if piece.answer is None:
        span = _found(text, start, piece.content) or _found(text, start, cell(piece.content))
        return (span, None) if span else None
    question = _in_cell(text, start, piece.content)
    answer = question and (_in_cell(text, question.end, piece.answer) or _in_cell(text, 0, piece.answer))
    return (question, answer) if question and answer else None


def _in_cell(text: str, start: int, said: str) -> Span | None:
    """As all of a cell, before the same words within another."""
    framed = _found(text, start, f"| {cell(said)} |")
    if framed:
        return _span(framed.start + 2, cell(said))
    return _found(text, start, said) or _found(text, start, cell(said))


def _found(text: str, start: int, written: str) -> Span | None:
    position = text.find(written, start)
    return _span(position, written) if position >= 0 else None


def _span(start: int, said: str) -> Span:
    return Span(start, start, start + len(said))


def _appended(
    pieces: Sequence[Piece], document: Document, places: Sequence[_Place | None]
) -> tuple[Document, list[_Place]]:
    """The document with the pieces that have no place at its end."""
    parts, length = [document.text] if document.text else [], len(document.text)
    known: list[_Place] = []
    for piece, place in zip(pieces, places, strict=True):
        if place is not None:
            known.append(place)
            continue
        start = length + len(_GAP) if parts else 0
        answer = None if piece.answer is None else _span(start + len(piece.content) + 1, piece.answer)
        parts.append(piece.content if piece.answer is None else f"{piece.content}\n{piece.answer}")
        length = start + len(parts[-1])
        known.append((_span(start, piece.content), answer))
    return replace(document, text=_GAP.join(parts)), known


def _chunk(cutting: Cutting, piece: Piece, place: _Place, *, is_said: bool) -> Chunk:
    span, answer = place
    chunk = cutting.passage(span)
    chunk = replace(
        chunk,
        children=tuple(_children(cutting, piece, chunk)),
        origin="source" if is_said else "generated",
    )
    return replace(chunk, answer=piece.answer, answer_span=(answer.start, answer.end)) if answer else chunk


def _children(cutting: Cutting, piece: Piece, parent: Chunk) -> Iterator[Chunk]:
    """A child whose words are not in its parent is of the parent as a whole, written by whatever came before."""
    position = 0
    for child in piece.children:
        found = parent.content.find(child, position)
        found = parent.content.find(child) if found < 0 else found
        if found < 0:
            yield Chunk(content=child, start=parent.start, end=parent.end, origin="generated")
        else:
            position = found
            yield cutting.passage(_span(parent.start + found, child))
