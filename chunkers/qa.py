"""The question-answer structure: questions are searched, their answers returned."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chunkers.general import text_and_blocks
from chunkers.locators import Locators
from chunkers.pairs import Pair, Unpaired
from chunkers.qa_tables import Column, pairs_of_tables
from chunkers.qa_text import pairs_of_text
from chunkers.rows import tables
from chunkers.rulers import Characters
from chunkers.sections import Sections, heading_title
from knowledge.defaults import BY_NAME
from knowledge.errors import InputError
from knowledge.types import Block, Chunk, Document

Columns = Column | Sequence[Column]


@dataclass(frozen=True, slots=True, kw_only=True)
class QA:
    """Reads the question-answer pairs that a document holds: in tables, or in running text.

    A column is a header's text, a letter ("B") or a number counted from 0; columns without any text are not
    counted. Not given, they are those with the usual names (question, 问题 …), in spreadsheets and CSV else
    the first two. Where a question or answer column is given, running text is not read.
    """

    question: Columns | None = None
    """One or several: each holds one spelling of the question."""
    answer: Column | None = None
    similar: Columns | None = None
    """Columns whose cells hold several spellings, divided by ; ；, line breaks or question marks."""

    def __post_init__(self) -> None:
        for column in (*_listed(self.question), *_listed(self.answer), *_listed(self.similar)):
            if not isinstance(column, str | int) or isinstance(column, bool) or column == "":
                raise InputError(
                    f"a column must be a name, a letter or a number from 0, got {column!r}; give one of these"
                )

    def chunk(self, document: Document | str) -> list[Chunk]:
        """One chunk for each spelling of a question: `content` is the question, `answer` its answer.

        Both are spans of the text, in order of the pairs. Raises `InputError` when no table has the columns.
        """
        return self.chunk_with_warnings(document)[0]

    def chunk_with_warnings(self, document: Document | str) -> tuple[list[Chunk], tuple[str, ...]]:
        """The same, and lines that say how many rows or questions lacked one half and were left out."""
        whole = Document(text=document) if isinstance(document, str) else document
        found = sorted(self._found(whole), key=_position)
        locators = Locators(*text_and_blocks(whole))
        pairs = [entry for entry in found if isinstance(entry, Pair)]
        return list(_chunks(whole, pairs, locators)), tuple(_warnings(found, locators))

    def _found(self, document: Document) -> Iterator[Pair | Unpaired]:
        text, blocks = text_and_blocks(document)
        question, similar = _listed(self.question), _listed(self.similar)
        in_tables = list(pairs_of_tables(text, tables(text, blocks), question, self.answer, similar))
        yield from in_tables
        if not question and not similar and self.answer is None:
            yield from pairs_of_text(text, blocks, _blocks_with(blocks, in_tables))


def _listed(columns: Columns | None) -> tuple[Column, ...]:
    if columns is None:
        return ()
    return (columns,) if isinstance(columns, str | int) else tuple(columns)


def _position(entry: Pair | Unpaired) -> int:
    return entry.position if isinstance(entry, Unpaired) else min(entry.answer, *entry.questions)[0]


def _blocks_with(blocks: Sequence[Block], entries: Sequence[Pair | Unpaired]) -> list[int]:
    """Where the blocks start that hold these."""
    starts = [block.start for block in blocks]
    return sorted({starts[bisect_right(starts, _position(entry)) - 1] for entry in entries})


def _chunks(document: Document, pairs: Sequence[Pair], locators: Locators) -> Iterator[Chunk]:
    text, blocks = text_and_blocks(document)
    sections = Sections(text, blocks, Characters(text, int(BY_NAME["max_length"].default)))
    for pair in pairs:
        for start, end in pair.questions:
            trail = sections.trail(start)
            if trail and trail[-1].endswith(heading_title(text[start:end])):
                trail = trail[:-1]
            yield Chunk(
                content=text[start:end],
                start=start,
                end=end,
                context=" > ".join(trail),
                headings=trail,
                locator=locators.of(start, start, end),
                answer=pair.shown_answer,
                answer_span=pair.answer,
            )


def _warnings(found: Sequence[Pair | Unpaired], locators: Locators) -> Iterator[str]:
    for what in ("rows", "questions"):
        lacking = [entry.position for entry in found if isinstance(entry, Unpaired) and entry.what == what]
        if lacking:
            place = locators.of(lacking[0], lacking[0], lacking[0] + 1)
            where = f"row {place.row}" if place.row else f"line {place.line}" if place.line else "unknown"
            yield f"{what} left out for want of a question or an answer: {len(lacking)}; the first is {where}"
    if not any(isinstance(entry, Pair) for entry in found):
        yield (
            "no question-answer pairs found; expected a table with question and answer columns, lines with"
            " Q: and A: (问：答：), or headings or numbered lines that are questions"
        )
