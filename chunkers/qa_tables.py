"""Reads question-answer pairs from tables: which columns hold them, and how many spellings a cell holds."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from chunkers.pairs import Pair, Unpaired
from chunkers.rows import Cell, Row, Table, shown
from knowledge.errors import InputError

Column = str | int
"""A header's text, a spreadsheet letter, or a number counted from 0."""

_QUESTION_NAMES: Final = frozenset(
    ("question", "questions", "q", "问题", "问", "提问", "标准问", "标准问题", "標準問題", "問題", "质问")
)
_ANSWER_NAMES: Final = frozenset(("answer", "answers", "a", "答案", "答", "回答", "解答", "答复", "回复"))
_SIMILAR_NAMES: Final = frozenset(
    ("similar questions", "similar question", "相似问题", "相似问", "相似问法", "扩展问", "扩展问题")
)
_ANSWERS = re.compile("答案|回答|解答|answer")
_ONE_PER_LINE = re.compile("一行一|每行一|one per line")
"""How the header of a column says that each of its cells holds several spellings."""
_REMARK = re.compile(r"\s*[（(].*", re.DOTALL)
_LETTERS = re.compile("[A-Z]{1,3}")
_BETWEEN_SPELLINGS = re.compile(r"(?i)\s*(?:<br\s*/?>|\\\||[\n;；])\s*|(?<=[?？])\s*")


@dataclass(frozen=True, slots=True)
class _Columns:
    questions: tuple[int, ...]
    similar: tuple[int, ...]
    answer: int


def pairs_of_tables(
    text: str,
    tables: Sequence[Table],
    question: Sequence[Column],
    answer: Column | None,
    similar: Sequence[Column],
) -> Iterator[Pair | Unpaired]:
    """The pairs of the tables that have these columns; rows without a question or an answer as `Unpaired`.

    Columns not given are found by their usual names; in spreadsheets and CSV they are otherwise the first
    two. Raises `InputError` when no table has a column that was given.
    """
    chosen = [(table, _columns(text, table, question, answer, similar)) for table in tables]
    if (question or answer is not None or similar) and not any(columns for _, columns in chosen):
        raise InputError(_no_such_columns(text, tables, [*question, *similar, answer]))
    for table, columns in chosen:
        if columns:
            for row in table.rows:
                yield from _pair(text, row, columns)


def _pair(text: str, row: Row, columns: _Columns) -> Iterator[Pair | Unpaired]:
    questions = [cell for column in columns.questions for cell in _filled(row, column)]
    spellings = [
        spelling
        for column in columns.similar
        for cell in _filled(row, column)
        for spelling in _spellings(text, cell)
    ]
    answers = _filled(row, columns.answer)
    if (questions or spellings) and answers:
        yield Pair(
            questions=(*questions, *spellings), answer=answers[0], shown_answer=shown(text, answers[0])
        )
    elif any(start < end for start, end in row):
        yield Unpaired(position=row[0][0], what="rows")


def _filled(row: Row, column: int) -> list[Cell]:
    return [cell for cell in row[column : column + 1] if cell[0] < cell[1]]


def _spellings(text: str, cell: Cell) -> Iterator[Cell]:
    start, end = cell
    for between in _BETWEEN_SPELLINGS.finditer(text, start, end):
        if between.start() > start:
            yield start, between.start()
        start = between.end()
    if start < end:
        yield start, end


def _columns(
    text: str, table: Table, question: Sequence[Column], answer: Column | None, similar: Sequence[Column]
) -> _Columns | None:
    """The columns of a table; None when it lacks one that was given, or none can be told."""
    labels = [" ".join(shown(text, cell).split()).casefold() for cell in table.header]
    answer_columns = [] if answer is None else [answer]
    questions, spelled, answers = (_all_found(labels, given) for given in (question, similar, answer_columns))
    if questions is None or spelled is None or answers is None:
        return None
    questions = questions or _named(labels, _QUESTION_NAMES)[:1]
    similar_columns = spelled or [
        *_named(labels, _SIMILAR_NAMES),
        *(column for column in questions if _ONE_PER_LINE.search(labels[column])),
    ]
    answers = answers or _named(labels, _ANSWER_NAMES)[:1]
    answers = answers or _mentioning(labels, _ANSWERS, {*questions, *similar_columns})[:1]
    if table.is_sheet or question or similar or answer_columns:
        taken = {*questions, *answers, *similar_columns}
        free = [column for column in range(len(labels)) if column not in taken]
        if not questions and not spelled:
            questions, free = free[:1], free[1:]
        answers = answers or free[:1]
    if not answers or not (questions or similar_columns):
        return None
    return _Columns(
        questions=tuple(column for column in questions if column not in similar_columns),
        similar=tuple(similar_columns),
        answer=answers[0],
    )


def _named(labels: Sequence[str], names: frozenset[str]) -> list[int]:
    return [column for column, label in enumerate(labels) if _REMARK.sub("", label) in names]


def _mentioning(labels: Sequence[str], word: re.Pattern[str], taken: Collection[int]) -> list[int]:
    return [column for column, label in enumerate(labels) if word.search(label) and column not in taken]


def _all_found(labels: Sequence[str], columns: Iterable[Column]) -> list[int] | None:
    found = [_found(labels, column) for column in columns]
    return None if None in found else [column for column in found if column is not None]


def _found(labels: Sequence[str], column: Column) -> int | None:
    """By the header's text, by that text without its remark in brackets, by letter, by number."""
    if isinstance(column, int):
        return column if 0 <= column < len(labels) else None
    name = " ".join(column.split()).casefold()
    if name in labels:
        return labels.index(name)
    plain = [_REMARK.sub("", label) for label in labels]
    if name in plain:
        return plain.index(name)
    if _LETTERS.fullmatch(column):
        number = 0
        for letter in column:
            number = number * 26 + ord(letter) - ord("A") + 1
        return number - 1 if number <= len(labels) else None
    return _found(labels, int(column)) if column.isdecimal() else None


def _no_such_columns(text: str, tables: Sequence[Table], columns: Sequence[Column | None]) -> str:
    wanted = ", ".join(repr(column) for column in columns if column is not None)
    if not tables:
        return f"no table to read the columns {wanted} from; leave the columns out to read questions in running text"
    there = ", ".join(repr(shown(text, cell)) for cell in tables[0].header)
    return f"no table has the columns {wanted}; the first one has {there}: give names, letters or numbers"
