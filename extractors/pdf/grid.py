"""Finds the tables of a PDF page that are drawn with rules, and puts its text into their cells."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from extractors.pdf.graphics import Graphics, Rule
from extractors.pdf.lines import Borders, Line
from extractors.pdf.table import Table

_TOUCH: Final = 3.0
"""Points by which rules may miss each other."""
_MOST_RULES: Final = 600
"""After pieces of one rule are put together. More is a drawing; every pair is compared."""
_MOST_CELLS: Final = 20_000
_LEAST_FILLED: Final = 0.25
_LONGEST_CELL: Final = 1_500
_LONGEST_CELLS: Final = 250
"""Characters in one cell and on average: frames around more are the layout of a page, not a table."""
_SAME_BASE: Final = 0.6
_MOST_SEVERAL: Final = 0.3
_MIDDLE: Final = 0.3


_place = attrgetter("at")


@dataclass(frozen=True, slots=True)
class Grid:
    """Edges of columns from left to right and of rows from the bottom up, and the rules that made them, in order."""

    xs: Sequence[float]
    ys: Sequence[float]
    horizontal: Sequence[Rule]
    vertical: Sequence[Rule]

    def mirrored(self) -> Grid:
        """With all x turned around, for pages that are read from right to left."""
        horizontal = [Rule(rule.at, -rule.end, -rule.start) for rule in self.horizontal]
        vertical = [Rule(-rule.at, rule.start, rule.end) for rule in reversed(self.vertical)]
        return Grid([-x for x in reversed(self.xs)], self.ys, horizontal, vertical)

    def place(self, line: Line) -> tuple[int, int] | None:
        """Row from the bottom and column of a line, both from 0; None outside."""
        row = bisect_right(self.ys, line.base + _MIDDLE * line.size) - 1
        column = bisect_right(self.xs, (line.left + line.right) / 2) - 1
        return (row, column) if 0 <= row < len(self.ys) - 1 and 0 <= column < len(self.xs) - 1 else None


def grids(graphics: Graphics) -> list[Grid]:
    """Groups of rules that touch and part at least two columns and two rows."""
    horizontal, vertical = _whole(graphics.horizontal), _whole(graphics.vertical)
    if len(horizontal) < 2 or not vertical or len(horizontal) + len(vertical) > _MOST_RULES:
        return []
    found = [_grid(*group) for group in _groups(horizontal, vertical)]
    return [
        grid
        for grid in found
        if len(grid.xs) > 2 and len(grid.ys) > 2 and len(grid.xs) * len(grid.ys) < _MOST_CELLS
    ]


def borders(found: Sequence[Grid]) -> Borders:
    return Borders([(rule.at, rule.start, rule.end) for grid in found for rule in grid.vertical])


def filled(
    grid: Grid, lines: Sequence[Line], text_of: Callable[[Sequence[Line]], str]
) -> tuple[Table, set[int]] | None:
    """The table and the positions of its lines; None when the grid is not that of a table."""
    cells: dict[tuple[int, int], list[int]] = defaultdict(list)
    owner = _merged(grid)
    for position, line in enumerate(lines):
        place = grid.place(line)
        if place is not None:
            cells[owner[place]].append(position)
    if _is_coarse([[lines[at] for at in inside] for inside in cells.values()]):
        return None
    texts = {place: text_of([lines[at] for at in inside]) for place, inside in cells.items()}
    if not _is_table(grid, owner, texts):
        return None
    rows = tuple(
        tuple(texts.get((row, column), "") for column in range(len(grid.xs) - 1))
        for row in reversed(range(len(grid.ys) - 1))
    )
    first = {at for (row, _), inside in cells.items() if row == len(rows) - 1 for at in inside}
    held = {at for inside in cells.values() for at in inside}
    bold = {at for at in held if lines[at].is_bold}
    has_bold_header = bool(first) and first <= bold < held
    table = Table(rows, grid.xs[0], grid.xs[-1], grid.ys[0], grid.ys[-1], grid.xs, has_bold_header)
    return table, held


def _is_coarse(cells: Sequence[Sequence[Line]]) -> bool:
    """Whether texts stand beside each other in many cells: then not all columns have rules between them."""
    several = 0
    for lines in cells:
        bases = [round(line.base / (_SAME_BASE * line.size or 1.0)) for line in lines]
        several += len(set(bases)) < len(bases)
    return several > _MOST_SEVERAL * len(cells)


def _whole(rules: Sequence[Rule]) -> list[Rule]:
    """Rules with those on one height that touch as one."""
    found: list[Rule] = []
    level: list[Rule] = []
    for rule in sorted(rules, key=_place):
        if level and rule.at - level[0].at > _TOUCH:
            found += _chained(level)
            level = []
        level.append(rule)
    return found + list(_chained(level))


def _chained(level: Sequence[Rule]) -> Iterator[Rule]:
    if not level:
        return
    at = sum(rule.at for rule in level) / len(level)
    pieces = sorted((rule.start, rule.end) for rule in level)
    start, end = pieces[0]
    for piece_start, piece_end in pieces[1:]:
        if piece_start > end + _TOUCH:
            yield Rule(at, start, end)
            start = piece_start
        end = max(end, piece_end)
    yield Rule(at, start, end)


def _groups(horizontal: Sequence[Rule], vertical: Sequence[Rule]) -> Iterator[tuple[list[Rule], list[Rule]]]:
    """Rules that touch each other, directly or by others."""
    group_of = list(range(len(horizontal) + len(vertical)))

    def head(member: int) -> int:
        while group_of[member] != member:
            group_of[member] = group_of[group_of[member]]
            member = group_of[member]
        return member

    for across, level in enumerate(horizontal):
        for up, upright in enumerate(vertical, start=len(horizontal)):
            if (
                level.start - _TOUCH <= upright.at <= level.end + _TOUCH
                and upright.start - _TOUCH <= level.at <= upright.end + _TOUCH
            ):
                group_of[head(up)] = head(across)
    groups: dict[int, tuple[list[Rule], list[Rule]]] = defaultdict(lambda: ([], []))
    for member, rule in enumerate([*horizontal, *vertical]):
        groups[head(member)][member >= len(horizontal)].append(rule)
    return (group for group in groups.values() if group[0] and group[1])


def _grid(horizontal: Sequence[Rule], vertical: Sequence[Rule]) -> Grid:
    """Open sides are closed where the rules end."""
    xs = (
        [rule.at for rule in vertical]
        + [rule.start for rule in horizontal]
        + [rule.end for rule in horizontal]
    )
    ys = (
        [rule.at for rule in horizontal] + [rule.start for rule in vertical] + [rule.end for rule in vertical]
    )
    return Grid(
        _edges(xs, [rule.at for rule in vertical]),
        _edges(ys, [rule.at for rule in horizontal]),
        horizontal,
        vertical,
    )


def _edges(places: Sequence[float], inner: Sequence[float]) -> list[float]:
    """The outermost places and all inner ones, in order, those that nearly coincide as one."""
    found: list[float] = []
    for place in sorted([min(places), *inner, max(places)]):
        if not found or place - found[-1] > _TOUCH:
            found.append(place)
    return found


def _merged(grid: Grid) -> dict[tuple[int, int], tuple[int, int]]:
    """For each cell the one whose text it shares: the topmost, leftmost without a rule between."""
    upright = [_at(grid.vertical, x) for x in grid.xs]
    level = [_at(grid.horizontal, y) for y in grid.ys]
    owner: dict[tuple[int, int], tuple[int, int]] = {}
    for row in reversed(range(len(grid.ys) - 1)):
        for column in range(len(grid.xs) - 1):
            place = owner[row, column] = (row, column)
            if column and not _is_ruled(upright[column], _mid(grid.ys, row)):
                owner[place] = owner[row, column - 1]
            elif (row + 1, column) in owner and not _is_ruled(level[row + 1], _mid(grid.xs, column)):
                owner[place] = owner[row + 1, column]
    return owner


def _at(rules: Sequence[Rule], edge: float) -> list[tuple[float, float]]:
    """Start and end of the rules, which are in order, at an edge."""
    first = bisect_left(rules, edge - _TOUCH, key=_place)
    return [(rule.start, rule.end) for rule in rules[first : bisect_right(rules, edge + _TOUCH, key=_place)]]


def _is_ruled(rules: Sequence[tuple[float, float]], along: float) -> bool:
    return any(start <= along <= end for start, end in rules)


def _mid(edges: Sequence[float], position: int) -> float:
    return (edges[position] + edges[position + 1]) / 2


def _is_table(
    grid: Grid, owner: dict[tuple[int, int], tuple[int, int]], texts: dict[tuple[int, int], str]
) -> bool:
    cells = set(owner.values())
    filled_rows = [row for row, _ in texts]
    filled_columns = {column for _, column in texts}
    return (
        len(filled_columns) > 1
        and len(set(filled_rows)) > 1
        and len(set(filled_rows)) < len(filled_rows)
        and len(texts) >= _LEAST_FILLED * len(cells)
        and max(map(len, texts.values())) <= _LONGEST_CELL
        and sum(map(len, texts.values())) <= _LONGEST_CELLS * len(texts)
    )
