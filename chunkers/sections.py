"""What stands under which headings: where a passage must end, and the trail of headings above it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chunkers.markup import plain_text
from chunkers.rulers import Ruler
from knowledge.types import Block

_MARKED = re.compile(r"#{1,6}(?![^ \t])")
_ORG = re.compile(r"\*+[ \t]+(?:(?:TODO|DONE)[ \t]+)?(?P<title>.+?)(?:[ \t]+:[\w@#%:]+:)?")
_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1+")
_HIGHEST: Final = 1
_NO_HEADING: Final = 0


def heading_title(written: str) -> str:
    """The text of a heading on one line, without the marks of Markdown, reStructuredText and Org; of one marked as
    Markdown's, what a reader sees."""
    if org := _ORG.fullmatch(written.strip()):
        return " ".join(org["title"].split())
    written = _without_adornment(written.strip())
    marked = _without_heading_marks(written)
    return " ".join((written if marked is None else plain_text(marked)).split())


def _without_adornment(written: str) -> str:
    """Without the line above a title of reStructuredText, and the one below that is not Markdown's as well."""
    lines = written.split("\n")
    if len(lines) > 1 and _ADORNMENT.fullmatch(lines[0].strip()):
        del lines[0]
    if len(lines) > 1 and _ADORNMENT.fullmatch(below := lines[-1].strip()) and below[0] not in "=-":
        del lines[-1]
    return "\n".join(lines)


def _without_heading_marks(written: str) -> str | None:
    """What stands between Markdown's # and #, or above its underline; None when there is neither."""
    if opening := _MARKED.match(written):
        title = written[opening.end() :]
        closed = title.rstrip("#")
        return closed if not closed or closed[-1].isspace() else title
    title, _, underline = written.rpartition("\n")
    return title if set(underline.strip()) in ({"="}, {"-"}) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """From one heading, or several in a row, to the next; or from one sheet or part to the next."""

    start: int
    body: int
    """Where its text begins, below the headings."""
    level: int
    trail: tuple[str, ...] = ()
    stands_alone: bool = False
    """Whether it must not share a passage with the section before it."""


class Sections:
    """The sections of a text. A text without headings is one section."""

    def __init__(self, text: str, blocks: Sequence[Block], ruler: Ruler) -> None:
        self._length = len(text)
        self._ruler = ruler
        self._sections = [Section(start=0, body=0, level=_NO_HEADING), *_sections(text, blocks)]
        self._starts = [section.start for section in self._sections]

    def trail(self, position: int) -> tuple[str, ...]:
        return self._section(position).trail

    def body(self, position: int) -> int:
        """Where the text of the section around `position` begins, below its headings."""
        return self._section(position).body

    def end(self, cut: int, start: int) -> int:
        """Where the passage from `start` must end at the latest; `cut` is where the one before it ended.

        A tiny section takes in those after it that are no higher in rank, as long as all of it fits.
        """
        index = bisect_right(self._starts, start) - 1
        first = self._sections[index]
        end = self._start_of(index + 1)
        if cut > first.start:
            return end
        while end - start < self._ruler.tiny and end < self._length:
            index += 1
            following = self._sections[index]
            following_end = self._start_of(index + 1)
            if following.stands_alone or following.level < first.level:
                break
            if not self._ruler.fits(start, following_end):
                break
            end = following_end
        return end

    def _section(self, position: int) -> Section:
        return self._sections[bisect_right(self._starts, position) - 1]

    def _start_of(self, index: int) -> int:
        return self._starts[index] if index < len(self._starts) else self._length


def _sections(text: str, blocks: Sequence[Block]) -> list[Section]:
    """The sections that begin at a heading, or where another sheet or part begins, in order."""
    sections: list[Section] = []
    above: list[tuple[int, str]] = []
    headings: list[Block] = []
    place: tuple[str | None, str | None] | None = None
    for block in blocks:
        if block.kind == "heading":
            headings.append(block)
            continue
        here = (block.locator.sheet, block.locator.part)
        moved = place is not None and here != place
        place = here
        if headings:
            sections.append(_introduced(text, headings, above, moved))
            headings.clear()
        elif moved:
            above.clear()
            sections.append(
                Section(start=block.start, body=block.start, level=_NO_HEADING, stands_alone=True)
            )
    if headings:
        sections.append(_introduced(text, headings, above, stands_alone=False))
    return sections


def _introduced(
    text: str, headings: Sequence[Block], above: list[tuple[int, str]], stands_alone: bool
) -> Section:
    """The section under `headings`; `above` holds (level, title) from the top down and is brought up to date."""
    for heading in headings:
        level = heading.level or _HIGHEST
        while above and above[-1][0] >= level:
            above.pop()
        above.append((level, heading_title(text[heading.start : heading.end])))
    return Section(
        start=headings[0].start,
        body=headings[-1].end,
        level=headings[0].level or _HIGHEST,
        trail=tuple(title for _, title in above if title),
        stands_alone=stands_alone,
    )
