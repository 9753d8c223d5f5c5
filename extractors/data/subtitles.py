"""Reads subtitles (WebVTT, SubRip): what is said and by whom, in passages of about a minute that know their time."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from extractors.cleaning import fold
from extractors.encodings.decoding import decode
from extractors.markup.text import paragraphs
from extractors.writer import DocumentWriter, written
from knowledge.types import Document, Locator, ReadOptions

PASSAGE_S: Final = 60
"""Seconds of speech that share a time: a passage is found by its beginning."""
_PAUSE_S: Final = 3
"""A silence that ends a paragraph."""
_STAMP: Final = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
_TIMING = re.compile(rf"\s*{_STAMP}\s*-->\s*{_STAMP}")
_NUMBER = re.compile(r"\s*\d+\s*$")
_LEFT_OUT = re.compile(r"\s*(?:WEBVTT|NOTE|STYLE|REGION|X-TIMESTAMP-MAP)\b")
_LANGUAGE = re.compile(r"Language:\s*([\w-]+)")
_VOICE = re.compile(r"<v(?:\.[\w.-]+)?\s+([^<>\n]{1,200})>")
_MARKUP = re.compile(
    r"</?(?:[biuvc]|ruby|rt|lang|font)(?:[.\s][^<>]*)?>|<[\d:.]+>|\{\\[^{}]*\}", re.IGNORECASE
)
_SENTENCE_END: Final = (".", "!", "?", "…", "。", "！", "？")


@dataclass(slots=True)
class _Cue:
    start: float
    end: float
    line: int
    lines: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Turn:
    """What one speaker says without a pause."""

    start: float
    line: int
    speaker: str
    pieces: list[str]
    end: float


def extract(data: bytes, name: str, options: ReadOptions) -> Document:
    """Cues joined to running text, without notes, styles and numbers. A text without cues is kept as it is."""
    decoded = decode(data)
    cues = list(_cues(decoded.text))
    if not cues:
        return written(name, decoded.text, list(paragraphs(decoded.text)), {}, decoded.warnings)
    writer = DocumentWriter(name)
    for warning in decoded.warnings:
        writer.warn(warning)
    language = _LANGUAGE.search(decoded.text.partition("\n\n")[0])
    writer.describe({"language": language.group(1) if language else None})
    _write(writer, _turns(_unrolled(cues)))
    return writer.finish()


def _cues(text: str) -> Iterator[_Cue]:
    cue: _Cue | None = None
    is_left_out = False
    for number, line in enumerate(text.split("\n"), start=1):
        if timing := _TIMING.match(line):
            if cue:
                yield _without_number(cue)
            stamps = timing.groups()
            cue, is_left_out = _Cue(_seconds(stamps[:4]), _seconds(stamps[4:]), number), False
        elif not line.strip():
            is_left_out = False
            if cue:
                cue.lines.append("")
        elif _LEFT_OUT.match(line) and (cue is None or not cue.lines or not cue.lines[-1]):
            is_left_out = True
        elif cue and not is_left_out:
            cue.lines.append(line)
    if cue:
        yield cue


def _without_number(cue: _Cue) -> _Cue:
    """The last line before the next timing, after a blank one, names the next cue."""
    lines = cue.lines
    if lines and lines[-1] and (_NUMBER.match(lines[-1]) or (len(lines) > 1 and not lines[-2])):
        lines.pop()
    return cue


def _seconds(stamp: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = (part or "0" for part in stamp)
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(fraction.ljust(3, "0")) / 1000


def _unrolled(cues: Iterable[_Cue]) -> Iterator[_Cue]:
    """Rolling captions show the lines of the cue before once more, or the same line with more words."""
    before: list[str] = []
    for cue in cues:
        shown = [line for line in map(fold, cue.lines) if line]
        new = [line for line in shown if line not in before]
        if new and before and new[0].startswith(f"{before[-1]} "):
            new[0] = new[0][len(before[-1]) :].strip()
        before = shown or before
        if new:
            yield _Cue(cue.start, cue.end, cue.line, new)


def _turns(cues: Iterable[_Cue]) -> Iterator[_Turn]:
    """A paragraph until somebody else speaks, a pause, or the end of a sentence after a minute."""
    turn: _Turn | None = None
    for cue in cues:
        for speaker, text in _spoken(cue.lines):
            if turn and not _ends(turn, cue, speaker):
                turn.pieces.append(text)
                turn.end = cue.end
                continue
            if turn:
                yield turn
            turn = _Turn(cue.start, cue.line, speaker, [text], cue.end)
    if turn:
        yield turn


def _ends(turn: _Turn, cue: _Cue, speaker: str) -> bool:
    is_long = cue.start - turn.start >= PASSAGE_S and turn.pieces[-1].endswith(_SENTENCE_END)
    is_endless = cue.start - turn.start >= 2 * PASSAGE_S
    return (
        bool(speaker and speaker != turn.speaker) or cue.start - turn.end >= _PAUSE_S or is_long or is_endless
    )


def _spoken(lines: list[str]) -> Iterator[tuple[str, str]]:
    """(speaker, text); no speaker where the cue does not name one."""
    whole = "\n".join(lines)
    pieces = _VOICE.split(whole)
    named = [("", pieces[0]), *zip(pieces[1::2], pieces[2::2], strict=True)]
    for speaker, text in named:
        if spoken := fold(html.unescape(_MARKUP.sub("", text))):
            yield speaker.strip(), spoken


def _write(writer: DocumentWriter, turns: Iterable[_Turn]) -> None:
    passage: float | None = None
    for turn in turns:
        if passage is None or turn.start - passage >= PASSAGE_S or turn.start < passage:
            passage = turn.start
        text = fold("\n".join(turn.pieces))
        locator = Locator(line=turn.line, part=_clock(passage))
        writer.add("paragraph", f"{turn.speaker}: {text}" if turn.speaker else text, locator=locator)


def _clock(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}"
