"""Cuts one text into passages: the choice between the borders that there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from chunkers.borders import (
    Finder,
    first_readable,
    is_joined,
    last_character,
    last_clause,
    last_sentence,
    last_symbol,
    last_word,
    layout_finders,
    skip_space,
)
from chunkers.delimiters import Droppable, decode_delimiter, is_layout, last_end, pattern_of
from chunkers.locators import Locators
from chunkers.rulers import ruler
from chunkers.sections import Sections
from chunkers.stops import Stops, piece_ends, row_ends
from chunkers.tables import Tables
from chunkers.units import Units
from knowledge.types import Block, Chunk

if TYPE_CHECKING:
    from chunkers.general import General

_IN_LINES: Final[tuple[Finder, ...]] = (last_sentence, last_clause, last_word, last_symbol)

_SECTION: Final = -1
"""The rank of a section's end."""


class Span(NamedTuple):
    """`text[start:end]`, whose own text begins at `new`: before that it repeats the passage before it."""

    start: int
    new: int
    end: int


_Cut = tuple[int, int]
"""The rank of the kind of border, the lower the coarser, and the position."""


class Cutting:
    """One text being cut by the settings of a `General`."""

    def __init__(self, settings: General, text: str, blocks: Sequence[Block]) -> None:
        self._text = text
        self._structured = bool(blocks)
        self._bounded = self._structured or settings.row_per_chunk or not settings.merge
        self._limit = settings.max_length
        self._overlap = settings.overlap
        self._ruler = ruler(text, settings.length, settings.max_length)
        self._tiny = self._ruler.tiny
        self._units = Units(text, blocks, self._ruler)
        self._sections = Sections(text, blocks, self._ruler)
        self._tables = Tables(text, blocks, self._ruler)
        self._locators = Locators(text, blocks)
        self._droppable = None if settings.keep_delimiter else Droppable(settings.delimiters, text)
        self._stops = self._all_stops(settings, blocks)
        self._finders = tuple(enumerate(self._ranked(settings.delimiters)))

    def _all_stops(self, settings: General, blocks: Sequence[Block]) -> Stops:
        patterns = [] if settings.merge else [pattern_of(delimiter) for delimiter in settings.delimiters]
        rows = row_ends(self._text, blocks) if settings.row_per_chunk else []
        return Stops(len(self._text), piece_ends(self._text, patterns, self._piece_fits), rows)

    def _piece_fits(self, start: int, end: int) -> bool:
        if self._ruler.fits(start, end):
            return True
        start = min(self._skip(start), end)
        return self._ruler.fits(start, self._trimmed(start, end))

    def _ranked(self, delimiters: Sequence[str]) -> list[Finder]:
        """Coarsest first. Block borders know the layout better than white-space delimiters do."""
        finders = [last_end(delimiter, self._text) for delimiter in delimiters]
        layout = next((i for i, delimiter in enumerate(delimiters) if is_layout(delimiter)), len(delimiters))
        if self._structured:
            finders.insert(layout, self._units.last_border)
        has_lines = any(decode_delimiter(delimiter) == "\n" for delimiter in delimiters)
        return [*finders, *layout_finders(self._text, without_lines=has_lines), *_IN_LINES]

    def chunks(self, begin: int, end: int) -> Iterator[Chunk]:
        """The passages of `text[begin:end]`, in order."""
        return (self.passage(span) for span in self.spans(begin, end))

    def spans(self, begin: int, end: int) -> Iterator[Span]:
        """Where the passages of `text[begin:end]` stand, in order."""
        rank, cut = _SECTION, begin
        start = earliest = self._skip(begin)
        while start < end:
            opening = self._opening(start, earliest) if self._overlap else start
            stop = self._stop(cut, start, end) if self._bounded else end
            rank, cut = self._cut(start, opening, stop, rank)
            last = self._trimmed(start, cut)
            while not self._ruler.fits(start, last):
                rank, cut = self._best_cut(start, self._ruler.shorter(start, last), stop)
                last = self._trimmed(start, cut)
            if opening < start and not self._ruler.fits(opening, last):
                opening = self._later_opening(start, earliest, last)
            yield Span(opening, start, last)
            earliest = start + 1
            start = self._skip(cut)

    def _stop(self, cut: int, start: int, end: int) -> int:
        """Where the passage from `start` must end at the latest; `cut` is where the one before it ended."""
        return min(self._sections.end(cut, start), self._stops.next(start), end)

    def _skip(self, position: int) -> int:
        """`position`, or where the white space there ends, and the delimiters that are to be dropped."""
        position = skip_space(self._text, position)
        if self._droppable:
            while (after := self._droppable.skip(position)) > position:
                position = skip_space(self._text, after)
        return position

    def _trimmed(self, start: int, end: int) -> int:
        """`end`, or where the white space and the delimiters to be dropped before it begin."""
        if self._text[end - 1].isspace():
            end = start + len(self._text[start:end].rstrip())
        if self._droppable:
            while start < (before := self._droppable.trim(end)) < end:
                end = start + len(self._text[start:before].rstrip())
        return end

    def _opening(self, start: int, earliest: int) -> int:
        """Where the passage with new text from `start` begins: below its headings, at `earliest` or later."""
        low = max(
            self._ruler.back(start, self._overlap),
            earliest,
            self._sections.body(start),
            self._stops.floor(start),
        )
        if low >= start:
            return start
        opening = self._units.whole_line_start(first_readable(self._text, low, start), start)
        return min(self._skip(opening), start)

    def _later_opening(self, start: int, earliest: int, end: int) -> int:
        """The same such that the passage up to `end` is within the limit."""
        opening = self._opening(start, max(earliest, self._ruler.back(end, self._limit)))
        return opening if self._ruler.fits(opening, end) else start

    def passage(self, span: Span, children: tuple[Chunk, ...] = ()) -> Chunk:
        """The passage that stands there."""
        start, new, end = span
        headings = self._sections.trail(start) if self._structured else ()
        return Chunk(
            content=self._text[start:end],
            start=start,
            end=end,
            context=self._context(headings, start) if self._structured else "",
            headings=headings,
            locator=self._locators.of(start, new, end),
            children=children,
        )

    def _context(self, headings: Sequence[str], start: int) -> str:
        return "\n".join(filter(None, (" > ".join(headings), self._tables.header(start))))

    def _reach(self, start: int, enough: int) -> int:
        """How far a passage from `start` can go, at least `enough`: what is trimmed after it does not count."""
        reach = self._ruler.reach(start)
        if reach >= enough:
            return reach
        return self._skip(self._droppable.around(reach) if self._droppable else reach)

    def _cut(self, start: int, opening: int, section_end: int, rank_before: int) -> _Cut:
        """Where the passage ends. Overlap gives way only where it would cut a piece that fits."""
        reach = self._reach(opening, section_end)
        if section_end <= reach:
            return _SECTION, section_end
        cut = rank, position = self._best_cut(start, reach, section_end)
        if opening < start and rank > rank_before:
            reach = self._reach(start, section_end)
            if section_end <= reach:
                return _SECTION, section_end
            cut = _, position = self._coarser_cut(start, reach, section_end, rank) or cut
        return cut if section_end - position >= self._tiny else self._even_cut(start, section_end, cut)

    def _even_cut(self, start: int, section_end: int, cut: _Cut) -> _Cut:
        """A cut of the same kind that leaves more than a scrap to the end of the section; else `cut`."""
        high = section_end - self._tiny
        if high <= start:
            return cut
        even = rank, position = self._best_cut(start, high, section_end)
        return even if rank <= cut[0] and section_end <= self._reach(position, section_end) else cut

    def _best_cut(self, start: int, high: int, section_end: int) -> _Cut:
        """The last cut of the coarsest kind in `(start, high]`."""
        kinds = len(self._finders)
        found = self._coarser_cut(start, high, section_end, kinds)
        if found:
            return found
        for rank, last in (*self._finders, (kinds, last_character)):
            position = self._last(last, start, high, keep_whole=False)
            if position > start:
                return kinds + rank, position
        return 2 * kinds + 1, max(min(high, self._ruler.reach(start)), start + 1)

    def _coarser_cut(self, start: int, high: int, section_end: int, limit: int) -> _Cut | None:
        """The same among the kinds whose rank is under `limit`, keeping stretches whole."""
        for rank, last in self._finders[:limit]:
            position = last(self._text, start, high)
            if position > start and (self._structured or is_joined(self._text, position)):
                position = self._unbroken(last, start, position, keep_whole=self._structured)
            if position > start and not (
                position - start < self._tiny and self._leaves_scrap(last, position, section_end)
            ):
                return rank, position
        return None

    def _leaves_scrap(self, last: Finder, cut: int, section_end: int) -> bool:
        """Whether the piece after a tiny passage must be cut up anyway."""
        following = skip_space(self._text, cut)
        reach = self._reach(following, section_end)
        return section_end > reach and self._last(last, following, reach, keep_whole=self._structured) < 0

    def _last(self, last: Finder, low: int, high: int, *, keep_whole: bool) -> int:
        """The last border of one kind that splits no character and, with `keep_whole`, no stretch; or -1."""
        return self._unbroken(last, low, last(self._text, low, high), keep_whole=keep_whole)

    def _unbroken(self, last: Finder, low: int, cut: int, *, keep_whole: bool) -> int:
        """The same, `cut` being the last border of the kind."""
        while cut > low:
            stretch = self._units.stretch_around(cut) if keep_whole else None
            if stretch is not None:
                high = stretch
            elif is_joined(self._text, cut):
                high = cut - 1
            else:
                return cut
            cut = last(self._text, low, high) if high > low else -1
        return -1
