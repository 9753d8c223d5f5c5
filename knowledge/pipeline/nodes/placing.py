"""Where the chunks of a pipeline stand: found again in the file they were cut from, which a citation names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Final

import chunkers
from chunkers.cutting import Cutting, Span
from extractors.table import cell
from knowledge.pipeline.nodes.structures import Piece
from knowledge.types import Chunk, Document

_GAP: Final = "\n\n"
_ENOUGH: Final = 0.5
"""The share of the pieces that a file must say to be what they were cut from, and not what a model worked on."""

_Place = tuple[Span, Span | None]
"""Of a piece, and of its answer."""


def placed(pieces: Sequence[Piece], sources: Iterable[Document]) -> tuple[Document, list[Chunk]]:
    """The document that the pieces were cut from, and the pieces as spans of its text, with headings, pages and rows.

    That is the one which says the most of them, as it is or cleaned; what it does not say was generated, and is
    appended to its text. When none says half of them, the text is the pieces alone.
    """
    readable = list(sources)
    document, found = _best(pieces, readable)
    extended, places = _appended(pieces, document, found)
    text = extended.text
    cutting = Cutting(
        chunkers.General(), text, [block for block in extended.blocks if block.end > block.start]
    )
    chunks = []
    for piece, place, before in zip(pieces, places, found, strict=True):
        chunk = _chunk(cutting, text, piece, place)
        is_said = before is not None or not readable
        chunks.append(chunk if is_said else replace(chunk, origin="generated"))
    return extended, chunks


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
    """The document as chunkers may have cleaned it: they are given a text, which does not tell what is code."""
    prose = tuple(
        replace(block, kind="paragraph") if block.kind == "code" else block for block in document.blocks
    )
    for spaces, addresses in product((False, True), repeat=2):
        yield chunkers.clean(
            replace(document, blocks=prose), remove_extra_spaces=spaces, remove_urls_emails=addresses
        ).document


def _places(pieces: Sequence[Piece], text: str) -> list[_Place | None]:
    """Each is looked for from where the one before it begins: passages may overlap."""
    places: list[_Place | None] = []
    position = 0
    for piece in pieces:
        question = _found(text, piece.content, position) or _found(text, piece.content, 0)
        place = _with_answer(piece, text, question) if question else None
        position = place[0].start if place else position
        places.append(place)
    return places


def _with_answer(piece: Piece, text: str, question: Span) -> _Place | None:
    """The answer is looked for after its question, then before it, as columns may be in any order."""
    if piece.answer is None:
        return question, None
    answer = _found(text, piece.answer, question.end) or _found(text, piece.answer, 0)
    return (question, answer) if answer else None


def _found(text: str, said: str, start: int) -> Span | None:
    """Where it is said from `start` on, as it is or as a cell of a table has it."""
    for written in (said, cell(said)):
        position = text.find(written, start)
        if position >= 0:
            return _span(position, written)
    return None


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
    return (
        replace(passage, answer=piece.answer, answer_span=(answer.start, answer.end)) if answer else passage
    )


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
