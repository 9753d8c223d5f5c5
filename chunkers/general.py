"""The general structure: passages of a limited length, cut where a reader would cut, as spans of the text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from chunkers.borders import (
    Finder,
    first_readable,
    is_joined,
    last_character,
    last_delimiter,
    last_line,
    last_paragraph,
    last_sentence,
    last_symbol,
    last_word,
    skip_space,
)
from chunkers.delimiters import checked_delimiters, decode_delimiter
from chunkers.locators import Locators
from chunkers.sections import Sections, tiny_length
from chunkers.tables import Tables
from chunkers.units import Units
from knowledge.defaults import BY_NAME
from knowledge.errors import InputError
from knowledge.types import Block, Chunk, Document

_WORD_AND_COARSER: Final[tuple[Finder, ...]] = (
    last_paragraph,
    last_line,
    last_sentence,
    last_word,
    last_symbol,
)

_SECTION: Final = -1
"""The rank of a section's end."""


@dataclass(frozen=True, slots=True, kw_only=True, init=False)
class General:
    """Cuts documents into passages of at most `max_length` characters.

    `delimiters` are tried from the first to the last; a piece too long for all of them is cut at paragraph,
    line, sentence, word and at last character borders. Neighbouring pieces share a passage while they fit.
    A passage begins up to `overlap` characters before the end of the one before it, at a sentence or word.
    """

    max_length: int
    overlap: int
    delimiters: tuple[str, ...]
    r"""Literal strings, in which `\n \t \r \\ \uXXXX` are understood."""

    def __init__(
        self,
        *,
        max_length: int = int(BY_NAME["max_length"].default),
        overlap: int | None = None,
        delimiters: Sequence[str] = (str(BY_NAME["delimiter"].default),),
    ) -> None:
        """`overlap` not given is a tenth of `max_length`, at most 50. Raises `InputError`."""
        _check_setting("max_length", max_length)
        if overlap is None:
            overlap = min(int(BY_NAME["overlap"].default), max_length // 10)
        _check_setting("overlap", overlap)
        if overlap >= max_length:
            raise InputError(
                f"overlap {overlap} must be less than max_length {max_length}; lower the overlap"
            )
        object.__setattr__(self, "max_length", max_length)
        object.__setattr__(self, "overlap", overlap)
        object.__setattr__(self, "delimiters", checked_delimiters(delimiters))

    def chunk(self, document: Document | str) -> list[Chunk]:
        """Passages in order; every character that is not white space is in at least one of them.

        `text[chunk.start:chunk.end] == chunk.content`, overlap included in `max_length`.
        """
        text, blocks = (document, ()) if isinstance(document, str) else (document.text, document.blocks)
        _check_blocks(text, blocks)
        return list(_Cutting(self, text, [block for block in blocks if block.end > block.start]).chunks())


def _check_setting(name: str, value: int) -> None:
    setting = BY_NAME[name]
    low, high = int(setting.minimum or 0), int(setting.maximum or value)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise InputError(
            f"{name} must be a whole number from {low} to {high}, got {value!r}; choose one of these"
        )


def _check_blocks(text: str, blocks: Sequence[Block]) -> None:
    end = 0
    for block in blocks:
        if not end <= block.start <= block.end:
            raise InputError(
                f"block {block.start}..{block.end} begins before {end}, where the one before it ends; sort the blocks"
            )
        end = block.end
    if end > len(text):
        raise InputError(f"a block ends at {end}, the text at {len(text)}; mend the document's blocks")


class _Cut(NamedTuple):
    rank: int
    """Of the kind of border: the lower, the coarser."""
    position: int


class _Cutting:
    """One text being cut."""

    def __init__(self, settings: General, text: str, blocks: Sequence[Block]) -> None:
        self._text = text
        self._max_length = settings.max_length
        self._overlap = settings.overlap
        self._tiny = tiny_length(settings.max_length)
        self._units = Units(text, blocks, settings.max_length)
        self._sections = Sections(text, blocks, settings.max_length)
        self._tables = Tables(text, blocks, settings.max_length)
        self._locators = Locators(text, blocks)
        self._finders = self._ranked([decode_delimiter(delimiter) for delimiter in settings.delimiters])

    def _ranked(self, delimiters: Sequence[str]) -> list[Finder]:
        """Coarsest first. Block borders know the layout better than white-space delimiters do."""
        finders = [last_delimiter(delimiter) for delimiter in delimiters]
        layout = next((i for i, delimiter in enumerate(delimiters) if delimiter.isspace()), len(delimiters))
        finders.insert(layout, self._units.last_border)
        return [*finders, *_WORD_AND_COARSER]

    def chunks(self) -> Iterator[Chunk]:
        cut = _Cut(_SECTION, 0)
        start = earliest = skip_space(self._text, 0)
        while start < len(self._text):
            opening = self._opening(start, earliest)
            cut = self._cut(start, opening, self._sections.end(cut.position, start), cut.rank)
            end = start + len(self._text[start : cut.position].rstrip())
            if end - opening > self._max_length:
                opening = self._opening(start, max(earliest, end - self._max_length))
            yield self._chunk(opening, start, end)
            earliest = start + 1
            start = skip_space(self._text, cut.position)

    def _opening(self, start: int, earliest: int) -> int:
        """Where the passage with new text from `start` begins: below its headings, at `earliest` or later."""
        low = max(start - self._overlap, earliest, self._sections.body(start))
        if low >= start:
            return start
        opening = self._units.whole_line_start(first_readable(self._text, low, start), start)
        return min(skip_space(self._text, opening), start)

    def _chunk(self, start: int, new: int, end: int) -> Chunk:
        """The passage `text[start:end]`, whose text is its own from `new` on."""
        headings = self._sections.trail(start)
        context = (" > ".join(headings), self._tables.header(start))
        return Chunk(
            content=self._text[start:end],
            start=start,
            end=end,
            context="\n".join(filter(None, context)),
            headings=headings,
            locator=self._locators.of(start, new, end),
        )

    def _reach(self, start: int) -> int:
        """How far a passage from `start` can go: white space after it is trimmed and does not count."""
        return skip_space(self._text, min(start + self._max_length, len(self._text)))

    def _cut(self, start: int, opening: int, section_end: int, rank_before: int) -> _Cut:
        """Where the passage ends. Overlap gives way only where it would cut a piece that fits."""
        if section_end <= self._reach(opening):
            return _Cut(_SECTION, section_end)
        cut = self._best_cut(start, self._reach(opening), section_end)
        if opening < start and cut.rank > rank_before:
            reach = self._reach(start)
            if section_end <= reach:
                return _Cut(_SECTION, section_end)
            cut = self._coarser_cut(start, reach, section_end, cut.rank) or cut
        return cut if section_end - cut.position >= self._tiny else self._even_cut(start, section_end, cut)

    def _even_cut(self, start: int, section_end: int, cut: _Cut) -> _Cut:
        """A cut of the same kind that leaves more than a scrap to the end of the section; else `cut`."""
        high = section_end - self._tiny
        if high <= start:
            return cut
        even = self._best_cut(start, high, section_end)
        return even if even.rank <= cut.rank and section_end <= self._reach(even.position) else cut

    def _best_cut(self, start: int, high: int, section_end: int) -> _Cut:
        """The last cut of the coarsest kind in `(start, high]`."""
        found = self._coarser_cut(start, high, section_end, len(self._finders))
        if found:
            return found
        for rank, last in enumerate((*self._finders, last_character), start=len(self._finders)):
            position = self._last(last, start, high, keep_whole=False)
            if position > start:
                return _Cut(rank, position)
        return _Cut(2 * len(self._finders) + 1, min(high, start + self._max_length))

    def _coarser_cut(self, start: int, high: int, section_end: int, limit: int) -> _Cut | None:
        """The same among the kinds whose rank is under `limit`, keeping stretches whole."""
        for rank, last in enumerate(self._finders[:limit]):
            position = self._last(last, start, high, keep_whole=True)
            if position > start and not self._leaves_scrap(last, start, position, section_end):
                return _Cut(rank, position)
        return None

    def _leaves_scrap(self, last: Finder, start: int, cut: int, section_end: int) -> bool:
        """Whether the passage would be tiny although the piece after it must be cut up anyway."""
        if cut - start >= self._tiny:
            return False
        following = skip_space(self._text, cut)
        reach = self._reach(following)
        return section_end > reach and self._last(last, following, reach, keep_whole=True) < 0

    def _last(self, last: Finder, low: int, high: int, *, keep_whole: bool) -> int:
        """The last border of one kind that splits no character and, with `keep_whole`, no stretch; or -1."""
        cut = last(self._text, low, high)
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
