"""Finds the blank strips that part the columns of a PDF page, and the rows beside which they run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from extractors.pdf.lines import Line
from extractors.pdf.rows import Item, Row, is_near

FAR: Final = 3.0
"""In sizes: what follows after more blank space in all columns is read after them."""
_MOST_GUTTERS: Final = 8
"""Of those found, the most promising are tried."""
_NARROW: Final = 0.8
_WIDE: Final = 1.0
"""In sizes: how wide a gutter must be, beside many rows and beside few."""
_HANGING: Final = 0.04
"""Share of lines that may stand out into a gutter."""
_MANY_ROWS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Rows `first` to `end` that a gutter parts."""

    first: int
    end: int
    x: float
    """In the middle of the gutter."""


def best_band(rows: Sequence[Row], size: float) -> Band | None:
    """The band with most on its thinner side."""
    best: tuple[int, Band] | None = None
    spans = [(item.left, item.right, position) for position, row in enumerate(rows) for item in row]
    far = {at for at in range(1, len(rows)) if not is_near(rows[at - 1], rows[at], size, FAR)}
    for x in _candidates(spans):
        crossed = {position for left, right, position in spans if left < x < right}
        for first, end in _runs(crossed, far, len(rows)):
            weight = _weight(rows[first:end], x, size)
            if weight and (best is None or weight > best[0]):
                best = weight, Band(first=first, end=end, x=x)
    return best[1] if best else None


def _candidates(spans: Sequence[tuple[float, float, int]]) -> list[float]:
    """Places where one item has ended and another begins, the most promising ones: crossed by few, amid many."""
    lefts, rights = sorted(left for left, _, _ in spans), sorted(right for _, right, _ in spans)
    found: list[tuple[int, float]] = []
    ended = 0
    for begun, left in enumerate(lefts):
        before = ended
        while ended < len(rights) and rights[ended] <= left:
            ended += 1
        if ended > before:
            crossing, thinner = begun - ended, min(ended, len(lefts) - begun)
            found.append((crossing - 2 * thinner, (rights[ended - 1] + left) / 2))
    return [x for _, x in sorted(found)[:_MOST_GUTTERS]]


def _runs(crossed: set[int], far: set[int], count: int) -> Iterator[tuple[int, int]]:
    """Runs of two of `count` rows and more that are not crossed, ended by much blank space (`far`) too."""
    first = 0
    for position in sorted({*crossed, *far, count}):
        if position - first > 1:
            yield first, position
        first = position + 1 if position in crossed else position


def _weight(rows: Sequence[Row], x: float, size: float) -> int:
    """How much a gutter at `x` parts: the items on its thinner side; 0 when it is none."""
    left = [item for row in rows for item in row if item.right <= x]
    right = [item for row in rows for item in row if item.left >= x]
    thinner = min(len(left), len(right))
    if thinner < 2 and not (thinner == 1 and any(not isinstance(item, Line) for item in left + right)):
        return 0
    least = _NARROW if min(len(left), len(right)) >= _MANY_ROWS else _WIDE
    gutter = _but_a_few([item.left for item in right]) + _but_a_few([-item.right for item in left])
    if gutter < least * size:
        return 0
    highest = min(max(item.base for item in left), max(item.base for item in right))
    lowest = max(min(item.base for item in left), min(item.base for item in right))
    return thinner if highest >= lowest else 0


def _but_a_few(edges: Sequence[float]) -> float:
    """The lowest, without the few that hang over."""
    return sorted(edges)[int(len(edges) * _HANGING)]


def gutters_of(rows: Sequence[Row], size: float, share: float = 0.0) -> list[float]:
    """The middles of all gutters that run through the rows and are wide enough, or `share` of a size wide."""
    spans = sorted((item.left, item.right) for row in rows for item in row)
    least = (share or (_NARROW if len(rows) >= _MANY_ROWS else _WIDE)) * size
    found, edge = [], spans[0][1]
    for left, right in spans:
        if left - edge >= least:
            found.append((left + edge) / 2)
        edge = max(edge, right)
    return found


def parted(items: Sequence[Item], gutters: Sequence[float]) -> list[list[Item]]:
    columns: list[list[Item]] = [[] for _ in range(len(gutters) + 1)]
    for item in items:
        columns[column_of(item, gutters)].append(item)
    return columns


def cells_of(row: Row, gutters: Sequence[float]) -> list[list[Line]]:
    cells: list[list[Line]] = [[] for _ in range(len(gutters) + 1)]
    for item in row:
        for part in item.cut(gutters) if isinstance(item, Line) else ():
            cells[column_of(part, gutters)].append(part)
    return cells


def column_of(item: Item, gutters: Sequence[float]) -> int:
    """Where an item begins: what runs over several columns stands in the first of them."""
    return sum(x < item.left for x in gutters)
