"""Reads question-answer pairs from running text: marked Q: and A:, headings that ask, numbered questions."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from chunkers.pairs import Pair, Place, Unpaired
from knowledge.types import Block

_QUESTION_WORDS: Final = "Questions?|QUESTION|Q|问题|提问|问|問題|問|質問"
_ANSWER_WORDS: Final = "Answers?|ANSWER|A|答案|回答|解答|答|答え"
_LINE_START: Final = r"^[ \t>#*_-]{0,12}(?:\d{1,4}[.、)）][ \t]{0,4})?[*_]{0,3}"
_NUMBER: Final = r"[ \t]?\d{0,4}[*_]{0,3}[ \t]{0,4}"
_COLON: Final = rf"{_NUMBER}[:：][*_]{{0,3}}[ \t]{{0,4}}[*_]{{0,3}}"
_POINT: Final = rf"{_NUMBER}[.、．](?=[^\d\n])[ \t]{{0,4}}[*_]{{0,3}}"
_MARKED_QUESTION = re.compile(rf"{_LINE_START}(?:{_QUESTION_WORDS})(?:{_COLON}|{_POINT})", re.MULTILINE)
_MARKED_ANSWER = re.compile(
    rf"{_LINE_START}(?:{_ANSWER_WORDS})(?:{_COLON}|{_POINT})|(?<=[?？。.!！\s])(?:{_ANSWER_WORDS}){_COLON}",
    re.MULTILINE,
)
_NUMBERED_QUESTION = re.compile(
    r"^[ \t>#*_-]{0,12}[(（]?(?:\d{1,4}|[一二三四五六七八九十]{1,3})[.、．)）:：][ \t]*(?=[^\n]*[?？][*_ \t]{0,9}$)",
    re.MULTILINE,
)
_ASKS = re.compile(
    r"[?？吗呢][*_#\s]*\Z"
    r"|^(?:how|what|why|when|where|who|which|can|does|do|is|are|should|will|may) "
    r"|如何|怎么|怎样|什么|为何|是否|哪些|哪个|哪里|多少|多久",
    re.IGNORECASE,
)
_HEADING_MARKS = re.compile(r"[ \t]*#{0,6}[ \t]*(?:\d[\d.]*[.、)）]?[ \t]+)?[*_]*")
_MARKS: Final = " \t\r\n*_"


def pairs_of_text(text: str, blocks: Sequence[Block], stops: Sequence[int] = ()) -> Iterator[Pair | Unpaired]:
    """The pairs in order. The first of the three forms that the text has is taken for the whole of it.

    No answer goes on over the positions in `stops`, where something begins that is read in another way.
    """
    marked = list(_MARKED_QUESTION.finditer(text)) if _MARKED_ANSWER.search(text) else []
    if marked:
        marks = [found.span() for found in marked]
        return _marked(text, marks, _ends(text, marks, blocks, stops))
    headings = [block for block in blocks if block.kind == "heading"]
    if any(_asks(text, heading) for heading in headings):
        return _under_headings(text, headings, stops)
    marks = [found.span() for found in _NUMBERED_QUESTION.finditer(text)]
    return _numbered(text, marks, _ends(text, marks, blocks, stops))


def _marked(text: str, marks: Sequence[Place], ends: Iterable[int]) -> Iterator[Pair | Unpaired]:
    for (_, begin), end in zip(marks, ends, strict=True):
        answer = _MARKED_ANSWER.search(text, begin, end)
        if answer:
            yield _pair(text, (begin, answer.start()), (answer.end(), end))
        else:
            yield Unpaired(position=begin, what="questions")


def _numbered(text: str, marks: Sequence[Place], ends: Iterable[int]) -> Iterator[Pair | Unpaired]:
    for (_, begin), end in zip(marks, ends, strict=True):
        line_end = text.find("\n", begin, end)
        yield (
            _pair(text, (begin, line_end), (line_end, end))
            if line_end > 0
            else Unpaired(position=begin, what="questions")
        )


def _ends(text: str, marks: Sequence[Place], blocks: Sequence[Block], stops: Sequence[int]) -> Iterator[int]:
    """Where what each mark opens ends: at the next mark or stop, or at a heading that is no mark itself."""
    headings = (block.start for block in blocks if block.kind == "heading")
    ends = sorted({*headings, *stops, *(start for start, _ in marks), len(text)})
    for _, begin in marks:
        yield ends[bisect_left(ends, begin)]


def _under_headings(text: str, headings: Sequence[Block], stops: Sequence[int]) -> Iterator[Pair | Unpaired]:
    for index, heading in enumerate(headings):
        if _asks(text, heading):
            end = next(
                (
                    other.start
                    for other in headings[index + 1 :]
                    if _asks(text, other) or (other.level or 1) <= (heading.level or 1)
                ),
                len(text),
            )
            stop = bisect_left(stops, heading.end)
            end = min(end, stops[stop]) if stop < len(stops) else end
            marks = _HEADING_MARKS.match(text, heading.start, heading.end)
            start = marks.end() if marks else heading.start
            yield _pair(text, (start, heading.end), (heading.end, end))


def _asks(text: str, heading: Block) -> bool:
    marks = _HEADING_MARKS.match(text, heading.start, heading.end)
    return bool(_ASKS.search(text[marks.end() if marks else heading.start : heading.end]))


def _pair(text: str, question: Place, answer: Place) -> Pair | Unpaired:
    question, answer = _trimmed(text, *question, _MARKS), _trimmed(text, *answer, " \t\r\n")
    if question[0] == question[1] or answer[0] == answer[1]:
        return Unpaired(position=question[0], what="questions")
    return Pair(questions=(question,), answer=answer, shown_answer=text[slice(*answer)])


def _trimmed(text: str, start: int, end: int, marks: str) -> Place:
    inside = text[start:end]
    start += len(inside) - len(inside.lstrip(marks))
    return start, max(start, start + len(inside.strip(marks)))
