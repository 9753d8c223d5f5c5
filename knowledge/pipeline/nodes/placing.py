"""Where the chunks of a pipeline stand: found again in the file they were cut from, which is what a citation names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Final

import chunkers
from chunkers.cutting import Cutting, Span
from knowledge.pipeline.nodes.structures import Piece
from knowledge.types import Chunk, Document

_GAP: Final = "\n\n"
_ENOUGH: Final = 0.5
"""The share of the pieces that a file must say to be what they were cut from, and not what a model worked on."""

_Place = tuple[Span, Span | None]
"""Of a piece, and of its answer."""


def placed(pieces: Sequence[Piece], sources: Iterable[Document]) -> tuple[Document, list[Chunk]]:
    """The document that the pieces were cut from, and the pieces as spans of its text, with headings, pages and rows.

    That is the one which says the most of them, as it is or cleaned. Pieces that it does not say (a model wrote or
    changed their words) are appended to its text. When none says half of them, the text is the pieces alone.
    """
    document, places = _best(pieces, sources)
    extended, places = _appended(pieces, document, places)
    text = extended.text
    cutting = Cutting(chunkers.General(), text, [block for block in extended.blocks if block.end > block.start])
    chunks = [_chunk(cutting, text, piece, place) for piece, place in zip(pieces, places, strict=True)]
    if not document.text:
        return extended, chunks
    end = len(document.text)
    return extended, [chunk if chunk.end <= end else replace(chunk, origin="generated") for chunk in chunks]


def _best(pieces: Sequence[Piece], sources: Iterable[Document]) -> tuple[Document, list[_Place | None]]:
    best: tuple[Document, list[_Place | None]] = (Document(text=""), [None] * len(pieces))
    most = len(pieces) * _ENOUGH
    for source in sources:
        for document in _readings(source):
            places = _places(pieces, document.text)
            found = len(pieces) - places.count(None)
            if found == len(pieces):
                return document, places
            if found >= most:
                best, most = (document, places), found + 1
    return best


def _readings(document: Document) -> Iterator[Document]:
    """The document as chunkers may have cleaned it."""
    for spaces, addresses in product((False, True), repeat=2):
        yield chunkers.clean(document, remove_extra_spaces=spaces, remove_urls_emails=addresses).document


def _places(pieces: Sequence[Piece], text: str) -> list[_Place | None]:
    """Each is looked for from where the one before it begins: passages may overlap."""
    places: list[_Place | None] = []
    position = 0
    for piece in pieces:
        start = text.find(piece.content, position)
        start = text.find(piece.content, 0, position) if start < 0 else start
        place = _place(piece, text, start) if start >= 0 else None
        position = start if place else position
        places.append(place)
    return places


def _place(piece: Piece, text: str, start: int) -> _Place | None:
    """The answer is looked for after its question, then before it, as columns may be in any order."""
    question = _span(start, piece.content)
    if piece.answer is None:
        return question, None
    answer = text.find(piece.answer, question[2])
    answer = text.rfind(piece.answer, 0, start) if answer < 0 else answer
    return (question, _span(answer, piece.answer)) if answer >= 0 else None


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


def _chunk(cutting: Cutting, text: str, piece: Piece, place: _Place) -> Chunk:
    span, answer = place
    passage = cutting.passage(span, tuple(_children(cutting, text, piece, span)))
    return replace(passage, answer=piece.answer, answer_span=answer[1:]) if answer else passage


def _children(cutting: Cutting, text: str, piece: Piece, parent: Span) -> Iterator[Chunk]:
    """A child whose words are not in its parent is of the parent as a whole, written by whatever came before."""
    start, _, end = parent
    position = start
    for child in piece.children:
        found = text.find(child, position, end)
        found = text.find(child, start, end) if found < 0 else found
        if found < 0:
            yield Chunk(content=child, start=start, end=end, origin="generated")
        else:
            position = found
            yield cutting.passage(_span(found, child))
